/* report.h: what was explored, for people and as JSON. */
#pragma once
#include "gen/explore/trail.h"
#include "gen/explore/smaller.h"
#include <stdint.h>
#include <stdio.h>
struct jsonw;

struct explored {
	const char *test, *cell, *topology; /* cell: TEST/KERNEL/TOPOLOGY[/PROFILE] */
	const char *profile;                /* NULL: none */
	const char *again; /* the command that runs it, without its seed; rest: what stands behind that, or "" */
	const char *rest;
	const char *small_again; /* … the smaller one; NULL: there is none */
	const char *file;        /* where that is written; NULL: nowhere */
	const struct trail *trail;
	const struct smaller *smaller; /* NULL: nobody tried */
	uint64_t ms;
};

void explored_text(FILE *f, const struct explored *x);
/* As one object of a list that is open. */
void explored_json(struct jsonw *w, const struct explored *x);
