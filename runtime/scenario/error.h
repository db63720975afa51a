/* error.h: what is wrong with a scenario, where, and what to do about it. */
#pragma once
#include <stddef.h>
#include <stdio.h>

enum scenario_fault {
	SCENARIO_OK,
	SCENARIO_BAD,    /* the text is wrong, wherever it runs */
	SCENARIO_SKIP,   /* the topology lacks what the text asks for; elsewhere it may run */
	SCENARIO_MEMORY, /* none left */
};

/* Texts hold no control character: what is quoted from a file was cleaned. */
struct scenario_error {
	enum scenario_fault fault;
	unsigned line, column; /* from 1; a column counts characters. 0: none in particular */
	char what[240];
	char tip[160]; /* what to write instead; "" when there is nothing to say */
};

/* "FILE:LINE:COLUMN: what" and, on a line of its own, "  tip"; without the numbers that are 0. */
void scenario_error_print(FILE *f, const char *file, const struct scenario_error *e);
