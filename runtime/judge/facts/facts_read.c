#include "base/err.h"
#include "base/mem.h"
#include "judge/facts/facts.h"
#include "judge/facts/read.h"
#include <inttypes.h>

#define AT(type, m) offsetof(struct type, m)

static int take_events(struct reader *r, void *to)
{
	return take_named(r, &((struct facts_mark *)to)->events);
}

static int take_vars(struct reader *r, void *to)
{
	return take_named(r, &((struct facts_mark *)to)->vars);
}

struct program {
	char *name;
	double runs, ns, insns;
	bool known;
};

static const struct member program_members[] = {
	{ "name", TYPE_TEXT, AT(program, name), 0, NULL },
	{ "runs", TYPE_DOUBLE, AT(program, runs), AT(program, known), NULL },
	{ "ns", TYPE_DOUBLE, AT(program, ns), 0, NULL },
	{ "insns", TYPE_DOUBLE, AT(program, insns), 0, NULL },
};

static bool named_twice(const struct named *x)
{
	for (size_t i = 1; i < x->n; i++) {
		if (!strcmp(x->v[i - 1].name, x->v[i].name))
			return true;
	}
	return false;
}

static int take_programs(struct reader *r, void *to)
{
	struct facts_mark *m = to;
	int got;

	if (take_kind(r, JSON_ARRAY) < 0 || json_scan_enter(&r->scan) < 0)
		return -1;
	m->runs.known = m->run_ns.known = m->insns.known = true;
	while ((got = json_scan_next(&r->scan, NULL)) > 0) {
		struct program p = { 0 };
		bool bad = take_object(r, program_members, countof(program_members), &p) < 0;

		if (!bad && (!p.name || !p.known || m->runs.n == READ_NAMED)) {
			bad = true;
			err_set(r->e, X_FAIL, "at most %d programs, each with name and runs, are expected", READ_NAMED);
		}
		if (bad) {
			free(p.name);
			return err_in(r->e, "%zu", m->runs.n);
		}
		named_put(&m->run_ns, xstrdup(p.name), p.ns);
		named_put(&m->insns, xstrdup(p.name), p.insns);
		named_put(&m->runs, p.name, p.runs);
	}
	named_sort(&m->runs);
	named_sort(&m->run_ns);
	named_sort(&m->insns);
	return got == 0 && named_twice(&m->runs) ? err_set(r->e, X_FAIL, "a program twice") : got;
}

static int take_schedstat_cpu(struct reader *r, struct facts_mark *m)
{
	uint64_t v;
	size_t n = 0;
	int got;

	if (take_kind(r, JSON_ARRAY) < 0 || json_scan_enter(&r->scan) < 0)
		return -1;
	while ((got = json_scan_next(&r->scan, NULL)) > 0) {
		if (take_u64(r, &v) < 0)
			return -1;
		if (n < FACTS_SCHEDSTAT)
			m->schedstat[n] += v;
		n++;
	}
	return got == 0 && n < FACTS_SCHEDSTAT ? err_set(r->e, X_FAIL, "%d numbers are expected", FACTS_SCHEDSTAT)
					       : got;
}

static int take_schedstat(struct reader *r, void *to)
{
	struct facts_mark *m = to;
	int got;

	if (take_kind(r, JSON_ARRAY) < 0 || json_scan_enter(&r->scan) < 0)
		return -1;
	m->schedstat_known = true;
	memset(m->schedstat, 0, sizeof(m->schedstat));
	while ((got = json_scan_next(&r->scan, NULL)) > 0)
		if (take_schedstat_cpu(r, m) < 0)
			return -1;
	return got;
}

static const struct member mark_members[] = {
	{ "name", TYPE_TEXT, AT(facts_mark, name), 0, NULL },
	{ "ns", TYPE_U64, AT(facts_mark, ns), 0, NULL },
	{ "line", TYPE_U64, AT(facts_mark, line), 0, NULL },
	{ "events", TYPE_CALL, 0, 0, take_events },
	{ "vars", TYPE_CALL, 0, 0, take_vars },
	{ "programs", TYPE_CALL, 0, 0, take_programs },
	{ "schedstat", TYPE_CALL, 0, 0, take_schedstat },
};

static int take_mark(struct reader *r, void *to)
{
	struct facts_mark *m = to;

	if (take_object(r, mark_members, countof(mark_members), m) < 0)
		return -1;
	return m->name ? 0 : err_set(r->e, X_FAIL, "name is missing");
}

static int take_marks(struct reader *r, void *to)
{
	struct facts *f = to;

	return take_list(r, FACTS_MARKS, sizeof(*f->marks), (void **)&f->marks, &f->n_marks, take_mark);
}

static int take_look(struct reader *r, void *to)
{
	int kind = json_scan_kind(&r->scan);

	if (kind < 0 || kind == JSON_NULL)
		return kind < 0 ? -1 : json_scan_skip(&r->scan);
	return take_object(r, mark_members, countof(mark_members), to);
}

static int take_looked(struct reader *r, void *to)
{
	struct facts *f = to;

	return take_list(r, FACTS_MARKS, sizeof(*f->looked), (void **)&f->looked, &f->n_looked, take_look);
}

static int take_all_samples(struct reader *r, void *to)
{
	return take_samples(r, &((struct facts *)to)->samples);
}

static int take_all_sampled(struct reader *r, void *to)
{
	return take_sampled(r, &((struct facts *)to)->samples);
}

static const struct member line_members[] = {
	{ "ns", TYPE_U64, AT(facts_line, ns), 0, NULL },
	{ "line", TYPE_U64, AT(facts_line, line), 0, NULL },
};

static int take_line(struct reader *r, void *to)
{
	return take_object(r, line_members, countof(line_members), to);
}

static int take_lines(struct reader *r, void *to)
{
	struct facts *f = to;

	return take_list(r, FACTS_LINES, sizeof(*f->lines), (void **)&f->lines, &f->n_lines, take_line);
}

static const struct member refusal_members[] = {
	{ "what", TYPE_TEXT, AT(facts_refusal, what), 0, NULL },
	{ "error", TYPE_TEXT, AT(facts_refusal, error), 0, NULL },
	{ "line", TYPE_U64, AT(facts_refusal, line), 0, NULL },
	{ "times", TYPE_U64, AT(facts_refusal, times), 0, NULL },
};

static int take_refusal(struct reader *r, void *to)
{
	return take_object(r, refusal_members, countof(refusal_members), to);
}

static int take_refusals(struct reader *r, void *to)
{
	struct facts *f = to;

	return take_list(r, FACTS_LINES, sizeof(*f->refusals), (void **)&f->refusals, &f->n_refusals, take_refusal);
}

static const struct member favour_members[] = {
	{ "what", TYPE_TEXT, AT(facts_favour, what), 0, NULL },
	{ "profile", TYPE_TEXT, AT(facts_favour, profile), 0, NULL },
	{ "failed", TYPE_TEXT, AT(facts_favour, failed), 0, NULL },
	{ "line", TYPE_U64, AT(facts_favour, line), 0, NULL },
	{ "ns", TYPE_U64, AT(facts_favour, ns), 0, NULL },
	{ "took_ns", TYPE_U64, AT(facts_favour, took_ns), 0, NULL },
};

static int take_favour(struct reader *r, void *to)
{
	struct facts_favour *v = to;

	if (take_object(r, favour_members, countof(favour_members), v) < 0)
		return -1;
	return v->what ? 0 : err_set(r->e, X_FAIL, "what is missing");
}

static int take_favours(struct reader *r, void *to)
{
	struct facts *f = to;

	return take_list(r, FACTS_LINES, sizeof(*f->favours), (void **)&f->favours, &f->n_favours, take_favour);
}

static int take_values(struct reader *r, void *to)
{
	return take_named(r, &((struct facts_program *)to)->values);
}

static const struct member ran_members[] = {
	{ "group", TYPE_TEXT, AT(facts_program, group), 0, NULL },
	{ "ended", TYPE_TEXT, AT(facts_program, ended), 0, NULL },
	{ "line", TYPE_U64, AT(facts_program, line), 0, NULL },
	{ "pid", TYPE_U64, AT(facts_program, pid), 0, NULL },
	{ "values", TYPE_CALL, 0, 0, take_values },
};

static int take_program(struct reader *r, void *to)
{
	return take_object(r, ran_members, countof(ran_members), to);
}

static int take_ran(struct reader *r, void *to)
{
	struct facts *f = to;

	return take_list(r, FACTS_LINES, sizeof(*f->programs), (void **)&f->programs, &f->n_programs, take_program);
}

static int take_stat(struct reader *r, void *to)
{
	int kind = json_scan_kind(&r->scan);

	if (kind < 0)
		return -1;
	return kind == JSON_NULL ? json_scan_skip(&r->scan) : take_named(r, to);
}

static int take_stats(struct reader *r, void *to)
{
	struct facts_cgroup *g = to;

	return take_list(r, FACTS_MARKS, sizeof(*g->stats), (void **)&g->stats, &g->n, take_stat);
}

static const struct member cgroup_members[] = {
	{ "name", TYPE_TEXT, AT(facts_cgroup, name), 0, NULL },
	{ "cpus", TYPE_CPUS, AT(facts_cgroup, cpus), AT(facts_cgroup, cpus_known), NULL },
	{ "cpu_stat", TYPE_CALL, 0, 0, take_stats },
};

static int take_cgroup(struct reader *r, void *to)
{
	struct facts_cgroup *g = to;

	if (take_object(r, cgroup_members, countof(cgroup_members), g) < 0)
		return -1;
	return g->name ? 0 : err_set(r->e, X_FAIL, "name is missing");
}

static int take_cgroups(struct reader *r, void *to)
{
	struct facts *f = to;

	return take_list(r, FACTS_CGROUPS, sizeof(*f->cgroups), (void **)&f->cgroups, &f->n_cgroups, take_cgroup);
}

static int take_step(struct reader *r, void *to)
{
	struct histogram_step *s = to;
	uint64_t v[2] = { 0 };
	int n = take_two(r, v);

	if (n >= 0 && (n != 2 || v[0] >= HISTOGRAM_STEPS || !v[1]))
		return err_set(r->e, X_FAIL, "a step below %d and how often are expected", HISTOGRAM_STEPS);
	*s = (struct histogram_step){ (uint16_t)v[0], v[1] };
	return n < 0 ? -1 : 0;
}

static int take_steps(struct reader *r, void *to)
{
	struct histogram *h = to;

	return take_list(r, HISTOGRAM_STEPS, sizeof(*h->v), (void **)&h->v, &h->steps, take_step);
}

static int take_squares(struct reader *r, void *to)
{
	return take_double(r, &((struct histogram *)to)->squares);
}

static const struct member histogram_members[] = {
	{ "n", TYPE_U64, AT(histogram, n), 0, NULL },
	{ "min_ns", TYPE_U64, AT(histogram, min_ns), 0, NULL },
	{ "max_ns", TYPE_U64, AT(histogram, max_ns), 0, NULL },
	{ "sum_ns", TYPE_U64, AT(histogram, sum_ns), 0, NULL },
	{ "sq", TYPE_CALL, 0, 0, take_squares },
	{ "steps", TYPE_CALL, 0, 0, take_steps },
};

/* Its counts must be those of one set of times, or percentiles would be of another than the rest. */
static int consistent(struct reader *r, const struct histogram *h)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < h->steps; i++) {
		if (i && h->v[i - 1].step >= h->v[i].step)
			return err_set(r->e, X_FAIL, "steps: they must ascend");
		if (h->v[i].count > UINT64_MAX - sum)
			return err_set(r->e, X_FAIL, "steps: more than can be counted");
		sum += h->v[i].count;
	}
	if (sum != h->n)
		return err_set(r->e, X_FAIL, "n is %" PRIu64 ", and steps have %" PRIu64, h->n, sum);
	if (h->n ? step_of(h->min_ns) != h->v[0].step || step_of(h->max_ns) != h->v[h->steps - 1].step ||
			    h->min_ns > h->max_ns || h->squares < 0
		 : h->min_ns || h->max_ns || h->sum_ns || h->squares != 0)
		return err_set(r->e, X_FAIL, "min_ns, max_ns and sq do not belong to these steps");
	return 0;
}

static int take_histogram(struct reader *r, struct histogram **to)
{
	*to = xcalloc(1, sizeof(**to));
	if (take_object(r, histogram_members, countof(histogram_members), *to) < 0)
		return -1;
	return consistent(r, *to);
}

static int take_latency(struct reader *r, void *to)
{
	return take_histogram(r, &((struct facts_phase *)to)->latency);
}

static int take_slack(struct reader *r, void *to)
{
	return take_histogram(r, &((struct facts_phase *)to)->slack);
}

static const struct member phase_members[] = {
	{ "cpus", TYPE_CPUS, AT(facts_phase, cpus), AT(facts_phase, cpus_known), NULL },
	{ "allowed", TYPE_CPUS, AT(facts_phase, allowed), AT(facts_phase, allowed_known), NULL },
	{ "latency", TYPE_CALL, 0, 0, take_latency },
	{ "slack", TYPE_CALL, 0, 0, take_slack },
};

static int take_phase(struct reader *r, void *to)
{
	struct member members[FACTS_COUNTS + countof(phase_members)];
	struct facts_phase *p = to;
	int kind = json_scan_kind(&r->scan);

	if (kind < 0 || kind == JSON_NULL)
		return kind < 0 ? -1 : json_scan_skip(&r->scan);
	for (size_t i = 0; i < FACTS_COUNTS; i++)
		members[i] = (struct member){ facts_count_names[i], TYPE_U64, AT(facts_phase, v[i]),
					      AT(facts_phase, has[i]), NULL };
	memcpy(&members[FACTS_COUNTS], phase_members, sizeof(phase_members));
	p->there = true;
	return take_object(r, members, countof(members), p);
}

static int take_phases(struct reader *r, void *to)
{
	struct facts_worker *w = to;

	return take_list(r, FACTS_PHASES, sizeof(*w->phases), (void **)&w->phases, &w->n, take_phase);
}

static const struct member worker_members[] = {
	{ "id", TYPE_U64, AT(facts_worker, id), AT(facts_worker, id_known), NULL },
	{ "type", TYPE_TEXT, AT(facts_worker, type), 0, NULL },
	{ "group", TYPE_TEXT, AT(facts_worker, group), 0, NULL },
	{ "comm", TYPE_TEXT, AT(facts_worker, comm), 0, NULL },
	{ "line", TYPE_U64, AT(facts_worker, line), 0, NULL },
	{ "pid", TYPE_U64, AT(facts_worker, pid), 0, NULL },
	{ "allowed", TYPE_CPUS, AT(facts_worker, allowed), AT(facts_worker, allowed_known), NULL },
	{ "ended", TYPE_TEXT, AT(facts_worker, ended), 0, NULL },
	{ "reaped_ns", TYPE_U64, AT(facts_worker, reaped_ns), AT(facts_worker, reaped_known), NULL },
	{ "error", TYPE_TEXT, AT(facts_worker, error), 0, NULL },
	{ "phases", TYPE_CALL, 0, 0, take_phases },
};

static int take_worker(struct reader *r, void *to)
{
	struct facts_worker *w = to;

	if (take_object(r, worker_members, countof(worker_members), w) < 0)
		return -1;
	if (!w->id_known || !w->group)
		return err_set(r->e, X_FAIL, "%s is missing", w->id_known ? "group" : "id");
	return 0;
}

static int by_id(const void *a, const void *b)
{
	uint64_t x = ((const struct facts_worker *)a)->id, y = ((const struct facts_worker *)b)->id;

	return x < y ? -1 : x > y;
}

static int take_workers(struct reader *r, void *to)
{
	struct facts *f = to;

	if (take_list(r, FACTS_WORKERS, sizeof(*f->workers), (void **)&f->workers, &f->n_workers, take_worker) < 0)
		return -1;
	if (f->n_workers)
		qsort(f->workers, f->n_workers, sizeof(*f->workers), by_id);
	for (size_t i = 1; i < f->n_workers; i++) {
		if (f->workers[i - 1].id == f->workers[i].id)
			return err_set(r->e, X_FAIL, "worker %" PRIu64 " twice", f->workers[i].id);
	}
	return 0;
}

static int take_vcpu(struct reader *r, void *to)
{
	return take_named(r, to);
}

static int take_vcpus(struct reader *r, void *to)
{
	struct facts *f = to;

	return take_list(r, FACTS_VCPUS, sizeof(*f->kvm), (void **)&f->kvm, &f->n_kvm, take_vcpu);
}

static const struct member kvm_members[] = {
	{ "per_vcpu", TYPE_CALL, 0, 0, take_vcpus },
};

static int take_kvm(struct reader *r, void *to)
{
	return take_object(r, kvm_members, countof(kvm_members), to);
}

static const struct member host_members[] = {
	{ "accel", TYPE_TEXT, AT(facts, accel), 0, NULL },
	{ "stolen_ns", TYPE_U64, AT(facts, stolen_ns), AT(facts, stolen_known), NULL },
	{ "kvm_stats", TYPE_CALL, 0, 0, take_kvm },
};

static int take_host(struct reader *r, void *to)
{
	return take_object(r, host_members, countof(host_members), to);
}

static int take_format(struct reader *r, void *to)
{
	uint64_t format;

	(void)to;
	if (take_u64(r, &format) < 0)
		return -1;
	return format == 1 ? 0 : err_set(r->e, X_FAIL, "%" PRIu64 " is one this version cannot read", format);
}

/* Which of these words is next. */
static int take_word(struct reader *r, const char *const *words, size_t n, size_t *which)
{
	auto_free char *text = NULL;

	if (take_text(r, &text) < 0)
		return -1;
	for (*which = 0; *which < n; ++*which) {
		if (!strcmp(text, words[*which]))
			return 0;
	}
	return err_set(r->e, X_FAIL, "%s, %s … is expected", words[0], words[1]);
}

static int take_clock(struct reader *r, void *to)
{
	static const char *const words[] = { "real", "virtual" };
	struct facts *f = to;
	size_t which;

	if (take_word(r, words, countof(words), &which) < 0)
		return -1;
	f->virtual_time = which == 1;
	return 0;
}

static int take_outcome(struct reader *r, void *to)
{
	struct facts *f = to;
	size_t which;

	if (take_word(r, facts_outcome_names, OUTCOMES, &which) < 0)
		return -1;
	f->outcome = (enum facts_outcome)which;
	f->outcome_known = true;
	return 0;
}

static const struct member facts_members[] = {
	{ "format", TYPE_CALL, 0, 0, take_format },
	{ "clock", TYPE_CALL, 0, 0, take_clock },
	{ "shift", TYPE_U64, AT(facts, shift), AT(facts, shift_known), NULL },
	{ "seed", TYPE_U64, AT(facts, seed), 0, NULL },
	{ "release", TYPE_TEXT, AT(facts, release), 0, NULL },
	{ "topology", TYPE_TEXT, AT(facts, topology), 0, NULL },
	{ "profile", TYPE_TEXT, AT(facts, profile), 0, NULL },
	{ "scheduler", TYPE_TEXT, AT(facts, scheduler), 0, NULL },
	{ "outcome", TYPE_CALL, 0, 0, take_outcome },
	{ "reason", TYPE_TEXT, AT(facts, reason), 0, NULL },
	{ "exit_kind", TYPE_TEXT, AT(facts, exit_kind), 0, NULL },
	{ "exit_code", TYPE_I64, AT(facts, exit_code), AT(facts, exit_code_known), NULL },
	{ "restarts", TYPE_U64, AT(facts, restarts), 0, NULL },
	{ "tick_ns", TYPE_U64, AT(facts, tick_ns), AT(facts, tick_known), NULL },
	{ "host", TYPE_CALL, 0, 0, take_host },
	{ "cpus", TYPE_U64, AT(facts, cpus), 0, NULL },
	{ "reaped_ns", TYPE_U64, AT(facts, reaped_ns), AT(facts, reaped_known), NULL },
	{ "end_ns", TYPE_U64, AT(facts, end_ns), AT(facts, end_known), NULL },
	{ "marks", TYPE_CALL, 0, 0, take_marks },
	{ "lines", TYPE_CALL, 0, 0, take_lines },
	{ "refused", TYPE_CALL, 0, 0, take_refusals },
	{ "asked", TYPE_CALL, 0, 0, take_favours },
	{ "programs", TYPE_CALL, 0, 0, take_ran },
	{ "cgroups", TYPE_CALL, 0, 0, take_cgroups },
	{ "workers", TYPE_CALL, 0, 0, take_workers },
	{ "looked", TYPE_CALL, 0, 0, take_looked },
	{ "samples", TYPE_CALL, 0, 0, take_all_samples },
	{ "sampled_ns", TYPE_CALL, 0, 0, take_all_sampled },
	{ "unlooked", TYPE_TEXT, AT(facts, samples.trouble), 0, NULL },
};

static int take_facts(struct reader *r, void *to)
{
	struct facts *f = to;

	if (take_object(r, facts_members, countof(facts_members), f) < 0)
		return -1;
	return f->outcome_known ? 0 : err_set(r->e, X_FAIL, "outcome is missing");
}

static void swap(struct named *a, struct named *b)
{
	struct named c = *a;

	*a = *b;
	*b = c;
}

/* What was read while nothing moved is of one moment. */
static void prefer_looked(struct facts *f)
{
	for (size_t i = 0; i < f->n_marks && i < f->n_looked; i++) {
		struct facts_mark *m = &f->marks[i], *l = &f->looked[i];

		if (l->events.known)
			swap(&m->events, &l->events);
		if (l->runs.known) {
			swap(&m->runs, &l->runs);
			swap(&m->run_ns, &l->run_ns);
			swap(&m->insns, &l->insns);
		}
		if (l->schedstat_known) {
			m->schedstat_known = true;
			memcpy(m->schedstat, l->schedstat, sizeof(m->schedstat));
		}
	}
}

int facts_read(struct facts *f, const char *text, size_t n, struct err *e)
{
	struct facts out = { 0 };

	if (read_text(text, n, take_facts, &out, e) < 0) {
		facts_free(&out);
		return -1;
	}
	prefer_looked(&out);
	samples_settle(&out.samples);
	for (size_t i = 0; i < out.n_workers; i++)
		out.phases = out.phases > out.workers[i].n ? out.phases : out.workers[i].n;
	*f = out;
	return 0;
}
