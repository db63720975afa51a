#include "gen/graph/audit.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/run.h"
#include "gen/kernels/kernels.h"
#include "gen/sweep/sweep.h"

/* An accident is told in a file of its own, and none of the other name is left then. */
static char *result_of(const struct run *r, const char *dir)
{
	char *path = xasprintf("%s/%s/result.json", r->dir, dir);

	if (file_exists(path))
		return path;
	free(path);
	return xasprintf("%s/%s/failure.json", r->dir, dir);
}

static int compare_cell(const struct run *r, const struct sweep_cell *c, bool *differs, struct err *e)
{
	auto_free char *dir = sweep_cell_dir(c, false), *anew = sweep_audit_dir(c);
	auto_free char *one = result_of(r, dir), *two = result_of(r, anew);
	auto_free char *result = xasprintf("result of %s", c->id), *log = xasprintf("scheduler's output of %s", c->id);
	auto_free char *log_one = xasprintf("%s/%s/sched.log", r->dir, dir);
	auto_free char *log_two = xasprintf("%s/%s/sched.log", r->dir, anew);

	return audit_files(result, one, two, differs, e) < 0 ? -1 : audit_files(log, log_one, log_two, differs, e);
}

int sweep_audit(const struct sweep *s, const struct run *r, const struct plan *p, struct err *e)
{
	const struct target *k = NULL;
	const struct sweep_guest *g = NULL;
	bool differs = false;

	if (run_failure_of(r, p, "audit", e) < 0)
		return -1;
	for (size_t i = 0; i < s->n; i++) {
		const struct sweep_cell *c = &s->cells[i];

		if ((c->target != k || c->guest != g) &&
		    audit_memory(r, &c->guest->plan, &c->target->k, &differs, e) < 0)
			return -1;
		k = c->target;
		g = c->guest;
		if (compare_cell(r, c, &differs, e) < 0)
			return -1;
	}
	return differs ? audit_failed(e) : 0;
}
