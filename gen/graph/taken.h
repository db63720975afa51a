/* taken.h: what a request would take from the store, noted in place of making the rest (cache export --for).
 *
 * Between taken_begin() and taken_end() every plan of this process is run as by run_opts.ask, without a word, and the results that its steps
 * have are noted. A plan that is run with run_opts.last is the end of the request: run_plan() is negative then and e->code 0, so that the verb
 * ends where it would begin to tell. */
#pragma once
#include "store/digest.h"
#include <stdbool.h>
#include <stddef.h>
struct plan;
struct run;

struct taken {
	char (*keys)[KEY_LEN + 1]; /* each once or more, in no order */
	size_t n;
	size_t lacking; /* steps without a result */
	bool last;      /* it came to the end of the request */
};

void taken_begin(void);
bool taken_is_on(void);
/* After the run of a plan, by run.c. */
void taken_note(const struct run *r, const struct plan *p, bool last);
/* The caller's, who frees keys. */
struct taken taken_end(void);
