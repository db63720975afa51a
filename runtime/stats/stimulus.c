#include "stats/stimulus.h"
#include "base/err.h"
#include "base/mem.h"
#include "topology/topology.h"
#include <math.h>

const enum metric stimulus_deltas[STIMULUS_METRICS] = { M_IMBALANCE_DELTA, M_DSQ_DELTA, M_FALLBACK_DELTA,
							M_KEEP_LAST_DELTA };
const char *const stimulus_names[STIMULUS_METRICS] = { "imbalance", "dsq_depth", "fallback", "keep_last" };
const char *const cpu_buckets[CPU_BUCKETS] = { "<=8cpu", "9-32cpu", "33-128cpu", ">128cpu" };

static bool imbalance_grew(const struct row *r)
{
	return r->m[M_IMBALANCE_DELTA] > 0;
}

static bool dsq_grew(const struct row *r)
{
	return r->m[M_DSQ_DELTA] > 0;
}

static bool fallback_grew(const struct row *r)
{
	return r->m[M_FALLBACK_DELTA] > 0;
}

static bool keep_last_grew(const struct row *r)
{
	return r->m[M_KEEP_LAST_DELTA] > 0;
}

static bool stalled(const struct row *r)
{
	return r->m[M_STALLS] > 0;
}

static void find_worst(struct worst *w, const struct row *rows, size_t n, bool (*take)(const struct row *),
		       enum metric m)
{
	auto_groups struct groups g = { 0 };

	groups_make(&g, rows, n, BY_OP | BY_FLAGS, take);
	for (size_t i = 0; i < g.n; i++) {
		double v = m == M_STALLS ? group_sum(&g.v[i], m) : group_mean(&g.v[i], m);

		if (w->runs && v <= w->value)
			continue;
		*w = (struct worst){ g.v[i].v[0]->op, g.v[i].v[0]->flags, v, g.v[i].n };
	}
}

/* The next flag of "a+b" at *at; its length, 0 at the end. "default" is none. */
static size_t next_flag(const char **at)
{
	for (;;) {
		size_t n;

		*at += strspn(*at, "+");
		n = strcspn(*at, "+");
		if (n != 7 || strncmp(*at, "default", n) != 0)
			return n;
		*at += n;
	}
}

static bool has_flag(const struct row *r, const char *flag)
{
	const char *at = r->flags;
	size_t len = strlen(flag), n;

	for (; (n = next_flag(&at)); at += n) {
		if (n == len && !memcmp(at, flag, n))
			return true;
	}
	return false;
}

static int flag_order(const void *a, const void *b)
{
	return strcmp(((const struct flag_effect *)a)->name, ((const struct flag_effect *)b)->name);
}

static void add_flag(struct stimulus *s, const char *name, size_t n)
{
	for (size_t i = 0; i < s->n_flags; i++) {
		if (!strncmp(s->flags[i].name, name, n) && !s->flags[i].name[n])
			return;
	}
	s->flags = xreallocarray(s->flags, s->n_flags + 1, sizeof(*s->flags));
	s->flags[s->n_flags++] = (struct flag_effect){ .name = xstrndup(name, n) };
}

/* All rows with the same flags share one string, so most are seen before. */
static void find_flags(struct stimulus *s, const struct row *rows, size_t n)
{
	auto_groups struct groups g = { 0 };

	groups_make(&g, rows, n, BY_FLAGS, NULL);
	for (size_t i = 0; i < g.n; i++) {
		const char *at = g.v[i].v[0]->flags;

		for (size_t len; (len = next_flag(&at)); at += len)
			add_flag(s, at, len);
	}
	if (s->n_flags)
		qsort(s->flags, s->n_flags, sizeof(*s->flags), flag_order);
}

/* Index of the bucket for that topology; -1: nobody knows how many CPUs it has. */
static int bucket(const char *topology)
{
	struct topology t;
	struct err e = { 0 };
	unsigned cpus;

	if (topology_parse(&t, topology, &e) < 0)
		return -1;
	cpus = topology_cpus(&t);
	return cpus <= 8 ? 0 : cpus <= 32 ? 1 : cpus <= 128 ? 2 : 3;
}

struct sum {
	double sum;
	size_t n;
};

/* What is not known has no part in a mean. */
static void add_to(struct sum *s, double v)
{
	if (isnan(v))
		return;
	s->sum += v;
	s->n++;
}

static double mean_of(struct sum s)
{
	return s.n ? s.sum / (double)s.n : 0;
}

static void measure(struct flag_effect *f, const struct row *rows, size_t n, const int *buckets)
{
	struct sum with[STIMULUS_METRICS] = { 0 }, without[STIMULUS_METRICS] = { 0 }, stalls = { 0 };
	struct sum in_bucket[CPU_BUCKETS] = { 0 };

	for (size_t i = 0; i < n; i++) {
		bool has = has_flag(&rows[i], f->name);

		f->runs += has;
		for (int k = 0; k < STIMULUS_METRICS; k++)
			add_to(has ? &with[k] : &without[k], rows[i].m[stimulus_deltas[k]]);
		if (!has)
			continue;
		add_to(&stalls, rows[i].m[M_STALLS]);
		if (buckets[i] >= 0)
			add_to(&in_bucket[buckets[i]], rows[i].m[M_IMBALANCE_DELTA]);
	}
	f->stalls = mean_of(stalls);
	for (int k = 0; k < STIMULUS_METRICS; k++) {
		struct sum all = { with[k].sum + without[k].sum, with[k].n + without[k].n };

		f->against_all[k] = mean_of(with[k]) - mean_of(all);
		f->against_others[k] = without[k].n ? mean_of(with[k]) - mean_of(without[k]) : 0;
	}
	for (int k = 0; k < CPU_BUCKETS; k++)
		f->imbalance[k] = mean_of(in_bucket[k]);
}

void stimulus_find(struct stimulus *s, const struct row *rows, size_t n)
{
	static bool (*const grew[STIMULUS_METRICS])(const struct row *) = { imbalance_grew, dsq_grew, fallback_grew,
									    keep_last_grew };
	double degradations = 0;

	*s = (struct stimulus){ 0 };
	for (size_t i = 0; i < n; i++)
		degradations += isnan(rows[i].m[M_DEGRADATIONS]) ? 0 : rows[i].m[M_DEGRADATIONS];
	s->any = degradations > 0;
	if (!s->any)
		return;
	for (int k = 0; k < STIMULUS_METRICS; k++)
		find_worst(&s->worst[k], rows, n, grew[k], stimulus_deltas[k]);
	find_worst(&s->stalls, rows, n, stalled, M_STALLS);
	find_flags(s, rows, n);
	auto_free int *buckets = xcalloc(n + 1, sizeof(*buckets));

	for (size_t i = 0; i < n; i++)
		buckets[i] = bucket(rows[i].topology);
	for (size_t i = 0; i < s->n_flags; i++)
		measure(&s->flags[i], rows, n, buckets);
}

void stimulus_free(struct stimulus *s)
{
	for (size_t i = 0; i < s->n_flags; i++)
		free(s->flags[i].name);
	free(s->flags);
	*s = (struct stimulus){ 0 };
}
