/* burn.h: computing for a time: a fixed number of instructions per microsecond, whatever the clock does meanwhile. */
#pragma once
#include <stdint.h>

/* Rounds of the loop in a millisecond. With shift >= 0 that is a constant: an instruction of a virtual guest takes 2^shift ns.
 * With shift < 0 it is measured: the fastest of some short tries. */
uint64_t burn_speed(int shift);
/* How many times as long as usual an instruction takes there (clock_slower() of the host), 1 where that is not known: deadlines for what
 * is computed are longer by that. */
unsigned burn_slower(int shift);
/* As many rounds as take ns at that speed. */
void burn(uint64_t rounds_per_ms, uint64_t ns);
