/* verdict.h: what a function of the program says on the host: of a test that is one, or about a run of a test in a guest. */
#pragma once
#include "judge/verdict.h"
#include "test/declared.h"
#include <stdio.h>
struct facts;

/* Of a run, where there is one. */
struct verdict_run {
	uint64_t seed;
	const struct facts *facts;
	const char *json;
};

/* Calls the function. What it found fault with goes to f, a line each; a reason to skip behind "SKIP: ". PASS, FAIL or SKIP. */
enum judgement verdict_host(FILE *f, const struct declared *d);
enum judgement verdict_judge(FILE *f, const struct declared *d, const struct verdict_run *run);
