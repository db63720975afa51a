/* burn.c: a loop of instructions that are alike. */
#include "engine/worker/burn.h"
#include "engine/worker/look.h"

enum { PER_ROUND = 2 /* instructions */, TRIES = 8, TRY_ROUNDS = 200000 };

static void rounds(uint64_t n)
{
	if (!n)
		return;
#if defined(__x86_64__)
	__asm__ volatile("1: sub $1, %0\n\tjnz 1b" : "+r"(n) : : "cc");
#elif defined(__aarch64__)
	__asm__ volatile("1: subs %0, %0, #1\n\tb.ne 1b" : "+r"(n) : : "cc");
#else
#error "a loop of two instructions for this processor"
#endif
}

uint64_t burn_speed(int shift)
{
	uint64_t best = UINT64_MAX;

	if (shift >= 0)
		return ((uint64_t)1000000 >> shift) / PER_ROUND;
	for (unsigned i = 0; i < TRIES; i++) {
		uint64_t start = clock_now(), took;

		rounds(TRY_ROUNDS);
		took = clock_now() - start;
		if (took < best)
			best = took;
	}
	return (uint64_t)TRY_ROUNDS * 1000000 / (best ? best : 1);
}

void burn(uint64_t rounds_per_ms, uint64_t ns)
{
	/* Apart, or days of it would not fit into 64 bits. */
	rounds(ns / 1000000 * rounds_per_ms + ns % 1000000 * rounds_per_ms / 1000000);
}
