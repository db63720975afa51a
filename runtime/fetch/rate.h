/* rate.h: how fast bytes come, over the last few seconds, and how long the rest takes. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { PACE_SAMPLES = 8 };

struct pace {
	long long at[PACE_SAMPLES]; /* ms, half a second apart at least */
	uint64_t done[PACE_SAMPLES];
	unsigned n; /* taken so far */
};

/* done never shrinks; when it does, counting starts anew. */
void pace_add(struct pace *p, long long ms, uint64_t done);
/* Bytes per second; 0 while nothing can be said. */
uint64_t pace_rate(const struct pace *p);
/* Seconds until total at this pace; -1: unknown. */
long long pace_left(const struct pace *p, uint64_t done, uint64_t total);
/* "12.3 of 145.0 MB, 8.1 MB/s, 16 s left"; rate 0, total 0 and left -1 are left out. */
void pace_text(char *buf, size_t n, uint64_t done, uint64_t total, uint64_t rate, long long left);
