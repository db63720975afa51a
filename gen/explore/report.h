/* report.h: what was explored, for people and as JSON. */
#pragma once
#include "gen/explore/search.h"
#include "gen/explore/smaller.h"
#include <stdio.h>

struct explored {
	const char *test;
	const char *again; /* the command that runs it, without its seed; rest: what stands behind that, or "" */
	const char *rest;
	const char *small_again; /* … the smaller one */
	const char *file;        /* where that is written; NULL: nowhere */
	const struct search *search;
	const struct smaller *smaller; /* NULL: nobody tried */
	uint64_t ms;
};

void explored_text(FILE *f, const struct explored *x);
void explored_json(FILE *f, const struct explored *x);
