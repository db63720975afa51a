/* sampler.h: moments at which the host looks into the guest's memory: marks, and samples every so often.
 *
 * A look is a ring and a byte to the gate (guest/board.h), by the director itself: in virtual time nothing moves until the host has
 * read what it wants, and the look costs the guest a microsecond. What was read is told by the host; here is when. The
 * kernel is told to count for /proc/schedstat as well. */
#pragma once
#include "engine/trouble.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SAMPLES_MAX = 65536 };

struct sampler {
	uint64_t every_ns; /* 0: nobody looks */
	uint64_t next_ns;  /* when the next sample is due; 0: not yet */
	uint64_t *at_ns;   /* of each sample, on the same clock */
	size_t n;
};

/* must: this machine has to have such ports for us (ENDS_ENV); else nobody looks where it has none. */
int sampler_open(struct sampler *s, uint64_t every_ns, bool must, struct trouble *t);
void sampler_begin(struct sampler *s, uint64_t now_ns);
/* When the next one is due, unless that is later than until_ns. */
uint64_t sampler_until(const struct sampler *s, uint64_t until_ns);
/* The one that is due; nothing when none is. */
void sampler_take(struct sampler *s, uint64_t now_ns);
/* At a mark. */
void sampler_mark(const struct sampler *s);
void sampler_close(struct sampler *s);
