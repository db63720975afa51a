#include "json/write.h"
#include "base/mem.h"
#include "stats/collect.h"
#include "stats/compare.h"
#include "stats/outlier.h"
#include "stats/report.h"
#include "stats/stats.h"
#include "stats/stimulus.h"
#include <math.h>

static void unreadable(struct jsonw *w, const struct collection *c)
{
	jsonw_karr(w, "unreadable");
	for (size_t i = 0; i < c->n_bad; i++) {
		jsonw_obj(w);
		jsonw_kstr(w, "path", c->bad[i].path);
		jsonw_kstr(w, "error", c->bad[i].why);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

/* Counts and flags are whole numbers. */
static void metric(struct jsonw *w, enum metric m, double v)
{
	static const bool whole[METRICS] = {
		[M_GAP_MS] = true,   [M_MIGRATIONS] = true, [M_DSQ_DEPTH] = true,  [M_STALLS] = true,
		[M_FALLBACK] = true, [M_KEEP_LAST] = true,  [M_ITERATIONS] = true, [M_DEGRADATIONS] = true,
	};

	if (whole[m] && fabs(v) < 9007199254740992.0)
		jsonw_ki64(w, metric_names[m].member, (int64_t)v);
	else
		jsonw_kdouble(w, metric_names[m].member, v);
}

static void one_row(struct jsonw *w, const struct row *r)
{
	jsonw_obj(w);
	jsonw_kstr(w, "scenario", r->scenario);
	jsonw_kstr(w, "flags", r->flags);
	jsonw_kstr(w, "topology", r->topology);
	jsonw_kstr(w, "work_type", r->work_type);
	jsonw_ku64(w, "replica", r->replica);
	jsonw_kstr(w, "scheduler", r->scheduler);
	jsonw_kstr(w, "kernel", r->kernel);
	jsonw_kbool(w, "passed", r->passed);
	jsonw_kbool(w, "skipped", r->skipped);
	jsonw_kbool(w, "inconclusive", r->inconclusive);
	for (int m = 0; m < METRICS; m++)
		metric(w, (enum metric)m, r->m[m]);
	jsonw_kstr(w, "worst_degradation_op", r->op);
	jsonw_end_obj(w);
}

static void outliers(struct jsonw *w, const struct stats *s)
{
	auto_outliers struct outliers o = { 0 };

	outliers_find(&o, s->rows, s->n);
	jsonw_karr(w, "outliers");
	for (size_t i = 0; i < o.n; i++) {
		const struct outlier *x = &o.v[i];

		jsonw_obj(w);
		jsonw_kstr(w, "scenario", x->scenario);
		jsonw_kstr(w, "flags", x->flags);
		jsonw_kstr(w, "metric", metric_names[x->metric].label);
		jsonw_kdouble(w, "mean", x->mean);
		jsonw_kdouble(w, "overall_mean", x->overall);
		jsonw_kdouble(w, "z", x->z);
		jsonw_karr(w, "worst_topologies");
		for (size_t k = 0; k < x->n_topologies; k++)
			jsonw_str(w, x->topologies[k]);
		jsonw_end_arr(w);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

/* What a finding is about. */
static void whose(struct jsonw *w, const struct row *r)
{
	jsonw_kstr(w, "scenario", r->scenario);
	jsonw_kstr(w, "flags", r->flags);
	jsonw_kstr(w, "topology", r->topology);
	jsonw_kstr(w, "work_type", r->work_type);
	jsonw_kstr(w, "kernel", r->kernel);
}

static void robust_outliers(struct jsonw *w, const struct stats *s)
{
	auto_deviants struct deviants d = { 0 };

	deviants_find(&d, s->rows, s->n);
	jsonw_karr(w, "robust_outliers");
	for (size_t i = 0; i < d.n; i++) {
		const struct deviant *x = &d.v[i];

		jsonw_obj(w);
		whose(w, x->row);
		jsonw_kstr(w, "metric", metric_names[x->metric].label);
		jsonw_kdouble(w, "value", x->value);
		jsonw_kdouble(w, "topology_median", x->median);
		jsonw_kdouble(w, "score", x->score);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void dimension(struct jsonw *w, const struct stats *s, const char *name, enum group_key key)
{
	auto_groups struct groups g = { 0 };

	groups_make(&g, s->rows, s->n, key, NULL);
	jsonw_karr(w, name);
	for (size_t i = 0; i < g.n; i++) {
		const struct row *r = g.v[i].v[0];
		struct verdicts v = group_verdicts(&g.v[i]);

		jsonw_obj(w);
		jsonw_kstr(w, "name",
			   key == BY_SCENARIO    ? r->scenario
			   : key == BY_FLAGS     ? r->flags
			   : key == BY_TOPOLOGY  ? r->topology
			   : key == BY_WORK_TYPE ? r->work_type
						 : r->kernel);
		jsonw_ku64(w, "passed", v.passed);
		jsonw_ku64(w, "skipped", v.skipped);
		jsonw_ku64(w, "inconclusive", v.inconclusive);
		jsonw_ku64(w, "total", g.v[i].n);
		jsonw_kdouble(w, "avg_spread", group_mean(&g.v[i], M_SPREAD));
		jsonw_kdouble(w, "avg_gap_ms", group_mean(&g.v[i], M_GAP_MS));
		jsonw_kdouble(w, "avg_imbalance", group_mean(&g.v[i], M_IMBALANCE));
		jsonw_kdouble(w, "avg_dsq_depth", group_mean(&g.v[i], M_DSQ_DEPTH));
		jsonw_kdouble(w, "stalls", group_sum(&g.v[i], M_STALLS));
		jsonw_kdouble(w, "avg_fallback", group_mean(&g.v[i], M_FALLBACK));
		jsonw_kdouble(w, "avg_iterations", group_mean(&g.v[i], M_ITERATIONS));
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void one_worst(struct jsonw *w, const char *key, const struct worst *x, const char *value)
{
	jsonw_key(w, key);
	if (!x->runs) {
		jsonw_null(w);
		return;
	}
	jsonw_obj(w);
	jsonw_kstr(w, "op", x->op);
	jsonw_kstr(w, "flags", x->flags);
	jsonw_kdouble(w, value, x->value);
	jsonw_ku64(w, "runs", x->runs);
	jsonw_end_obj(w);
}

static void deltas(struct jsonw *w, const char *key, const double *v)
{
	jsonw_kobj(w, key);
	for (int k = 0; k < STIMULUS_METRICS; k++)
		jsonw_kdouble(w, stimulus_names[k], v[k]);
	jsonw_end_obj(w);
}

static void one_flag(struct jsonw *w, const struct flag_effect *x)
{
	jsonw_obj(w);
	jsonw_kstr(w, "flag", x->name);
	jsonw_ku64(w, "runs", x->runs);
	deltas(w, "against_all", x->against_all);
	deltas(w, "against_others", x->against_others);
	jsonw_kdouble(w, "avg_stalls", x->stalls);
	jsonw_kobj(w, "imbalance_by_cpus");
	for (int k = 0; k < CPU_BUCKETS; k++)
		jsonw_kdouble(w, cpu_buckets[k], x->imbalance[k]);
	jsonw_end_obj(w);
	jsonw_end_obj(w);
}

static void stimulus(struct jsonw *w, const struct stats *s)
{
	auto_stimulus struct stimulus x = { 0 };

	stimulus_find(&x, s->rows, s->n);
	jsonw_key(w, "stimulus");
	if (!x.any) {
		jsonw_null(w);
		return;
	}
	jsonw_obj(w);
	jsonw_kobj(w, "worst");
	for (int k = 0; k < STIMULUS_METRICS; k++)
		one_worst(w, stimulus_names[k], &x.worst[k], "avg_delta");
	one_worst(w, "stalls", &x.stalls, "stalls");
	jsonw_end_obj(w);
	jsonw_karr(w, "flags");
	for (size_t i = 0; i < x.n_flags; i++)
		one_flag(w, &x.flags[i]);
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

static void verifier(struct jsonw *w, const struct stats *s)
{
	jsonw_karr(w, "verifier_stats");
	for (size_t i = 0; i < s->n_verified; i++) {
		const struct verified *v = &s->verified[i];

		jsonw_obj(w);
		jsonw_kstr(w, "scheduler", v->scheduler);
		jsonw_kstr(w, "program", v->program);
		jsonw_ku64(w, "verified_insns", v->insns);
		jsonw_kdouble(w, "limit_percent", verified_percent(v->insns));
		jsonw_kbool(w, "near_limit", verified_percent(v->insns) >= VERIFIED_NEAR);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void profiles(struct jsonw *w, const struct stats *s)
{
	jsonw_karr(w, "callback_profile");
	for (size_t i = 0; i < s->n_profiles; i++) {
		const struct row *r = &s->rows[s->profiles[i].row];

		jsonw_obj(w);
		jsonw_kstr(w, "scenario", r->scenario);
		jsonw_kstr(w, "flags", r->flags);
		jsonw_kstr(w, "topology", r->topology);
		jsonw_kstr(w, "kernel", r->kernel);
		jsonw_karr(w, "programs");
		for (size_t k = 0; k < s->profiles[i].n; k++) {
			const struct callback *c = &s->profiles[i].v[k];

			jsonw_obj(w);
			jsonw_kstr(w, "name", c->name);
			jsonw_ku64(w, "cnt", c->cnt);
			jsonw_ku64(w, "nsecs", c->nsecs);
			jsonw_kdouble(w, "nsecs_per_call", c->nsecs_per_call);
			jsonw_end_obj(w);
		}
		jsonw_end_arr(w);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void kvm(struct jsonw *w, const struct kvm_sums *k)
{
	jsonw_key(w, "kvm_stats");
	if (!k->vms) {
		jsonw_null(w);
		return;
	}
	jsonw_obj(w);
	jsonw_ku64(w, "vms", k->vms);
	jsonw_ku64(w, "vcpus", k->vcpus);
	jsonw_kobj(w, "total");
	for (int i = 0; i < KVM_COUNTERS; i++)
		jsonw_ku64(w, kvm_counter_names[i], k->total[i]);
	jsonw_end_obj(w);
	jsonw_kobj(w, "per_vcpu");
	for (int i = 0; i < KVM_COUNTERS; i++)
		jsonw_kdouble(w, kvm_counter_names[i], k->vcpus ? (double)k->total[i] / (double)k->vcpus : 0);
	jsonw_end_obj(w);
	jsonw_end_obj(w);
}

static void one_change(struct jsonw *w, const struct change *x)
{
	jsonw_obj(w);
	whose(w, x->row);
	jsonw_kstr(w, "metric", x->gate ? metric_names[x->gate->metric].label : "passed");
	jsonw_kdouble(w, "before", x->before);
	jsonw_kdouble(w, "after", x->after);
	jsonw_kbool(w, "worse", x->worse);
	jsonw_end_obj(w);
}

static void comparison(struct jsonw *w, const struct comparison *c, const char *before)
{
	jsonw_kobj(w, "compare");
	jsonw_kstr(w, "dir", before);
	jsonw_ku64(w, "in_both", c->both);
	jsonw_ku64(w, "only_here", c->added);
	jsonw_ku64(w, "only_there", c->gone);
	jsonw_karr(w, "changes");
	for (size_t i = 0; i < c->n; i++)
		one_change(w, &c->v[i]);
	jsonw_end_arr(w);
	jsonw_karr(w, "verifier_stats");
	for (size_t i = 0; i < c->n_counts; i++) {
		jsonw_obj(w);
		jsonw_kstr(w, "scheduler", c->counts[i].scheduler);
		jsonw_kstr(w, "program", c->counts[i].program);
		jsonw_ku64(w, "before", c->counts[i].before);
		jsonw_ku64(w, "after", c->counts[i].after);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

void stats_json(FILE *f, const struct stats *s, const char *dir, const struct collection *c,
		const struct comparison *cmp, const char *before)
{
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_kstr(&w, "dir", dir);
	jsonw_ku64(&w, "sidecars", s->n);
	unreadable(&w, c);
	jsonw_ku64(&w, "missing_values", s->missing);
	jsonw_karr(&w, "rows");
	for (size_t i = 0; i < s->n; i++)
		one_row(&w, &s->rows[i]);
	jsonw_end_arr(&w);
	outliers(&w, s);
	robust_outliers(&w, s);
	dimension(&w, s, "by_scenario", BY_SCENARIO);
	dimension(&w, s, "by_flags", BY_FLAGS);
	dimension(&w, s, "by_topology", BY_TOPOLOGY);
	dimension(&w, s, "by_work_type", BY_WORK_TYPE);
	dimension(&w, s, "by_kernel", BY_KERNEL);
	stimulus(&w, s);
	verifier(&w, s);
	profiles(&w, s);
	kvm(&w, &s->kvm);
	if (cmp)
		comparison(&w, cmp, before);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}
