/* histogram.h: times counted in steps, 32 to a doubling: times up to 63 ns have a step each; above, a step holds what differs by
 * less than 1/32. Histograms of the same kind add, and that is how percentiles of a group are found: never as a mean of percentiles.
 *
 * Step s < 64 is s ns. From there on step s holds (32 + s % 32) << (s / 32 - 1) ns and all up to the next step's first. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HISTOGRAM_STEPS = 60 * 32 }; /* the last one ends with UINT64_MAX ns */

/* All zero: nothing was counted. Sums stay at UINT64_MAX when they would go beyond. */
struct histogram {
	uint64_t n, sum_ns, min_ns, max_ns; /* min_ns and max_ns are exact, and 0 while n is */
	double squares;                     /* of the times, ns^2; finite */
	struct histogram_step {
		uint16_t step;
		uint64_t count; /* at least 1 */
	} * v;                  /* ascending */
	size_t steps;
};

unsigned step_of(uint64_t ns);
/* The first and the last time that a step holds. */
uint64_t step_first(unsigned step);
uint64_t step_last(unsigned step);

/* One more time. */
void histogram_count(struct histogram *h, uint64_t ns);
void histogram_add(struct histogram *to, const struct histogram *from);
/* The k-th smallest time, k from 1 on: the last of its step, but no more than max_ns and no less than min_ns. So it is never below the
 * true one, and at most 1/32 above. False: nothing was counted. */
bool histogram_smallest(const struct histogram *h, uint64_t k, uint64_t *ns);
/* The ceil(p*n)-th smallest, p in (0, 1]. */
bool histogram_percentile(const struct histogram *h, double p, uint64_t *ns);
/* Population deviation over mean. False without a value: nothing counted, or a mean of 0. */
bool histogram_cv(const struct histogram *h, double *cv);
void histogram_free(struct histogram *h);
