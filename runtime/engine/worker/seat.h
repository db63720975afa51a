/* seat.h: what a worker saw, in memory that is there even if the worker never runs again.
 *
 * A stage is memory that the director and all workers, who are its children, have in common: its head, the cells at which workers
 * meet, and a seat of 16 KiB for each worker. A seat is written by its worker; the director reads it at marks. A worker may
 * write anything anywhere on the stage, so what is read from it is a number and never an index, a length or an address.
 *
 * A worker whose work is a function of a test program is another program, made when that was linked. It gets the stage as a file, maps
 * the head for reading and its own seat, and knows both by STAGE_ABI.
 *
 * Times are nanoseconds of CLOCK_MONOTONIC. */
#pragma once
#include "engine/worker/histogram.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEAT_SIZE = 16384, SEAT_CPUS = 512 /* CPUs of higher numbers are not counted */ };

#define SEAT_WAITS ((uint64_t)1 << 63)

/* Counts up when struct seat, the head of a stage, or the words of function.h become others. */
enum { STAGE_ABI = 2 };
#define SEAT_GUARD \
	0x6b747374725f6f6bu /* both guards of a seat; who finds another number knows that the worker wrote astray */

/* The director may read while the worker is in the middle of writing, on another CPU or put off it: what belongs together is
 * written beside what is in force, and comes into force by one store (look.c). */

/* Of the phase the worker looked in last. */
struct gaps {
	uint64_t phase;
	uint64_t ns, at_ns; /* longest time it wanted to run and did not look, and when that began */
	uint64_t cpu_ns;    /* most CPU time between two looks */
	uint32_t cpu;       /* where it was when the longest gap ended */
};

struct tally {
	uint64_t n, sum;          /* counted from the beginning */
	double sq;                /* sum of squares, likewise */
	uint64_t phase, min, max; /* of that phase; 0 when nothing was counted in it */
};

/* That tally is in force whose n is what all steps are together. */
struct latency {
	struct tally tallies[2];
	uint32_t steps[HISTOGRAM_STEPS];
};

struct seat {
	uint64_t guard; /* by the director */

	/* Counted from the beginning. */
	uint64_t iterations, work;

	struct gaps gaps[2];
	uint32_t gaps_turn; /* its lowest bit: which are in force */

	uint32_t cpu;   /* it was on at its last look */
	int32_t tid;    /* of the worker, once it runs */
	uint64_t since; /* the stage's cpus_since to which cpus belongs */
	uint64_t cpus[SEAT_CPUS / 64];

	/* Since when it wants to run; in the future while it sleeps by plan. While it waits at a cell (waits: 1 + its number, 0: at
	 * none) this is SEAT_WAITS and the number of that wait: who lets it go puts the time in its place, and not in that of a
	 * later wait. */
	uint64_t ready_ns;
	uint32_t waits, waited;
	uint64_t thawed_ns; /* by the director: before this it could not run */
	uint64_t cpu_ns;    /* CPU time at the last look */
	char error[512];    /* why the worker went wrong; ended by the reader */

	struct latency woken, timed; /* by another worker; by a timer */

	uint64_t guard_end;
};

/* A place where workers meet: a futex word and what goes with it. */
struct cell {
	uint32_t
		word; /* of an event: how often it was woken. Of a lock: 0 free, 1 held, 2 held and wanted; with PI: the owner */
	uint32_t unused;
	uint64_t stamp_ns; /* of a lock: when it was given back last */
};

struct stage_head {
	uint32_t go;         /* futex: how many times workers were let go */
	uint64_t phase;      /* number of the phase, counted from 0 */
	uint64_t cpus_since; /* counts up when the CPUs that are used are counted anew */
	uint32_t taken;      /* seats that have a worker */
};

/* The process's own; copies of it after fork() show the same memory. */
struct stage {
	struct stage_head *head;
	struct cell *cells;
	char *seats;
	unsigned n_cells, n_seats;
	size_t size;
	int file; /* it lies in; -1: it is no file */
};

/* Negative with errno when there is no memory. lent: as a file that neither grows nor shrinks, for workers of other programs. */
int stage_make(struct stage *s, unsigned seats, unsigned cells, bool lent);
void stage_free(struct stage *s);

/* Where seat i is in the stage's file. */
static inline size_t stage_place(const struct stage *s, unsigned i)
{
	return (size_t)(s->seats - (char *)s->head) + (size_t)i * SEAT_SIZE;
}

/* i < n_seats */
static inline struct seat *stage_seat(const struct stage *s, unsigned i)
{
	return (struct seat *)(s->seats + (size_t)i * SEAT_SIZE);
}

/* Of STAGE_ABI 2. */
_Static_assert(sizeof(struct seat) == 16296 && offsetof(struct seat, woken) == 736 && sizeof(struct stage_head) == 32,
	       "the stage is another: STAGE_ABI has to count up");
_Static_assert(sizeof(struct seat) <= SEAT_SIZE, "a seat is larger than its place");
