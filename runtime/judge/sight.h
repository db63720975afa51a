/* sight.h: samples of run queues in words: what stood where, and who waited. */
#pragma once
#include "judge/figure.h"

/* Of metrics that come from samples: what of a figure the report says behind its value. */
void sight_figure(FILE *f, const struct facts *facts, const struct metric *m, const struct figure *g);
/* "at +1.610 s: cpu6 idle, DSQ 2 held worker 5 for 398 ms, the oldest of 3": of the sample from from_ns to to_ns in which that worker, or
 * with NULL any task, had waited longest. NULL: there is none. Caller frees. */
char *sight_of_wait(const struct facts *facts, const struct facts_worker *w, uint64_t from_ns, uint64_t to_ns);
/* How long a task has waited, by both clocks that tell, ns. */
uint64_t sight_age(const struct facts *facts, const struct sample_task *t);
