#include "gen/sweep/sidecar.h"
#include "base/err.h"
#include "base/file.h"
#include "json/write.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "gen/sweep/sweep.h"
#include "verifier/result.h"
#include "topology/presets.h"
#include <errno.h>

/* What the spinning tasks made of their time. Such a task can always run, so that all it spends off a CPU is delay. */
struct fared {
	uint64_t workers, iterations, migrations;
	double min_off, max_off, sum_off; /* percent of the time since a task's first turn */
	uint64_t timed;                   /* tasks that have such a time */
	double sum_delay_us, worst_delay_us;
	uint64_t gap_ms, gap_cpu;
};

static void add_task(struct fared *w, const struct proto_task *t)
{
	double off_ns = t->wall_ns > t->cpu_ns ? (double)(t->wall_ns - t->cpu_ns) : 0;
	double percent = t->wall_ns ? off_ns / (double)t->wall_ns * 100.0 : 0;

	w->workers++;
	w->iterations += t->turns;
	w->migrations += t->migrations;
	if (t->gap_ns / 1000000 >= w->gap_ms) {
		w->gap_ms = t->gap_ns / 1000000;
		w->gap_cpu = t->gap_cpu;
	}
	if (!t->wall_ns)
		return;
	w->min_off = !w->timed || percent < w->min_off ? percent : w->min_off;
	w->max_off = !w->timed || percent > w->max_off ? percent : w->max_off;
	w->sum_off += percent;
	w->timed++;
	w->sum_delay_us += off_ns / 1e3;
	w->worst_delay_us = off_ns / 1e3 > w->worst_delay_us ? off_ns / 1e3 : w->worst_delay_us;
}

static double ratio(double a, double b)
{
	return b > 0 ? a / b : 0;
}

/* Members that a group of workers and all of them together have in common. */
static void latencies(struct jsonw *w, const struct fared *x)
{
	jsonw_kdouble(w, "p99_wake_latency_us", 0);
	jsonw_kdouble(w, "median_wake_latency_us", 0);
	jsonw_kdouble(w, "wake_latency_cv", 0);
	jsonw_ku64(w, "total_iterations", x->iterations);
	jsonw_kdouble(w, "mean_run_delay_us", ratio(x->sum_delay_us, (double)x->timed));
	jsonw_kdouble(w, "worst_run_delay_us", x->worst_delay_us);
}

static void cgroup(struct jsonw *w, const struct fared *x)
{
	jsonw_obj(w);
	jsonw_ku64(w, "num_workers", x->workers);
	jsonw_ku64(w, "num_cpus", x->timed);
	jsonw_kdouble(w, "avg_off_cpu_pct", ratio(x->sum_off, (double)x->timed));
	jsonw_kdouble(w, "min_off_cpu_pct", x->min_off);
	jsonw_kdouble(w, "max_off_cpu_pct", x->max_off);
	jsonw_kdouble(w, "spread", x->max_off - x->min_off);
	jsonw_ku64(w, "max_gap_ms", x->gap_ms);
	jsonw_ku64(w, "max_gap_cpu", x->gap_cpu);
	jsonw_ku64(w, "total_migrations", x->migrations);
	jsonw_kdouble(w, "migration_ratio", ratio((double)x->migrations, (double)x->iterations));
	latencies(w, x);
	jsonw_end_obj(w);
}

static void stats(struct jsonw *w, const struct tasks *t)
{
	struct fared x = { 0 };

	for (size_t i = 0; i < t->n; i++) {
		if (t->v[i].kind == TASK_SPINS)
			add_task(&x, &t->v[i]);
	}
	jsonw_kobj(w, "stats");
	jsonw_karr(w, "cgroups");
	if (x.workers)
		cgroup(w, &x);
	jsonw_end_arr(w);
	jsonw_ku64(w, "total_workers", x.workers);
	jsonw_ku64(w, "total_cpus", x.timed);
	jsonw_ku64(w, "total_migrations", x.migrations);
	jsonw_kdouble(w, "worst_spread", x.max_off - x.min_off);
	jsonw_ku64(w, "worst_gap_ms", x.gap_ms);
	jsonw_ku64(w, "worst_gap_cpu", x.gap_cpu);
	jsonw_kdouble(w, "worst_migration_ratio", ratio((double)x.migrations, (double)x.iterations));
	latencies(w, &x);
	jsonw_end_obj(w);
}

/* Nobody looked at run queues; what there is is the callbacks' profile. */
static void monitor(struct jsonw *w, const struct result *r)
{
	jsonw_kobj(w, "monitor");
	jsonw_ku64(w, "total_samples", 0);
	jsonw_kdouble(w, "max_imbalance_ratio", 0);
	jsonw_ku64(w, "max_local_dsq_depth", 0);
	jsonw_kbool(w, "stall_detected", r->verdict == VERDICT_STALLED);
	jsonw_kdouble(w, "avg_imbalance_ratio", 0);
	jsonw_kdouble(w, "avg_nr_running", 0);
	jsonw_kdouble(w, "avg_local_dsq_depth", 0);
	jsonw_karr(w, "prog_stats_deltas");
	for (size_t i = 0; i < r->progs.n; i++) {
		const struct prog *p = &r->progs.v[i];

		if (!p->counted)
			continue;
		jsonw_obj(w);
		jsonw_kstr(w, "name", p->name);
		jsonw_ku64(w, "cnt", p->run_cnt);
		jsonw_ku64(w, "nsecs", p->run_ns);
		jsonw_kdouble(w, "nsecs_per_call", ratio((double)p->run_ns, (double)p->run_cnt));
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

static void verifier_stats(struct jsonw *w, const struct progs *progs)
{
	jsonw_karr(w, "verifier_stats");
	for (size_t i = 0; i < progs->n; i++) {
		if (progs->v[i].verified_insns == PROG_NONE)
			continue;
		jsonw_obj(w);
		jsonw_kstr(w, "name", progs->v[i].name);
		jsonw_ku64(w, "verified_insns", progs->v[i].verified_insns);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

/* First the members of ktstr 0.3.2, in its order, then ours. */
void sidecar_cell_write(FILE *f, const struct sidecar_cell *c)
{
	const struct result *r = c->result;
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_kstr(&w, "test_name", c->test);
	jsonw_kstr(&w, "topology", c->topology);
	jsonw_kstr(&w, "scheduler", c->scheduler);
	jsonw_kbool(&w, "passed", r->verdict == VERDICT_ATTACHED);
	stats(&w, &r->tasks);
	monitor(&w, r);
	jsonw_karr(&w, "stimulus_events");
	jsonw_end_arr(&w);
	jsonw_kstr(&w, "work_type", "CpuSpin");
	verifier_stats(&w, &r->progs);
	kvm_stats_write(&w, &r->kvm);
	jsonw_kstr(&w, "flags", c->flags ? c->flags : "default");
	jsonw_kstr(&w, "preset", c->preset);
	jsonw_kstr(&w, "actual_topology", c->topology);
	jsonw_kstr(&w, "kernel", c->kernel);
	jsonw_kstr(&w, "release", r->release);
	jsonw_kstr(&w, "accel", r->accel);
	jsonw_kstr(&w, "verdict", verdict_name(r->verdict));
	jsonw_karr(&w, "details");
	if (r->reason)
		jsonw_str(&w, r->reason);
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

int sidecar_folder(const char *path, struct err *e)
{
	int fd;

	if (mkdir_p(AT_FDCWD, path, 0777, e) < 0)
		return err_in(e, "--sidecar-dir %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? err_sys(e, "--sidecar-dir %s", path) : fd;
}

/* The name under which the user asked for a guest's topology. */
static const char *preset_of(const struct sweep_guest *g, const struct opt_list *asked)
{
	for (size_t i = 0; i < asked->n; i++) {
		const struct preset *p = preset_find(asked->v[i], strlen(asked->v[i]));
		auto_free char *text = NULL;
		size_t n;

		if (!p)
			continue;
		FILE *f = xmemstream(&text, &n);

		topology_write(f, &p->topo);
		fclose(f);
		if (!strcmp(text, g->topology))
			return p->name;
	}
	return NULL;
}

/* Parts as the sweep's own folders have them: for people, of bounded length, and no two alike. */
static char *file_name(const struct sweep_cell *c, const struct sidecar_cell *x)
{
	const char *profile = c->profile ? strrchr(c->dir, '/') + 1 : "default";
	auto_free char *kernel = plan_slug(x->kernel);

	return xasprintf("%s.%s.%s.%s.ktstr.json", x->test, x->preset ? x->preset : c->guest->name, profile, kernel);
}

static int write_file(int dir, const char *name, const struct sidecar_cell *x, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	sidecar_cell_write(f, x);
	fclose(f);
	return file_write(dir, name, text, n, e) < 0 ? -1 : 0;
}

int sidecar_cells(int dir, const struct sweep *s, const struct report *r, const struct opt_list *asked, struct err *e)
{
	auto_free char *test = xasprintf("verifier_%s", s->name);

	for (size_t i = 0; i < s->n; i++) {
		const struct sweep_cell *c = &s->cells[i];
		struct sidecar_cell x = { .test = test,
					  .scheduler = s->name,
					  .topology = c->guest->label,
					  .preset = preset_of(c->guest, asked),
					  .flags = c->profile ? c->profile->name : NULL,
					  .kernel = c->name.kernel,
					  .result = &r->cells[i].result };
		auto_free char *name = file_name(c, &x);

		if (r->cells[i].have) {
			if (write_file(dir, name, &x, e) < 0)
				return err_in(e, "sidecar file");
		} else if (unlinkat(dir, name, 0) < 0 && errno != ENOENT) {
			return err_sys(e, "remove %s", name);
		}
	}
	return 0;
}
