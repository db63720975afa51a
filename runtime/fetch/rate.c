#include "fetch/rate.h"

#include <stdio.h>

enum { APART_MS = 500 };

static unsigned newest(const struct rate *p)
{
	return (p->n - 1) % RATE_SAMPLES;
}

static unsigned oldest(const struct rate *p)
{
	return p->n < RATE_SAMPLES ? 0 : p->n % RATE_SAMPLES;
}

void rate_add(struct rate *p, long long ms, uint64_t done)
{
	if (p->n && done < p->done[newest(p)])
		p->n = 0;
	if (p->n && ms - p->at[newest(p)] < APART_MS)
		return;
	p->at[p->n % RATE_SAMPLES] = ms;
	p->done[p->n % RATE_SAMPLES] = done;
	p->n++;
}

uint64_t rate_per_second(const struct rate *p)
{
	unsigned a, b;

	if (p->n < 2)
		return 0;
	a = oldest(p);
	b = newest(p);
	return (p->done[b] - p->done[a]) * 1000 / (uint64_t)(p->at[b] - p->at[a]);
}

long long rate_left(const struct rate *p, uint64_t done, uint64_t total)
{
	uint64_t rate = rate_per_second(p);

	if (!rate || total < done)
		return -1;
	return (long long)((total - done + rate - 1) / rate);
}

static void left_text(char *buf, size_t n, long long left)
{
	if (left < 0)
		*buf = '\0';
	else if (left < 60)
		snprintf(buf, n, ", %lld s left", left);
	else if (left < 3600)
		snprintf(buf, n, ", %lld min %lld s left", left / 60, left % 60);
	else
		snprintf(buf, n, ", %lld h %lld min left", left / 3600, left % 3600 / 60);
}

void rate_text(char *buf, size_t n, uint64_t done, uint64_t total, uint64_t rate, long long left)
{
	char of[32] = "", speed[32] = "", rest[48];

	if (total)
		snprintf(of, sizeof(of), " of %.1f", (double)total / 1e6);
	if (rate)
		snprintf(speed, sizeof(speed), ", %.1f MB/s", (double)rate / 1e6);
	left_text(rest, sizeof(rest), left);
	snprintf(buf, n, "%.1f%s MB%s%s", (double)done / 1e6, of, speed, rest);
}
