/* burn.c: loops of instructions that are alike. */
#include "engine/worker/burn.h"
#include "engine/worker/look.h"

/* Instructions. Under emulation a jump costs far more than what lies between two, most of all where instructions are counted: with long
 * rounds a guest that only computes takes the host a ninth of the time. Short ones do what is left over. */
enum { PER_ROUND = 2, PER_LONG = 64, LONG = PER_LONG / PER_ROUND, TRIES = 8, TRY_ROUNDS = 6400 * LONG };
enum { USUAL_SHIFT = 1 };

#if defined(__x86_64__)
#define FILLER "lea 1(%1), %1"
#define COUNT "sub $1, %0\n\tjnz 1b"
#elif defined(__aarch64__)
#define FILLER "add %1, %1, #1"
#define COUNT "subs %0, %0, #1\n\tb.ne 1b"
#else
#error "loops of so many instructions for this processor"
#endif

static void short_rounds(uint64_t n)
{
	if (n)
		__asm__ volatile("1: " COUNT : "+r"(n) : : "cc");
}

/* Each filler waits for the one before it, as a computation does. A round lies within a page, or its jump would be looked up. */
static void long_rounds(uint64_t n)
{
	uint64_t sum = 0;

	if (n)
		__asm__ volatile(".p2align 8\n1: .rept %c2\n\t" FILLER "\n\t.endr\n\t" COUNT
				 : "+r"(n), "+r"(sum)
				 : "i"(PER_LONG - PER_ROUND)
				 : "cc");
}

static void rounds(uint64_t n)
{
	long_rounds(n / LONG);
	short_rounds(n % LONG);
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

unsigned burn_slower(int shift)
{
	return shift > USUAL_SHIFT ? 1u << (shift - USUAL_SHIFT) : 1;
}

void burn(uint64_t rounds_per_ms, uint64_t ns)
{
	/* Apart, or days of it would not fit into 64 bits. */
	rounds(ns / 1000000 * rounds_per_ms + ns % 1000000 * rounds_per_ms / 1000000);
}
