/* figure_samples.c: what run queues were at samples. Two samples are left out behind each attaching, that before the run too: a
 * scheduler that was just attached is still moving everybody. What one sample shows may be over before anybody could do anything
 * about it, so imbalance, depth and a clock that stands still are what five samples in a row show. */
#include "base/mem.h"
#include "judge/figure.h"
#include "judge/sight.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WARM_UP = 2, SUSTAINED = 5 };

static const char no_samples[] = "this run did not look at run queues; --monitor has it do so";
static const char not_told[] = "this kernel does not tell";
static const char too_few[] = "fewer than five samples were taken there in a row; --dense takes more";

/* Of a line that attached the scheduler, those taken meanwhile and two behind it. A line before the run has no time. */
static bool just_attached(const struct facts_samples *s, size_t i, const struct facts_favour *v)
{
	uint64_t done = v->ns + v->took_ns;
	size_t since = 0;

	if (!strcmp(v->what, "detach") || v->failed || !v->ns || s->v[i].ns < v->ns)
		return false;
	for (size_t k = i; since <= WARM_UP && s->v[k].ns > done; k--) {
		since++;
		if (!k)
			break;
	}
	return since <= WARM_UP;
}

static bool warms_up(const struct facts *f, size_t i)
{
	bool is = i < WARM_UP;

	for (size_t k = 0; k < f->n_favours && !is; k++)
		is = just_attached(&f->samples, i, &f->favours[k]);
	return is;
}

/* The samples that are meant, with the phase of each; -1: not meant, or not there. */
int *samples_meant(const struct selection *s)
{
	const struct facts *f = s->facts;
	int *phase = xcalloc(f->samples.n + 1, sizeof(*phase)), now = -1;
	size_t mark = 0;

	for (size_t i = 0; i < f->samples.n; i++) {
		const struct facts_sample *x = &f->samples.v[i];
		size_t number;

		for (; mark < f->n_marks && f->marks[mark].ns <= x->ns; mark++) {
			const char *name = f->marks[mark].name;

			if (!strcmp(name, "settle"))
				now = 0;
			else if (!strcmp(name, "end"))
				now = -1;
			else if (sscanf(name, "phase %4zu", &number) == 1)
				now = (int)number;
		}
		phase[i] = x->there && !warms_up(f, i) ? now : -1;
		if (s->phase != PHASE_ALL ? phase[i] != s->phase
					  : phase[i] == 0 || (phase[i] > 0 && phase[i] < FACTS_PHASES && s->except &&
							      s->except[phase[i]]))
			phase[i] = -1;
	}
	return phase;
}

static size_t count(const int *phase, size_t n)
{
	size_t all = 0;

	for (size_t i = 0; i < n; i++)
		all += phase[i] >= 0;
	return all;
}

/* The largest value that so many in a row have at least; *last: the last of them. false: there are not so many. */
static bool sustained(const double *v, size_t n, double *value, size_t *last)
{
	bool any = false;

	for (size_t i = SUSTAINED - 1; i < n; i++) {
		double least = INFINITY;

		for (size_t k = i + 1 - SUSTAINED; k <= i && !isnan(least); k++)
			least = isnan(v[k]) ? NAN : fmin(least, v[k]);
		if (isnan(least) || (any && least <= *value))
			continue;
		any = true;
		*value = least;
		*last = i;
	}
	return any;
}

static struct figure shown(const struct selection *s, double value, size_t first, size_t last, uint64_t cpu)
{
	struct figure f = figure_value(value);

	f.sample = &s->facts->samples.v[last];
	f.located = true;
	f.from_ns = s->facts->samples.v[first].ns;
	f.cpu = cpu;
	return f;
}

/* What workers of the group might use in that phase. */
bool selection_cpus(const struct selection *s, int phase, struct cpus *all)
{
	bool there = false;

	*all = (struct cpus){ 0 };
	for (size_t i = 0; i < s->facts->n_workers; i++) {
		const struct facts_worker *w = &s->facts->workers[i];

		if (!selection_has(s, w) || (size_t)phase >= w->n || !w->phases[phase].there)
			continue;
		there = true;
		if (w->phases[phase].allowed_known)
			cpus_or(all, &w->phases[phase].allowed);
		else if (w->allowed_known)
			cpus_or(all, &w->allowed);
	}
	return there;
}

static bool is_online(const struct facts_sample *x, size_t cpu)
{
	return cpu >= x->curr.n || x->curr.v[cpu] >= 0;
}

/* max / max(1, min); 0 when nobody runs. */
double sample_imbalance(const struct facts_sample *x, const struct cpus *all, uint64_t *most_on)
{
	double most = -1, least = INFINITY;

	for (size_t cpu = 0; cpu < x->nr.n && cpu < CPUS_MAX; cpu++) {
		double n = (double)x->nr.v[cpu];

		if (!cpus_has(all, (unsigned)cpu) || !is_online(x, cpu))
			continue;
		if (n > most) {
			most = n;
			*most_on = cpu;
		}
		least = fmin(least, n);
	}
	return most < 0 ? NAN : most / fmax(1, least);
}

static struct figure imbalance(const struct selection *s, const int *phase)
{
	const struct facts_samples *x = &s->facts->samples;
	auto_free double *v = xcalloc(x->n + 1, sizeof(*v));
	bool there = false, any = false, known = false;
	struct cpus all = { 0 };
	int of = -1;
	double value;
	uint64_t cpu = 0;
	size_t last;

	for (size_t i = 0; i < x->n; i++) {
		if (phase[i] >= 0 && phase[i] != of) {
			of = phase[i];
			there = selection_cpus(s, of, &all);
			any |= there;
		}
		known |= x->v[i].nr.n != 0;
		v[i] = phase[i] >= 0 && there ? sample_imbalance(&x->v[i], &all, &cpu) : NAN;
	}
	if (!any && count(phase, x->n))
		return (struct figure){ .none = true, .why = "no worker was there" };
	if (!known || !sustained(v, x->n, &value, &last))
		return figure_without(known ? too_few : not_told);
	selection_cpus(s, phase[last], &all);
	sample_imbalance(&x->v[last], &all, &cpu);
	return shown(s, value, last + 1 - SUSTAINED, last, cpu);
}

static struct figure depth(const struct selection *s, const int *phase)
{
	const struct facts_samples *x = &s->facts->samples;
	auto_free double *v = xcalloc(x->n + 1, sizeof(*v));
	struct figure most = figure_without(too_few);
	size_t cpus = 0, last;
	double value;

	for (size_t i = 0; i < x->n; i++)
		cpus = x->v[i].local.n > cpus ? x->v[i].local.n : cpus;
	for (size_t cpu = 0; cpu < cpus; cpu++) {
		for (size_t i = 0; i < x->n; i++)
			v[i] = phase[i] >= 0 && cpu < x->v[i].local.n ? (double)x->v[i].local.v[cpu] : NAN;
		if (sustained(v, x->n, &value, &last) && (!most.has || value > most.v))
			most = shown(s, value, last + 1 - SUSTAINED, last, cpu);
	}
	return cpus ? most : figure_without(not_told);
}

static struct figure age(const struct selection *s, const int *phase)
{
	const struct facts_samples *x = &s->facts->samples;
	struct figure most = figure_without(not_told);

	for (size_t i = 0; i < x->n; i++) {
		const struct facts_sample *at = &x->v[i];

		if (phase[i] < 0 || !at->waiting_known)
			continue;
		if (!most.has)
			most = figure_value(0);
		for (size_t k = 0; k < at->n_tasks; k++) {
			uint64_t ns = sight_age(s->facts, &at->tasks[k]);

			if ((double)ns <= most.v)
				continue;
			most = shown(s, (double)ns, i, i, at->tasks[k].cpu);
			most.task = &at->tasks[k];
			most.from_ns = at->ns > ns ? at->ns - ns : 0;
		}
	}
	return most;
}

/* Seen by two samples and more: since the first at which the CPU was idle, but no longer than the task has waited. */
static struct figure idle(const struct selection *s, const int *phase)
{
	const struct facts_samples *x = &s->facts->samples;
	auto_free uint64_t *since = xcalloc(SAMPLE_CPUS, sizeof(*since)); /* 1 + the first sample of those in a row */
	struct figure most = figure_without(not_told);

	for (size_t i = 0; i < x->n; i++) {
		const struct facts_sample *at = &x->v[i];
		auto_free bool *still = xcalloc(SAMPLE_CPUS, sizeof(*still));

		if (phase[i] >= 0 && at->waiting_known && !most.has)
			most = figure_value(0);
		for (size_t k = 0; phase[i] >= 0 && k < at->n_idle; k++) {
			const struct sample_task *t = &at->tasks[at->idle[k].task];
			uint64_t cpu = at->idle[k].cpu, waited = sight_age(s->facts, t), seen;

			still[cpu] = true;
			if (!since[cpu])
				since[cpu] = i + 1;
			seen = at->ns - x->v[since[cpu] - 1].ns;
			seen = seen < waited ? seen : waited;
			if ((double)seen <= most.v)
				continue;
			most = shown(s, (double)seen, i, i, cpu);
			most.from_ns = at->ns - seen;
			most.task = t;
		}
		for (size_t cpu = 0; cpu < SAMPLE_CPUS; cpu++)
			since[cpu] = still[cpu] ? since[cpu] : 0;
	}
	return most;
}

/* For how many samples in a row a clock stood still on a CPU that was not idle, at most. */
static struct figure stuck(const struct selection *s, const int *phase)
{
	const struct facts_samples *x = &s->facts->samples;
	auto_free size_t *row = xcalloc(SAMPLE_CPUS, sizeof(*row));
	struct figure most = figure_without(not_told);

	for (size_t i = 1; i < x->n; i++) {
		const struct facts_sample *was = &x->v[i - 1], *at = &x->v[i];

		if (phase[i] >= 0 && at->clock.n && at->curr.n && !most.has)
			most = figure_value(0);
		for (size_t cpu = 0; cpu < SAMPLE_CPUS; cpu++) {
			bool same = phase[i] >= 0 && phase[i - 1] >= 0 && cpu < at->clock.n && cpu < was->clock.n &&
				    cpu < at->curr.n && cpu < was->curr.n && at->clock.v[cpu] &&
				    at->clock.v[cpu] == was->clock.v[cpu] && at->curr.v[cpu] > 0 &&
				    was->curr.v[cpu] > 0;

			row[cpu] = same ? row[cpu] + 1 : 0;
			if ((double)row[cpu] > most.v)
				most = shown(s, (double)row[cpu], i - row[cpu], i, cpu);
		}
	}
	if (most.has && count(phase, x->n) < SUSTAINED)
		return figure_without(too_few);
	return most;
}

struct figure figure_of_samples(const struct metric *m, const struct selection *s)
{
	const struct facts_samples *x = &s->facts->samples;
	auto_free int *phase = NULL;

	if (!x->known)
		return figure_without(no_samples);
	phase = samples_meant(s);
	if (!count(phase, x->n))
		return figure_without(x->trouble ? x->trouble : "no sample was taken there");
	switch (m->id) {
	case METRIC_IMBALANCE:
		return imbalance(s, phase);
	case METRIC_DSQ_DEPTH:
		return depth(s, phase);
	case METRIC_WAIT_AGE:
		return age(s, phase);
	case METRIC_IDLE_WHILE_WAITING:
		return idle(s, phase);
	default:
		return stuck(s, phase);
	}
}

bool figure_is_stuck(const struct figure *f)
{
	return f->has && f->v >= SUSTAINED - 1;
}
