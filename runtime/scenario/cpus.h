/* cpus.h: sets of CPUs (and of NUMA nodes) as bits. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CPUS_MAX 1024u

struct cpus {
	uint64_t bits[CPUS_MAX / 64];
};

bool cpus_has(const struct cpus *s, unsigned cpu);
void cpus_add(struct cpus *s, unsigned cpu); /* cpu < CPUS_MAX */
unsigned cpus_count(const struct cpus *s);
bool cpus_equal(const struct cpus *a, const struct cpus *b);
bool cpus_within(const struct cpus *a, const struct cpus *b); /* a is a subset of b */
void cpus_or(struct cpus *to, const struct cpus *s);
void cpus_and(struct cpus *to, const struct cpus *s);
void cpus_minus(struct cpus *to, const struct cpus *s);
/* The member after cpu, -1 at the end; begin with -1. */
int cpus_next(const struct cpus *s, int cpu);
/* The kernel's list format, "0-3,5"; nothing for an empty set. */
void cpus_write(FILE *f, const struct cpus *s);
/* The same into room for n bytes, always ended; false when it did not fit (4 * CPUS_MAX are always enough). */
bool cpus_text(const struct cpus *s, char *to, size_t n);
/* All of n characters must be a list; false for anything else, numbers of CPUS_MAX and above, and an empty list. */
bool cpus_parse(struct cpus *s, const char *text, size_t n);
