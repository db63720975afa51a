#include "gen/sweep/symbols.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/report/report.h"
#include "gen/graph/run.h"
#include "gen/sweep/sweep.h"
#include "gen/graph/begin.h"
#include "gen/report/symbols.h"
#include "gen/kernels/kernels.h"
#include "kernel/cache/entry.h"
#include "kernel/name/locate.h"

enum { OTHERS_MAX = 16 };

static bool is_in(const struct kernels *kernels, const char *key)
{
	for (size_t i = 0; i < kernels->n; i++) {
		if (kernels->v[i].key && !strcmp(kernels->v[i].key, key))
			return true;
	}
	return false;
}

struct others {
	struct kernel v[OTHERS_MAX];
	size_t n;
};

static void find_others(struct others *o, const struct sweep *s)
{
	auto_kernel_list struct kernel_list l = { 0 };
	struct err ignored = { 0 };

	if (kernel_list(&l, NULL, &ignored) < 0)
		return;
	for (size_t i = 0; i < l.n && o->n < OTHERS_MAX; i++) {
		struct kernel k = { 0 };

		if (l.v[i].corrupt || is_in(s->kernels, l.v[i].key))
			continue;
		kernel_from_entry(&k, &l.v[i]);
		if (k.arch == s->kernels->v[0].k.arch)
			o->v[o->n++] = k;
		else
			kernel_free(&k);
	}
}

/* Its version, unless another one has the same. */
static const char *label_of(const struct others *o, size_t i, const struct sweep *s)
{
	const char *label = o->v[i].label;
	size_t same = 0;

	for (size_t k = 0; k < o->n; k++)
		same += !strcmp(o->v[k].label, label);
	for (size_t k = 0; k < s->kernels->n; k++)
		same += !strcmp(s->kernels->v[k].k.label, label);
	return same > 1 ? o->v[i].name : label;
}

static int ask_others(struct report *rep, const struct sweep *s, const struct others *o, struct err *e)
{
	const struct run_opts ro = { .brief = true };
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	const struct edge *steps[OTHERS_MAX];

	plan_init(&p, "symbols");
	if (plan_begin(&p, s->home, "verifier.ninja", s->guests[0].plan.memory_mb, 1, e) < 0)
		return -1;
	for (size_t i = 0; i < o->n; i++)
		steps[i] = plan_guest_kernel(&p, &s->guests[0].plan, &o->v[i]);
	if (run_plan(&r, &p, &ro, e) < 0)
		return e->code == X_INTERRUPTED ? -1 : 0;
	for (size_t i = 0; i < o->n; i++) {
		auto_free char *dir = xasprintf("%s/kernels/%s", r.dir, o->v[i].name);

		if (run_step(&r, steps[i])->state <= STEP_RAN)
			report_kernel(rep, label_of(o, i, s), dir);
	}
	return 0;
}

int sweep_symbols(struct report *rep, const struct sweep *s, const struct run *r, struct err *e)
{
	struct others o = { 0 };
	int result = 0;

	if (!report_needs_symbols(rep))
		return 0;
	for (size_t i = 0; i < s->kernels->n; i++) {
		const struct kernel *k = &s->kernels->v[i].k;
		auto_free char *dir = xasprintf("%s/kernels/%s", r->dir, k->name);

		report_kernel(rep, k->label, dir);
	}
	find_others(&o, s);
	if (o.n)
		result = ask_others(rep, s, &o, e);
	for (size_t i = 0; i < o.n; i++)
		kernel_free(&o.v[i]);
	return result;
}
