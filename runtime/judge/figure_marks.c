/* figure_marks.c: what is counted at marks by name; a phase's figure is the difference of two of them. */
#include "judge/figure.h"
#include <fnmatch.h>
#include <math.h>
#include <string.h>

static const struct facts_mark *mark_named(const struct facts *f, const char *name)
{
	for (size_t i = f->n_marks; i-- > 0;) {
		if (!strcmp(f->marks[i].name, name))
			return &f->marks[i];
	}
	return NULL;
}

/* The marks that a phase, or all but settle, begins and ends with. */
static bool borders(const struct facts *f, int phase, const struct facts_mark **from, const struct facts_mark **to)
{
	*from = facts_phase_mark(f, phase == PHASE_ALL ? 1 : (size_t)phase);
	*to = phase == PHASE_ALL ? NULL : facts_phase_mark(f, (size_t)phase + 1);
	if (!*to)
		*to = mark_named(f, "end");
	return *from && *to && (*from)->ns <= (*to)->ns;
}

/* What of x has a name like that. False: nothing. */
static bool sum(const struct named *x, const char *name, double *v)
{
	bool any = false;

	*v = 0;
	for (size_t i = 0; i < x->n; i++) {
		if (fnmatch(name, x->v[i].name, FNM_NOESCAPE) != 0)
			continue;
		*v += x->v[i].value;
		any = true;
	}
	return any;
}

static bool grown(const struct named *from, const struct named *to, const char *name, double *v)
{
	double before, after;

	if (!sum(to, name, &after))
		return false;
	/* What was not there yet had counted nothing. */
	sum(from, name, &before);
	*v = after - before;
	return isfinite(*v) && *v >= 0;
}

static struct figure of_events(const struct metric *m, const char *name, const struct facts_mark *from,
			       const struct facts_mark *to)
{
	double n, ns = (double)(to->ns - from->ns);

	if (!from->events.known || !to->events.known)
		return figure_without("this run did not record events of sched_ext");
	if (!grown(&from->events, &to->events, name, &n))
		return figure_without("no event of that name was counted");
	if (m->id == METRIC_EVENT)
		return figure_value(n);
	return ns > 0 ? figure_value(n * 1e9 / ns) : figure_without("no time passed");
}

static struct figure of_programs(const struct metric *m, const char *name, const struct facts_mark *from,
				 const struct facts_mark *to)
{
	double runs, ns;

	if (!from->runs.known || !to->runs.known)
		return figure_without("this run did not record its BPF programs");
	if (!grown(&from->runs, &to->runs, name, &runs) || !grown(&from->run_ns, &to->run_ns, name, &ns))
		return figure_without("no BPF program of that name was counted");
	if (m->id == METRIC_PROG_RUNS)
		return figure_value(runs);
	return runs > 0 ? figure_value(ns / runs) : figure_without("it never ran");
}

struct figure figure_of_marks(const struct metric *m, const char *name, const struct facts *f, int phase)
{
	const struct facts_mark *from, *to;
	double v;

	if (!borders(f, phase, &from, &to))
		return figure_without("this run has no marks there");
	if (m->id == METRIC_EVENT || m->id == METRIC_EVENT_RATE)
		return of_events(m, name, from, to);
	if (m->id == METRIC_PROG_NS || m->id == METRIC_PROG_RUNS)
		return of_programs(m, name, from, to);
	if (!to->vars.known)
		return figure_without("this run did not record the scheduler's variables");
	return sum(&to->vars, name, &v) ? figure_value(v) : figure_without("no variable of that name");
}
