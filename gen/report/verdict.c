/* What a report comes to: one error, or none. */
#include "base/err.h"
#include "base/mem.h"
#include "progress/log.h"
#include "gen/graph/plan.h"
#include "gen/report/verdict.h"
#include "gen/report/cell.h"
#include "gen/report/diff.h"
#include "gen/report/report.h"
#include "gen/graph/run.h"
#include "verifier/expect.h"
#include <inttypes.h>

#define NAMED 5 /* offenders an error names; the report has all of them */

static bool failed(const struct report_cell *c)
{
	return c->code != X_SUCCESS || c->failure;
}

/* Only what says something about the scheduler can be expected. */
static bool can_be_expected(const struct report_cell *c)
{
	return c->have && c->result.verdict != VERDICT_VM;
}

void report_expect(struct report *r, const char *today)
{
	for (size_t i = 0; r->expects && i < r->n; i++) {
		struct report_cell *c = &r->cells[i];
		const struct expect_cell name = { .scheduler = r->scheduler,
						  .profile = c->profile,
						  .kernel = c->have && c->result.release ? c->result.release
											 : c->kernel };
		auto_free char *reason = xasprintf("%s: %s", why_name(c->why.why), report_reason(c));

		if (!can_be_expected(c))
			continue;
		c->entry = expects_find(r->expects, &name, failed(c) ? reason : NULL, today);
		if (!c->entry)
			continue;
		bool over = expect_is_over(c->entry, today);

		if (failed(c))
			c->met = over ? MET_OVER : MET_EXPECTED;
		else if (!over)
			c->met = MET_PASSED;
	}
}

/* Up to NAMED lines "program N on cell", then how many more. */
struct offenders {
	char *text;
	size_t size, n;
	FILE *f;
};

static void offender(struct offenders *o, const struct report *r, const struct report_cell *c, const char *program,
		     const char *what)
{
	auto_free char *label = report_label(r, c, true);

	if (o->n++ < NAMED)
		fprintf(o->f, "\n%s on %s: %s", program, label, what);
}

static void check_over(struct offenders *o, const struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];

		for (size_t k = 0; k < c->result.progs.n; k++) {
			const struct prog *p = &c->result.progs.v[k];
			auto_free char *what = xasprintf("%" PRIu32 " instructions, --fail-over is %" PRIu64,
							 p->verified_insns, r->fail_over);

			if (p->verified_insns != PROG_NONE && p->verified_insns > r->fail_over)
				offender(o, r, c, p->name, what);
		}
	}
}

static void check_growth(struct offenders *o, const struct report *r)
{
	struct diff_walk w = { 0 };
	const struct compare_row *d;

	while (diff_next(r, &w, &d)) {
		auto_free char *what =
			xasprintf("%" PRIu32 " -> %" PRIu32 " instructions, --fail-growth is %" PRIu64 " %%", d->a,
				  d->b, r->fail_growth);

		if (compare_exceeds(d, r->fail_growth))
			offender(o, r, w.cell, d->name, what);
	}
}

static int gates(const struct report *r, struct err *e)
{
	struct offenders o = { 0 };

	o.f = xmemstream(&o.text, &o.size);
	if (r->fail_over != NO_GATE)
		check_over(&o, r);
	if (r->fail_growth != NO_GATE && r->base)
		check_growth(&o, r);
	if (o.n > NAMED)
		fprintf(o.f, "\nand %zu more", o.n - NAMED);
	fclose(o.f);
	auto_free char *text = o.text;

	return o.n ? err_set(e, X_OVER, "%s: %zu %s over budget:%s", r->scheduler, o.n,
			     o.n == 1 ? "program is" : "programs are", text)
		   : 0;
}

static int passes(const struct report *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct report_cell *c = &r->cells[i];
		auto_free char *label = report_label(r, c, true);

		if (c->met == MET_PASSED)
			return err_set(e, X_PASSED,
				       "%s on %s passed, and line %u of the expected failures says that it fails: "
				       "remove it, or narrow it",
				       r->scheduler, label, c->entry->line);
	}
	return 0;
}

static int failure_of(const struct report *r, const struct report_cell *c, struct err *e)
{
	auto_free char *logs = xasprintf("\nlogs of guest and scheduler: %s", c->dir);
	auto_free char *where = report_label(r, c, true);
	auto_free char *over =
		c->met == MET_OVER ? xasprintf("\nit was expected until %s (line %u)", c->entry->until, c->entry->line)
				   : xstrdup("");

	return err_set(e, c->code, "%s on %s %s: %s%s%s", r->scheduler, where, report_outcome(c), report_reason(c),
		       c->code == X_REJECTED ? "" : logs, over);
}

/* The worst is first. */
static const int order[] = { X_VM, X_TIMEOUT, X_DIED, X_REJECTED, X_FAIL, X_OVER, X_PASSED };
enum { OF_CELLS = 4 };

static int own_verdict(const struct report *r, struct err *e)
{
	size_t bad = 0;

	for (size_t i = 0; i < r->n; i++)
		bad += failed(&r->cells[i]) && r->cells[i].met != MET_EXPECTED;
	for (size_t k = 0; bad && k < OF_CELLS; k++) {
		for (size_t i = 0; i < r->n; i++) {
			if (r->cells[i].code == order[k] && r->cells[i].met != MET_EXPECTED)
				return failure_of(r, &r->cells[i], e);
		}
	}
	if (bad)
		return err_set(e, X_FAIL, "%s: %zu of %zu runs failed", r->scheduler, bad, r->n);
	return gates(r, e) < 0 ? -1 : passes(r, e);
}

static size_t rank(int code)
{
	size_t i = 0;

	while (i < countof(order) && order[i] != code)
		i++;
	return i;
}

int report_verdict(const struct report *all, size_t n, const struct run *run, const struct plan *p, struct err *e)
{
	bool any = false;

	/* What kept a cell from running at all comes before any verdict of another. */
	if (run_first_failure(run, p, e) < 0 && e->code != X_DIED && e->code != X_TIMEOUT && e->code != X_VM)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct err mine = { 0 };

		if (own_verdict(&all[i], &mine) == 0)
			continue;
		bool worse = !any || rank(mine.code) < rank(e->code);

		if (any)
			log_error("%s", worse ? e->msg : mine.msg);
		if (worse)
			*e = mine;
		any = true;
	}
	return any ? -1 : 0;
}
