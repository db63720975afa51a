/* tell.c: what is told of a sweep. */
#include "gen/verb/verifier/asked.h"

#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/report/report.h"
#include "gen/report/verdict.h"
#include "gen/sweep/sidecar.h"
#include "gen/sweep/symbols.h"
#include "progress/log.h"
#include <limits.h>
#include <stdlib.h>

static struct verifier_asked *const o = &verifier_asked;

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void tell_sweep(const struct sweep *s)
{
	if (!s->profiles.n) {
		log_info("cargo-ktstr: collecting verifier stats");
		return;
	}
	if (s->profiles.n > PROFILES_MANY)
		log_warn("%zu profiles to verify (>%d), %zu runs in all. Use --profiles to select a subset.",
			 s->profiles.n, PROFILES_MANY, s->n);
	log_info("cargo-ktstr: verifying %zu profile%s", s->profiles.n, plural(s->profiles.n));
}

void verifier_tell_size(const struct request *q)
{
	if (q->declared)
		log_info("cargo-ktstr: verifying %zu declared scheduler%s", q->n, plural(q->n));
	for (size_t i = 0; i < q->n; i++)
		tell_sweep(&q->parts[i].sweep);
}

/* Once: the next request makes the snapshot again. */
static void tell_fallback(const struct report_cell *c, const struct step_result *step)
{
	if (c->have && c->result.fallback && step->state != STEP_CACHED)
		log_warn("%s: booted, because its snapshot could not be continued: %s", c->kernel, c->result.fallback);
}

/* What performance mode could not have; once as well. */
static void tell_perf(const struct report_cell *c, const struct step_result *step)
{
	for (size_t i = 0; c->have && step->state != STEP_CACHED && i < c->result.perf.n_warnings; i++)
		log_info("%s: %s", c->kernel, c->result.perf.warnings[i]);
}

/* What runs one cell of this sweep again: all options but those that name a cell. */
static char *command_again(const struct request *q, const struct part *p)
{
	auto_argv struct argv a = { 0 };

	argv_add(&a, "cargo");
	argv_add(&a, "ktstr");
	argv_add(&a, "verifier");
	if (q->declared) {
		argv_opt(&a, "--tests", "%s", q->subjects.v[p - q->parts].program);
		argv_opt(&a, "--declared", "%s", p->subject);
	} else if (o->package.spec) {
		package_words(&a, &o->package);
	} else {
		argv_opt(&a, "--scheduler-bin", "%s", q->scheduler);
	}
	guest_asked_words(&a, &o->guest);
	clock_asked_words(&a, &o->clock);
	if (o->timeout)
		argv_opt(&a, "--timeout", "%llu", (unsigned long long)o->timeout);
	if (o->workload != WORKLOAD_MS)
		argv_opt(&a, "--workload", "%llu", (unsigned long long)o->workload);
	if (o->cold)
		argv_add(&a, "--cold");
	if (p->sweep.n_guests == 1 && o->topologies.n)
		argv_opt(&a, "--topology", "%s", o->topologies.v[0]);
	if (o->profiles.file) {
		auto_free char *file = realpath(o->profiles.file, NULL);

		argv_opt(&a, "--flags-file", "%s", file ? file : o->profiles.file);
	}
	return argv_quote((const char *const *)a.v);
}

static char *args_again(const struct request *q)
{
	auto_free char *args = argv_quote(q->args);

	return q->args[0] ? xasprintf("-- %s", args) : NULL;
}

static void add_cells(struct report *rep, const struct sweep *s, const struct run *r, bool base)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct sweep_cell *c = &s->cells[i];
		auto_free char *in = sweep_cell_dir(c, base);
		auto_free char *dir = xasprintf("%s/%s", r->dir, in);
		const struct step_result *step = run_step(r, base ? c->base_step : c->step);

		report_add(rep, &c->name, dir, step);
		tell_fallback(&rep->cells[i], step);
		tell_perf(&rep->cells[i], step);
	}
}

/* The other binary's cells are what ours are compared with. */
static void add_base(const struct sweep *s, const struct run *r)
{
	auto_report struct report rep = { .scheduler = o->report.diff_bin };

	add_cells(&rep, s, r, true);
	report_save(&rep, &o->report.base);
}

/* All parts' reports; what they point to stays the parts'. */
struct reports {
	struct report *v;
	char **commands; /* of v, as report.command has them */
	size_t n;
};

static void reports_free(struct reports *a)
{
	for (size_t i = 0; i < a->n; i++) {
		report_free(&a->v[i]);
		free(a->commands[i]);
	}
	free(a->v);
	free(a->commands);
}
#define auto_reports __attribute__((unused, cleanup(reports_free)))

static int read_reports(struct reports *a, struct request *q, const struct run *r, const char *words, struct err *e)
{
	auto_free char *today = report_today();

	a->v = xcalloc(q->n, sizeof(*a->v));
	a->commands = xcalloc(q->n, sizeof(*a->commands));
	for (size_t i = 0; i < q->n; i++) {
		const struct part *p = &q->parts[i];
		struct report *rep = &a->v[a->n];

		if (o->report.diff_bin)
			add_base(&p->sweep, r);
		*rep = report_opts_report(&o->report);
		rep->scheduler = p->subject;
		rep->among = q->n > 1;
		rep->command = a->commands[a->n++] = command_again(q, p);
		rep->args = words;
		add_cells(rep, &p->sweep, r, false);
		if (sweep_symbols(rep, &p->sweep, r, e) < 0)
			return -1;
		report_expect(rep, today);
	}
	return 0;
}

int verifier_tell(struct request *q, const struct run *r, const struct plan *p, struct err *e)
{
	auto_free char *words = args_again(q);
	auto_reports struct reports all = { 0 };
	int code = 0;

	if (read_reports(&all, q, r, words, e) < 0)
		return -1;
	for (size_t i = 0; i < q->kernels.n; i++)
		target_used(&q->kernels.v[i]);
	o->reported = true;
	if (q->declared)
		report_opts_print_all(&o->report, stdout, all.v, all.n);
	else
		report_opts_print(&o->report, stdout, all.v);
	for (size_t i = 0; o->sidecars && i < q->n; i++)
		if (sidecar_cells(q->sidecars, &q->parts[i].sweep, &all.v[i], &o->topologies, e) < 0)
			return -1;
	if (report_verdict(all.v, all.n, r, p, e) < 0)
		return -1;
	for (size_t i = 0; o->audit && code == 0 && i < q->n; i++)
		code = sweep_audit(&q->parts[i].sweep, r, p, e);
	return code;
}
