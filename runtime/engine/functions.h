/* functions.h: workers whose work is a function of a test program: what the director sees of them that others do not do.
 *
 * They look around only when their function lets them, so what they did between two looks is asked of the kernel: time in which the
 * function itself ran or slept is no gap. A function that neither comes back nor looks around for FUNCTIONS_SILENT_NS has hung, when it
 * sleeps or has had a CPU for FUNCTIONS_BUSY_NS of that: one that has had less is kept from running, which is a gap. */
#pragma once
#include "engine/crew.h"

#define FUNCTIONS_SILENT_NS 500000000u
#define FUNCTIONS_BUSY_NS 100000000u

/* Waits until the programs of workers that are to be let go are there, or are gone, or two seconds have passed. */
void functions_await(struct crew *c);
/* What is believed of a worker's seat: nothing, when it wrote over it. */
const struct seat *functions_seat(struct worker *w, const struct seat *s);
/* In place of look_open(). phase: where a function that hangs is noted, in w->fault. */
uint64_t functions_open(struct worker *w, const struct seat *s, const struct reading *r, uint64_t phase);
/* Why a worker ended that nobody stopped, into w->fault. */
void functions_ended(struct worker *w);
