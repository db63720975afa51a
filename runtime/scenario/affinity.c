#include "scenario/affinity.h"
#include "scenario/random.h"

/* The n-th member from 0; there are more than n. */
static unsigned member(const struct cpus *s, unsigned n)
{
	int cpu = cpus_next(s, -1);

	while (n--)
		cpu = cpus_next(s, cpu);
	return (unsigned)cpu;
}

/* Half of them, each choice as likely as any other. */
static void random_half(const struct cpus *from, uint64_t *state, struct cpus *out)
{
	unsigned left = cpus_count(from), want = left / 2 ? left / 2 : 1;

	for (int cpu = cpus_next(from, -1); want; cpu = cpus_next(from, cpu), left--) {
		if (random_below(state, left) < want) {
			cpus_add(out, (unsigned)cpu);
			want--;
		}
	}
}

static void best_llc(const struct cpus *from, const struct places *p, struct cpus *out)
{
	unsigned best = 0;

	for (unsigned llc = 0; llc < p->llcs; llc++) {
		struct cpus here = { 0 };

		for (unsigned cpu = 0; cpu < p->cpus; cpu++) {
			if (p->at[cpu].llc == llc)
				cpus_add(&here, cpu);
		}
		cpus_and(&here, from);
		if (cpus_count(&here) > best) {
			best = cpus_count(&here);
			*out = here;
		}
	}
}

bool affinity_mask(const struct affinity *a, const struct places *p, const struct cpus *cpuset, unsigned index,
		   uint64_t *state, struct cpus *out)
{
	unsigned n = cpus_count(cpuset);

	*out = (struct cpus){ 0 };
	if (!n)
		return false;
	switch (a->kind) {
	case AFFINITY_INHERIT:
		return false;
	case AFFINITY_SET:
		*out = a->cpus;
		cpus_and(out, cpuset);
		break;
	case AFFINITY_RANDOM:
		random_half(cpuset, state, out);
		break;
	case AFFINITY_LLC:
		best_llc(cpuset, p, out);
		break;
	case AFFINITY_ONE:
		cpus_add(out, member(cpuset, index % n));
		break;
	case AFFINITY_SAME:
		cpus_add(out, member(cpuset, 0));
		break;
	}
	return cpus_count(out) != 0;
}
