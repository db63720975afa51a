#include "judge/report/sidecar.h"
#include "judge/report/sidecar_monitor.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/write.h"
#include "judge/figure.h"
#include "topology/topology.h"
#include <ctype.h>
#include <inttypes.h>

/* What 0.3.2 tells of a cgroup, or of all of them. */
struct stats {
	uint64_t workers, cpus, migrations, iterations, gap_ms, gap_cpu;
	double avg_off, min_off, max_off, spread, ratio, p99_us, median_us, cv, mean_delay_us, worst_delay_us;
};

static double most(double a, double b)
{
	return a > b ? a : b;
}

/* Counters may be anything when they come from a guest. */
static uint64_t whole(double v)
{
	return !(v > 0) ? 0 : v < 1.8e19 ? (uint64_t)v : UINT64_MAX;
}

/* Members that it counts worker by worker. */
static void count_worker(struct stats *s, const struct facts_worker *w, const struct selection *sel, uint64_t *timed)
{
	struct totals t = totals_of(w, sel);
	double delay_us = (double)t.v[FACTS_WAIT] / 1e3, off;

	if (!t.there)
		return;
	s->workers++;
	s->migrations += t.v[FACTS_MIGRATIONS];
	s->iterations += t.v[FACTS_ITERATIONS];
	s->mean_delay_us += delay_us; /* their sum, for now */
	s->worst_delay_us = most(s->worst_delay_us, delay_us);
	if (t.v[FACTS_GAP] / 1000000 >= s->gap_ms) {
		s->gap_ms = t.v[FACTS_GAP] / 1000000;
		s->gap_cpu = t.v[FACTS_GAP_ON];
	}
	if (!t.v[FACTS_WALL])
		return;
	off = most(100 - 100 * (double)t.v[FACTS_CPU] / (double)t.v[FACTS_WALL], 0);
	s->min_off = *timed && s->min_off < off ? s->min_off : off;
	s->max_off = most(s->max_off, off);
	s->avg_off += off;
	++*timed;
}

static uint64_t cpus_used(const struct facts *f, const struct selection *s)
{
	struct cpus all = { 0 };

	for (size_t i = 0; i < f->n_workers; i++) {
		const struct facts_worker *w = &f->workers[i];

		for (int k = -1; selection_has(s, w) && selection_next(s, w->n, &k);)
			cpus_or(&all, &w->phases[k].cpus);
	}
	return cpus_count(&all);
}

static void latencies(struct stats *s, const struct selection *sel)
{
	bool recorded;
	struct histogram h = latency_of(sel, false, &recorded);
	uint64_t ns;

	if (histogram_percentile(&h, 0.99, &ns))
		s->p99_us = (double)ns / 1e3;
	if (histogram_smallest(&h, h.n / 2 + 1, &ns)) /* the upper median */
		s->median_us = (double)ns / 1e3;
	histogram_cv(&h, &s->cv);
	histogram_free(&h);
}

static struct stats of_group(const struct facts *f, const char *group)
{
	const struct selection sel = { .facts = f, .group = group, .phase = PHASE_ALL };
	struct stats s = { 0 };
	uint64_t timed = 0;

	for (size_t i = 0; i < f->n_workers; i++) {
		if (selection_has(&sel, &f->workers[i]))
			count_worker(&s, &f->workers[i], &sel, &timed);
	}
	s.avg_off = timed ? s.avg_off / (double)timed : 0;
	s.spread = s.max_off - s.min_off;
	s.mean_delay_us = s.workers ? s.mean_delay_us / (double)s.workers : 0;
	s.ratio = s.iterations ? (double)s.migrations / (double)s.iterations : 0;
	s.cpus = cpus_used(f, &sel);
	latencies(&s, &sel);
	return s;
}

/* Members that a group and all of them together have in common. */
static void common(struct jsonw *w, const struct stats *s)
{
	jsonw_kdouble(w, "p99_wake_latency_us", s->p99_us);
	jsonw_kdouble(w, "median_wake_latency_us", s->median_us);
	jsonw_kdouble(w, "wake_latency_cv", s->cv);
	jsonw_ku64(w, "total_iterations", s->iterations);
	jsonw_kdouble(w, "mean_run_delay_us", s->mean_delay_us);
	jsonw_kdouble(w, "worst_run_delay_us", s->worst_delay_us);
}

static void cgroup(struct jsonw *w, const struct stats *s)
{
	jsonw_obj(w);
	jsonw_ku64(w, "num_workers", s->workers);
	jsonw_ku64(w, "num_cpus", s->cpus);
	jsonw_kdouble(w, "avg_off_cpu_pct", s->avg_off);
	jsonw_kdouble(w, "min_off_cpu_pct", s->min_off);
	jsonw_kdouble(w, "max_off_cpu_pct", s->max_off);
	jsonw_kdouble(w, "spread", s->spread);
	jsonw_ku64(w, "max_gap_ms", s->gap_ms);
	jsonw_ku64(w, "max_gap_cpu", s->gap_cpu);
	jsonw_ku64(w, "total_migrations", s->migrations);
	jsonw_kdouble(w, "migration_ratio", s->ratio);
	common(w, s);
	jsonw_end_obj(w);
}

static void add_group(struct stats *all, const struct stats *s)
{
	all->workers += s->workers;
	all->cpus += s->cpus;
	all->migrations += s->migrations;
	all->iterations += s->iterations;
	if (s->gap_ms >= all->gap_ms) {
		all->gap_ms = s->gap_ms;
		all->gap_cpu = s->gap_cpu;
	}
	all->spread = most(all->spread, s->spread);
	all->ratio = most(all->ratio, s->ratio);
	all->p99_us = most(all->p99_us, s->p99_us);
	all->median_us = most(all->median_us, s->median_us);
	all->cv = most(all->cv, s->cv);
	all->mean_delay_us = most(all->mean_delay_us, s->mean_delay_us);
	all->worst_delay_us = most(all->worst_delay_us, s->worst_delay_us);
}

static bool first_of_group(const struct facts *f, size_t worker)
{
	for (size_t i = 0; i < worker; i++) {
		if (!strcmp(f->workers[i].group, f->workers[worker].group))
			return false;
	}
	return true;
}

static void stats(struct jsonw *w, const struct facts *f)
{
	struct stats all = { 0 };

	jsonw_kobj(w, "stats");
	jsonw_karr(w, "cgroups");
	for (size_t i = 0; f && i < f->n_workers; i++) {
		if (!first_of_group(f, i))
			continue;
		struct stats s = of_group(f, f->workers[i].group);

		add_group(&all, &s);
		cgroup(w, &s);
	}
	jsonw_end_arr(w);
	jsonw_ku64(w, "total_workers", all.workers);
	jsonw_ku64(w, "total_cpus", all.cpus);
	jsonw_ku64(w, "total_migrations", all.migrations);
	jsonw_kdouble(w, "worst_spread", all.spread);
	jsonw_ku64(w, "worst_gap_ms", all.gap_ms);
	jsonw_ku64(w, "worst_gap_cpu", all.gap_cpu);
	jsonw_kdouble(w, "worst_migration_ratio", all.ratio);
	common(w, &all);
	jsonw_end_obj(w);
}

/* As the verifier counted when they were loaded. */
static void verifier_stats(struct jsonw *w, const struct facts *f)
{
	const struct named *n = NULL;

	for (size_t i = 0; f && i < f->n_marks; i++)
		n = f->marks[i].insns.n ? &f->marks[i].insns : n;
	jsonw_karr(w, "verifier_stats");
	for (size_t i = 0; n && i < n->n; i++) {
		if (n->v[i].value < 1 || n->v[i].value > UINT32_MAX)
			continue;
		jsonw_obj(w);
		jsonw_kstr(w, "name", n->v[i].name);
		jsonw_ku64(w, "verified_insns", whole(n->v[i].value));
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void kvm_stats(struct jsonw *w, const struct facts *f)
{
	if (!f || !f->n_kvm)
		return;
	jsonw_kobj(w, "kvm_stats");
	jsonw_karr(w, "per_vcpu");
	for (size_t i = 0; i < f->n_kvm; i++) {
		jsonw_obj(w);
		for (size_t k = 0; k < f->kvm[i].n; k++)
			jsonw_ku64(w, f->kvm[i].v[k].name, whole(f->kvm[i].v[k].value));
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

static uint64_t iterations_before(const struct facts *f, size_t phase, uint64_t *workers)
{
	uint64_t n = 0;

	*workers = 0;
	for (size_t i = 0; i < f->n_workers; i++) {
		const struct facts_worker *w = &f->workers[i];

		for (size_t k = 0; k < phase && k < w->n; k++)
			n += w->phases[k].v[FACTS_ITERATIONS];
		*workers += phase < w->n && w->phases[phase].there;
	}
	return n;
}

/* How many lines were carried out between the mark before and this one. */
static size_t lines_before(const struct facts *f, const struct facts_mark *mark, const struct facts_mark *before)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_lines; i++)
		n += f->lines[i].ns <= mark->ns && (!before || f->lines[i].ns > before->ns);
	return n;
}

static void stimuli(struct jsonw *w, const struct facts *f)
{
	const struct facts_mark *before = NULL;

	jsonw_karr(w, "stimulus_events");
	for (size_t i = 1; f && i < f->phases; i++) {
		const struct facts_mark *m = facts_phase_mark(f, i);
		uint64_t workers, iterations;

		if (!m)
			continue;
		iterations = iterations_before(f, i, &workers);
		auto_free char *label = xasprintf("StepStart[%zu]", i - 1);
		auto_free char *ops = xasprintf("ops=%zu", lines_before(f, m, before));
		auto_free char *detail = xasprintf("%zu cgroups, %" PRIu64 " workers", f->n_cgroups, workers);

		jsonw_obj(w);
		jsonw_ku64(w, "elapsed_ms", m->ns / 1000000);
		jsonw_kstr(w, "label", label);
		jsonw_kstr(w, "op_kind", ops);
		jsonw_kstr(w, "detail", detail);
		if (iterations) {
			jsonw_ku64(w, "total_iterations", iterations);
		} else {
			jsonw_key(w, "total_iterations");
			jsonw_null(w);
		}
		jsonw_end_obj(w);
		before = m;
	}
	jsonw_end_arr(w);
}

/* The one that all workers have; 0.3.2's name of it where that is the same work. */
static const char *work_type(const struct facts *f)
{
	const char *type = NULL;

	for (size_t i = 0; f && i < f->n_workers; i++) {
		const char *t = f->workers[i].type;

		if (t && type && strcmp(t, type) != 0)
			return "mixed";
		type = t ? t : type;
	}
	return !type || !strcmp(type, "spin") ? "CpuSpin" : type;
}

/* "1n2l4c1t" of "1,2,4,1". */
static char *topology(const struct ruling *v, const struct facts *f)
{
	const char *text = f && f->topology ? f->topology : v->topology ? v->topology : "";
	struct topology t;
	struct err e;

	return topology_parse(&t, text, &e) < 0 ? xstrdup(text) : topology_name(&t);
}

static void details(struct jsonw *w, const struct ruling *v, const struct verdict_seed *seed)
{
	jsonw_karr(w, "details");
	if (seed->words)
		jsonw_str(w, seed->words);
	for (size_t i = 0; i < v->n_checks; i++) {
		if (v->checks[i].seed == seed->seed && v->checks[i].verdict != JUDGED_PASS)
			jsonw_str(w, v->checks[i].words);
	}
	jsonw_end_arr(w);
}

/* First the members of ktstr 0.3.2, in its order, then ours. */
void judge_sidecar(FILE *f, const struct ruling *v, const struct verdict_seed *seed, const struct facts *facts)
{
	auto_free char *topo = topology(v, facts);
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_kstr(&w, "test_name", v->test ? v->test : "test");
	jsonw_kstr(&w, "topology", topo);
	jsonw_kstr(&w, "scheduler", v->scheduler ? v->scheduler : "eevdf");
	jsonw_kbool(&w, "passed", seed->verdict == JUDGED_PASS);
	stats(&w, facts);
	sidecar_monitor(&w, facts);
	stimuli(&w, facts);
	jsonw_kstr(&w, "work_type", work_type(facts));
	verifier_stats(&w, facts);
	kvm_stats(&w, facts);
	if (seed->verdict == JUDGED_SKIP)
		jsonw_kbool(&w, "skipped", true);
	if (seed->verdict == JUDGED_INCONCLUSIVE)
		jsonw_kbool(&w, "inconclusive", true);
	jsonw_kstr(&w, "flags", v->profile ? v->profile : "default");
	jsonw_kstr(&w, "preset", v->preset);
	jsonw_kstr(&w, "actual_topology", topo);
	jsonw_kstr(&w, "kernel", v->kernel);
	jsonw_kstr(&w, "release", facts ? facts->release : NULL);
	jsonw_ku64(&w, "replica", seed->seed);
	jsonw_kstr(&w, "verdict", judgement_names[seed->verdict]);
	details(&w, v, seed);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static void part(FILE *f, const char *text)
{
	for (; *text; text++)
		fputc(isalnum((unsigned char)*text) || strchr("._+-", *text) ? *text : '_', f);
}

char *judge_sidecar_name(const struct ruling *v, const struct verdict_seed *seed)
{
	const char *parts[] = { v->test ? v->test : "test", v->preset ? v->preset : v->topology,
				v->profile ? v->profile : "default", v->kernel };
	char *name;
	size_t n;
	FILE *f = xmemstream(&name, &n);

	for (size_t i = 0; i < countof(parts); i++) {
		if (!parts[i])
			continue;
		if (i)
			fputc('.', f);
		part(f, parts[i]);
	}
	if (v->n_seeds > 1)
		fprintf(f, ".seed-%" PRIu64, seed->seed);
	fputs(".ktstr.json", f);
	fclose(f);
	return name;
}
