#include "judge/facts/difference.h"
#include "base/mem.h"
#include <inttypes.h>

static char *of_numbers(const char *what, bool has_a, uint64_t a, bool has_b, uint64_t b)
{
	if (has_a != has_b)
		return xasprintf("%s: in one of them only", what);
	return has_a && a != b ? xasprintf("%s: %" PRIu64 " and %" PRIu64, what, a, b) : NULL;
}

static char *of_texts(const char *what, const char *a, const char *b)
{
	if (a && b ? !strcmp(a, b) : a == b)
		return NULL;
	return xasprintf("%s: %s and %s", what, a ? a : "none", b ? b : "none");
}

static char *of_named(const char *what, const struct named *a, const struct named *b)
{
	if (a->known != b->known)
		return xasprintf("%s: in one of them only", what);
	for (size_t i = 0; i < a->n; i++) {
		const double *v = named_get(b, a->v[i].name);

		if (!v)
			return xasprintf("%s %s: in one of them only", what, a->v[i].name);
		if (*v != a->v[i].value)
			return xasprintf("%s %s: %.17g and %.17g", what, a->v[i].name, a->v[i].value, *v);
	}
	return a->n != b->n ? xasprintf("%s: %zu and %zu of them", what, a->n, b->n) : NULL;
}

static char *of_histograms(const char *what, const struct histogram *a, const struct histogram *b)
{
	if (!a || !b)
		return a == b ? NULL : xasprintf("%s: in one of them only", what);
	if (a->n != b->n)
		return xasprintf("%s: %" PRIu64 " and %" PRIu64 " times", what, a->n, b->n);
	if (a->sum_ns != b->sum_ns)
		return xasprintf("%s: %" PRIu64 " and %" PRIu64 " ns in all", what, a->sum_ns, b->sum_ns);
	if (a->steps != b->steps || memcmp(a->v, b->v, a->steps * sizeof(*a->v)) != 0 || a->min_ns != b->min_ns ||
	    a->max_ns != b->max_ns || a->squares != b->squares)
		return xasprintf("%s: other times", what);
	return NULL;
}

static char *of_phase(const struct facts_phase *a, const struct facts_phase *b)
{
	char *found = NULL;

	if (a->there != b->there)
		return xstrdup("there in one of them only");
	for (size_t i = 0; i < FACTS_COUNTS && !found; i++)
		found = of_numbers(facts_count_names[i], a->has[i], a->v[i], b->has[i], b->v[i]);
	if (!found && (a->cpus_known != b->cpus_known || !cpus_equal(&a->cpus, &b->cpus)))
		found = xstrdup("cpus: others");
	if (!found && (a->allowed_known != b->allowed_known || !cpus_equal(&a->allowed, &b->allowed)))
		found = xstrdup("allowed: others");
	if (!found)
		found = of_histograms("latency", a->latency, b->latency);
	return found ? found : of_histograms("slack", a->slack, b->slack);
}

static char *of_workers(const struct facts *a, const struct facts *b, size_t phase)
{
	static const struct facts_phase none;

	for (size_t i = 0; i < a->n_workers && i < b->n_workers; i++) {
		const struct facts_worker *x = &a->workers[i], *y = &b->workers[i];
		auto_free char *found =
			of_phase(phase < x->n ? &x->phases[phase] : &none, phase < y->n ? &y->phases[phase] : &none);

		if (found)
			return xasprintf("worker %" PRIu64 " (%s in %s), phase %zu: %s", x->id, x->type ? x->type : "",
					 x->group, phase, found);
	}
	return a->n_workers != b->n_workers ? xasprintf("%zu and %zu workers", a->n_workers, b->n_workers) : NULL;
}

static char *of_cgroups(const struct facts *a, const struct facts *b, size_t mark)
{
	static const struct named none;

	for (size_t i = 0; i < a->n_cgroups && i < b->n_cgroups; i++) {
		const struct facts_cgroup *x = &a->cgroups[i], *y = &b->cgroups[i];
		auto_free char *name = of_texts("cgroup", x->name, y->name);

		if (name)
			return TAKE(name);
		auto_free char *found = of_named("cpu_stat", mark < x->n ? &x->stats[mark] : &none,
						 mark < y->n ? &y->stats[mark] : &none);

		if (found)
			return xasprintf("cgroup %s: %s", x->name, found);
	}
	return a->n_cgroups != b->n_cgroups ? xasprintf("%zu and %zu cgroups", a->n_cgroups, b->n_cgroups) : NULL;
}

/* Of the mark itself; its time is among what is compared. */
static char *of_mark(const struct facts_mark *a, const struct facts_mark *b)
{
	char *found = of_texts("name", a->name, b->name);

	if (!found)
		found = of_numbers("ns", true, a->ns, true, b->ns);
	if (!found)
		found = of_numbers("line", true, a->line, true, b->line);
	if (!found)
		found = of_named("event", &a->events, &b->events);
	if (!found)
		found = of_named("variable", &a->vars, &b->vars);
	if (!found)
		found = of_named("runs of", &a->runs, &b->runs);
	if (!found)
		found = of_named("time of", &a->run_ns, &b->run_ns);
	return found ? found : of_named("instructions of", &a->insns, &b->insns);
}

/* The phase that ends at mark i; SIZE_MAX: none does. */
static size_t ended_at(const struct facts *f, size_t i)
{
	for (size_t phase = 1; phase < f->phases; phase++) {
		if (facts_phase_mark(f, phase) == &f->marks[i])
			return phase - 1;
	}
	return i && i + 1 == f->n_marks && f->phases ? f->phases - 1 : SIZE_MAX;
}

static char *at_mark(const struct facts *a, const struct facts *b, size_t i)
{
	const struct facts_mark *m = &a->marks[i];
	size_t phase = ended_at(a, i);
	auto_free char *found = of_mark(m, &b->marks[i]);

	if (!found)
		found = of_cgroups(a, b, i);
	if (!found && phase != SIZE_MAX)
		found = of_workers(a, b, phase);
	return found ? xasprintf("mark \"%s\" at +%" PRIu64 ".%09" PRIu64 " s: %s", m->name, m->ns / 1000000000,
				 m->ns % 1000000000, found)
		     : NULL;
}

static char *of_lines(const struct facts *a, const struct facts *b)
{
	for (size_t i = 0; i < a->n_lines && i < b->n_lines; i++) {
		const struct facts_line *x = &a->lines[i], *y = &b->lines[i];

		if (x->line != y->line || x->ns != y->ns)
			return xasprintf("line %" PRIu64 " at %" PRIu64 " ns and line %" PRIu64 " at %" PRIu64 " ns",
					 x->line, x->ns, y->line, y->ns);
	}
	return a->n_lines != b->n_lines ? xasprintf("lines: %zu and %zu of them", a->n_lines, b->n_lines) : NULL;
}

/* How the workers ended, whatever phases they had. */
static char *of_ends(const struct facts *a, const struct facts *b)
{
	for (size_t i = 0; i < a->n_workers && i < b->n_workers; i++) {
		const struct facts_worker *x = &a->workers[i], *y = &b->workers[i];
		char *found = of_texts("ended", x->ended, y->ended);

		if (!found)
			found = of_texts("error", x->error, y->error);
		if (!found)
			found = of_numbers("reaped_ns", x->reaped_known, x->reaped_ns, y->reaped_known, y->reaped_ns);
		if (!found)
			found = of_numbers("pid", true, x->pid, true, y->pid);
		auto_free char *words = found;

		if (words)
			return xasprintf("worker %" PRIu64 ": %s", x->id, words);
	}
	return of_numbers("workers", true, a->n_workers, true, b->n_workers);
}

static char *of_outcome(const struct facts *a, const struct facts *b)
{
	char *found = of_texts("outcome", facts_outcome_names[a->outcome], facts_outcome_names[b->outcome]);

	if (!found)
		found = of_texts("reason", a->reason, b->reason);
	if (!found)
		found = of_texts("exit_kind", a->exit_kind, b->exit_kind);
	if (!found)
		found = of_numbers("end_ns", a->end_known, a->end_ns, b->end_known, b->end_ns);
	return found ? found : of_numbers("reaped_ns", a->reaped_known, a->reaped_ns, b->reaped_known, b->reaped_ns);
}

char *facts_difference(const struct facts *a, const struct facts *b)
{
	char *found = of_texts("release", a->release, b->release);
	size_t marks = a->n_marks < b->n_marks ? a->n_marks : b->n_marks;

	if (!found)
		found = of_numbers("seed", true, a->seed, true, b->seed);
	for (size_t i = 0; i < marks && !found; i++)
		found = at_mark(a, b, i);
	if (!found)
		found = of_lines(a, b);
	if (!found)
		found = of_numbers("marks", true, a->n_marks, true, b->n_marks);
	if (!found)
		found = of_ends(a, b);
	return found ? found : of_outcome(a, b);
}
