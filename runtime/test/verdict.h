/* verdict.h: what a function of the program says on the host: of a test that is one, or about a run of a test in a guest. */
#pragma once
#include "judge/verdict.h"
#include "test/declared.h"
#include <stdio.h>
struct argv;
struct facts;

/* Of a run, where there is one. */
struct verdict_run {
	uint64_t seed;
	const struct facts *facts;
	const char *json;
	struct argv *faults; /* where what it found fault with goes, in place of f; NULL: nowhere else */
	char **skip;         /* the same of a reason to skip, for the caller to free */
};

/* Calls the function. What it found fault with goes to f, a line each; a reason to skip behind "SKIP: ". PASS, FAIL or SKIP. */
enum judgement verdict_host(FILE *f, const struct declared *d);
/* The same with its words elsewhere: faults, and why it would rather skip, for the caller to free. */
enum judgement verdict_host_to(struct argv *faults, char **skip, const struct declared *d);
enum judgement verdict_judge(FILE *f, const struct declared *d, const struct verdict_run *run);
