/* clock.h: what a guest's time is made of.
 *
 * Real: time passes in the guest as on the host. Virtual: QEMU counts instructions (TCG's icount), each takes 2^shift ns, and
 * when all CPUs are idle time jumps to the next timer. A guest in virtual time sees nothing of the host: what happens in it
 * follows from what it was given and from the seed. docs/virtual-time.md. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
struct argv;
struct err;

struct clock {
	bool virtual;
	unsigned shift; /* 0 to CLOCK_SHIFT_MAX */
	uint64_t
		seed; /* of whatever is random in the guest. A snapshot's is 0: guests of all seeds are continued from it */
};
#define CLOCK_SHIFT_MAX 10u
#define CLOCK_UNSAID UINT64_MAX /* a shift or seed that was not given */
/* A virtual processor's TSC ticks once a nanosecond. */
#define CLOCK_TSC_KHZ 1000000ul
/* Seconds since 1970 that a guest in virtual time begins its work at: 2026-01-01 00:01, a minute behind its RTC. */
#define CLOCK_EPOCH 1767225660
#define CLOCK_DELAY_NS 2000000u

/* name: "real", "virtual", NULL (real). X_USAGE: shift or seed of a real clock. shift CLOCK_UNSAID: the one for so many CPUs: 1 up
 * to 8, where a second of guest time is still a second's work; 0 above, where they share one processor's turns. */
int clock_choose(struct clock *c, const char *name, uint64_t shift, uint64_t seed, unsigned cpus, struct err *e);
/* "real" or "virtual SHIFT SEED", and back. */
void clock_write(FILE *f, const struct clock *c);
int clock_read(struct clock *c, const char *text, struct err *e);
/* QEMU's options for it, behind -accel; none for a real one. */
void clock_args(struct argv *a, const struct clock *c);
/* How many times as long as usual an instruction takes, and with that whatever a guest computes; never less than 1. */
unsigned clock_slower(const struct clock *c);
/* n bytes that follow from the seed, for the guest's random numbers; and below CLOCK_DELAY_NS, for how long its work is
 * put off: a program that draws no random number then still meets the timer's ticks elsewhere. */
void clock_random(const struct clock *c, void *bytes, size_t n);
uint32_t clock_delay_ns(const struct clock *c);
