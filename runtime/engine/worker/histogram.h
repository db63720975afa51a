/* histogram.h: times in steps that are 32 to a doubling.
 *
 * Values below 64 have a step each; above, a step is 1/32 of the power of two it lies in. So who takes any value of a step
 * for any other is wrong by less than 1/32, 3.1 %. Every 64-bit value has a step. */
#pragma once
#include <stdint.h>

enum { HISTOGRAM_BITS = 5, HISTOGRAM_STEPS = (64 - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS };

static inline unsigned histogram_step(uint64_t v)
{
	unsigned top;

	if (v < 1u << HISTOGRAM_BITS)
		return (unsigned)v;
	top = 63 - (unsigned)__builtin_clzll(v);
	return ((top - HISTOGRAM_BITS + 1) << HISTOGRAM_BITS) +
	       (unsigned)(v >> (top - HISTOGRAM_BITS) & ((1u << HISTOGRAM_BITS) - 1));
}

/* Smallest value of a step, step < HISTOGRAM_STEPS. */
static inline uint64_t histogram_floor(unsigned step)
{
	unsigned octave = step >> HISTOGRAM_BITS;

	if (octave == 0)
		return step;
	return (uint64_t)((1u << HISTOGRAM_BITS) + (step & ((1u << HISTOGRAM_BITS) - 1))) << (octave - 1);
}

/* Largest value of a step: what a percentile is given as, so that it is never told too small. */
static inline uint64_t histogram_top(unsigned step)
{
	return step + 1 < HISTOGRAM_STEPS ? histogram_floor(step + 1) - 1 : UINT64_MAX;
}
