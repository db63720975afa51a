#include "judge/facts/histogram.h"
#include "base/mem.h"
#include <math.h>

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

unsigned step_of(uint64_t ns)
{
	unsigned top;

	if (ns < 64)
		return (unsigned)ns;
	top = 63 - (unsigned)__builtin_clzll(ns);
	return (top - 4) * 32 + (unsigned)(ns >> (top - 5) & 31);
}

uint64_t step_first(unsigned step)
{
	return step < 64 ? step : (uint64_t)(32 + step % 32) << (step / 32 - 1);
}

uint64_t step_last(unsigned step)
{
	return step + 1 < HISTOGRAM_STEPS ? step_first(step + 1) - 1 : UINT64_MAX;
}

/* Where that step is, or would be. */
static size_t find(const struct histogram *h, unsigned step)
{
	size_t low = 0, high = h->steps;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (h->v[mid].step < step)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void histogram_count(struct histogram *h, uint64_t ns)
{
	unsigned step = step_of(ns);
	size_t at = find(h, step);

	if (at == h->steps || h->v[at].step != step) {
		h->v = xreallocarray(h->v, h->steps + 1, sizeof(*h->v));
		memmove(&h->v[at + 1], &h->v[at], (h->steps - at) * sizeof(*h->v));
		h->v[at] = (struct histogram_step){ .step = (uint16_t)step };
		h->steps++;
	}
	h->v[at].count = add(h->v[at].count, 1);
	h->min_ns = h->n && h->min_ns < ns ? h->min_ns : ns;
	h->max_ns = h->max_ns > ns ? h->max_ns : ns;
	h->n = add(h->n, 1);
	h->sum_ns = add(h->sum_ns, ns);
	h->squares += (double)ns * (double)ns;
}

static void add_steps(struct histogram *to, const struct histogram *from)
{
	struct histogram_step *v = xreallocarray(NULL, to->steps + from->steps, sizeof(*v));
	size_t n = 0, i = 0, k = 0;

	while (i < to->steps || k < from->steps) {
		if (k == from->steps || (i < to->steps && to->v[i].step < from->v[k].step)) {
			v[n++] = to->v[i++];
		} else if (i == to->steps || from->v[k].step < to->v[i].step) {
			v[n++] = from->v[k++];
		} else {
			v[n] = to->v[i++];
			v[n].count = add(v[n].count, from->v[k++].count);
			n++;
		}
	}
	free(to->v);
	to->v = v;
	to->steps = n;
}

void histogram_add(struct histogram *to, const struct histogram *from)
{
	if (!from->n)
		return;
	to->min_ns = to->n && to->min_ns < from->min_ns ? to->min_ns : from->min_ns;
	to->max_ns = to->max_ns > from->max_ns ? to->max_ns : from->max_ns;
	to->n = add(to->n, from->n);
	to->sum_ns = add(to->sum_ns, from->sum_ns);
	to->squares = fmin(to->squares + from->squares, 1e300);
	add_steps(to, from);
}

/* ceil(p*n) in whole numbers: a double holds only some of the large ones. p is a hundredth's multiple wherever it comes from us. */
static uint64_t rank(double p, uint64_t n)
{
	unsigned __int128 per = (unsigned __int128)llround(p * 1e6), all = per * n;
	uint64_t r = (uint64_t)((all + 999999) / 1000000);

	return r < 1 ? 1 : r > n ? n : r;
}

bool histogram_smallest(const struct histogram *h, uint64_t k, uint64_t *ns)
{
	uint64_t below = 0;

	if (!h->n || !h->steps)
		return false;
	*ns = h->max_ns;
	for (size_t i = 0; i < h->steps; i++) {
		below = add(below, h->v[i].count);
		if (below >= k) {
			*ns = step_last(h->v[i].step);
			break;
		}
	}
	*ns = *ns > h->max_ns ? h->max_ns : *ns;
	*ns = *ns < h->min_ns ? h->min_ns : *ns;
	return true;
}

bool histogram_percentile(const struct histogram *h, double p, uint64_t *ns)
{
	return histogram_smallest(h, rank(p, h->n), ns);
}

bool histogram_cv(const struct histogram *h, double *cv)
{
	double mean, variance;

	if (!h->n || !h->sum_ns)
		return false;
	mean = (double)h->sum_ns / (double)h->n;
	variance = h->squares / (double)h->n - mean * mean;
	*cv = variance > 0 ? sqrt(variance) / mean : 0;
	return true;
}

void histogram_free(struct histogram *h)
{
	free(h->v);
	*h = (struct histogram){ 0 };
}
