/* rate.h: how fast bytes come, over the last few seconds, and how long the rest takes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { RATE_SAMPLES = 8 };

struct rate {
	long long at[RATE_SAMPLES]; /* ms, half a second apart at least */
	uint64_t done[RATE_SAMPLES];
	unsigned n; /* taken so far */
};

/* done never shrinks; when it does, counting starts anew. */
void rate_add(struct rate *p, long long ms, uint64_t done);
/* Bytes per second; 0 while nothing can be said. */
uint64_t rate_per_second(const struct rate *p);
/* Seconds until total at this pace; -1: unknown. */
long long rate_left(const struct rate *p, uint64_t done, uint64_t total);
/* "12.3 of 145.0 MB, 8.1 MB/s, 16 s left"; rate 0, total 0 and left -1 are left out. */
void rate_text(char *buf, size_t n, uint64_t done, uint64_t total, uint64_t rate, long long left);
