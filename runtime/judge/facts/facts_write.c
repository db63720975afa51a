#include "base/mem.h"
#include "json/write.h"
#include "judge/facts/facts.h"

static void text(struct jsonw *w, const char *key, const char *value)
{
	if (value)
		jsonw_kstr(w, key, value);
}

static void number(struct jsonw *w, const char *key, bool known, uint64_t value)
{
	if (known)
		jsonw_ku64(w, key, value);
}

static void cpus(struct jsonw *w, const char *key, bool known, const struct cpus *value)
{
	char list[4 * CPUS_MAX];

	if (known && cpus_text(value, list, sizeof(list)))
		jsonw_kstr(w, key, list);
}

static void named_members(struct jsonw *w, const struct named *x)
{
	for (size_t i = 0; i < x->n; i++)
		jsonw_kdouble(w, x->v[i].name, x->v[i].value);
}

static void named(struct jsonw *w, const char *key, const struct named *x)
{
	if (!x->known)
		return;
	jsonw_kobj(w, key);
	named_members(w, x);
	jsonw_end_obj(w);
}

static void mark(struct jsonw *w, const struct facts_mark *m)
{
	jsonw_obj(w);
	jsonw_kstr(w, "name", m->name);
	jsonw_ku64(w, "ns", m->ns);
	number(w, "line", m->line, m->line);
	named(w, "events", &m->events);
	named(w, "vars", &m->vars);
	if (m->schedstat_known) {
		jsonw_karr(w, "schedstat");
		jsonw_arr(w);
		for (size_t i = 0; i < FACTS_SCHEDSTAT; i++)
			jsonw_u64(w, m->schedstat[i]);
		jsonw_end_arr(w);
		jsonw_end_arr(w);
	}
	if (m->runs.known) {
		jsonw_karr(w, "programs");
		for (size_t i = 0; i < m->runs.n; i++) {
			jsonw_obj(w);
			jsonw_kstr(w, "name", m->runs.v[i].name);
			jsonw_kdouble(w, "runs", m->runs.v[i].value);
			jsonw_kdouble(w, "ns", m->run_ns.v[i].value);
			if (m->insns.v[i].value)
				jsonw_kdouble(w, "insns", m->insns.v[i].value);
			jsonw_end_obj(w);
		}
		jsonw_end_arr(w);
	}
	jsonw_end_obj(w);
}

static void marks(struct jsonw *w, const struct facts *f)
{
	jsonw_karr(w, "marks");
	for (size_t i = 0; i < f->n_marks; i++)
		mark(w, &f->marks[i]);
	jsonw_end_arr(w);
	jsonw_karr(w, "lines");
	for (size_t i = 0; i < f->n_lines; i++) {
		jsonw_obj(w);
		jsonw_ku64(w, "ns", f->lines[i].ns);
		jsonw_ku64(w, "line", f->lines[i].line);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	jsonw_karr(w, "refused");
	for (size_t i = 0; i < f->n_refusals; i++) {
		jsonw_obj(w);
		text(w, "what", f->refusals[i].what);
		text(w, "error", f->refusals[i].error);
		jsonw_ku64(w, "line", f->refusals[i].line);
		jsonw_ku64(w, "times", f->refusals[i].times);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void favours(struct jsonw *w, const struct facts *f)
{
	if (!f->n_favours)
		return;
	jsonw_karr(w, "asked");
	for (size_t i = 0; i < f->n_favours; i++) {
		const struct facts_favour *v = &f->favours[i];

		jsonw_obj(w);
		text(w, "what", v->what);
		text(w, "profile", v->profile);
		jsonw_ku64(w, "line", v->line);
		jsonw_ku64(w, "ns", v->ns);
		jsonw_ku64(w, "took_ns", v->took_ns);
		text(w, "failed", v->failed);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void programs(struct jsonw *w, const struct facts *f)
{
	if (!f->n_programs)
		return;
	jsonw_karr(w, "programs");
	for (size_t i = 0; i < f->n_programs; i++) {
		const struct facts_program *p = &f->programs[i];

		jsonw_obj(w);
		text(w, "group", p->group);
		jsonw_ku64(w, "line", p->line);
		jsonw_ku64(w, "pid", p->pid);
		text(w, "ended", p->ended);
		jsonw_kobj(w, "values");
		named_members(w, &p->values);
		jsonw_end_obj(w);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void cgroups(struct jsonw *w, const struct facts *f)
{
	jsonw_karr(w, "cgroups");
	for (size_t i = 0; i < f->n_cgroups; i++) {
		const struct facts_cgroup *g = &f->cgroups[i];

		jsonw_obj(w);
		jsonw_kstr(w, "name", g->name);
		cpus(w, "cpus", g->cpus_known, &g->cpus);
		jsonw_karr(w, "cpu_stat");
		for (size_t k = 0; k < g->n; k++) {
			if (!g->stats[k].known) {
				jsonw_null(w);
				continue;
			}
			jsonw_obj(w);
			named_members(w, &g->stats[k]);
			jsonw_end_obj(w);
		}
		jsonw_end_arr(w);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void histogram(struct jsonw *w, const char *key, const struct histogram *h)
{
	if (!h)
		return;
	jsonw_kobj(w, key);
	jsonw_ku64(w, "n", h->n);
	jsonw_ku64(w, "min_ns", h->min_ns);
	jsonw_ku64(w, "max_ns", h->max_ns);
	jsonw_ku64(w, "sum_ns", h->sum_ns);
	jsonw_kdouble(w, "sq", h->squares);
	jsonw_karr(w, "steps");
	for (size_t i = 0; i < h->steps; i++) {
		jsonw_arr(w);
		jsonw_u64(w, h->v[i].step);
		jsonw_u64(w, h->v[i].count);
		jsonw_end_arr(w);
	}
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

static void phase(struct jsonw *w, const struct facts_phase *p)
{
	if (!p->there) {
		jsonw_null(w);
		return;
	}
	jsonw_obj(w);
	for (size_t i = 0; i < FACTS_COUNTS; i++)
		number(w, facts_count_names[i], p->has[i], p->v[i]);
	cpus(w, "cpus", p->cpus_known, &p->cpus);
	cpus(w, "allowed", p->allowed_known, &p->allowed);
	histogram(w, "latency", p->latency);
	histogram(w, "slack", p->slack);
	jsonw_end_obj(w);
}

static void workers(struct jsonw *w, const struct facts *f)
{
	jsonw_karr(w, "workers");
	for (size_t i = 0; i < f->n_workers; i++) {
		const struct facts_worker *x = &f->workers[i];

		jsonw_obj(w);
		jsonw_ku64(w, "id", x->id);
		text(w, "type", x->type);
		jsonw_kstr(w, "group", x->group);
		text(w, "comm", x->comm);
		number(w, "line", x->line, x->line);
		number(w, "pid", x->pid, x->pid);
		cpus(w, "allowed", x->allowed_known, &x->allowed);
		text(w, "ended", x->ended);
		number(w, "reaped_ns", x->reaped_known, x->reaped_ns);
		text(w, "error", x->error);
		jsonw_karr(w, "phases");
		for (size_t k = 0; k < x->n; k++)
			phase(w, &x->phases[k]);
		jsonw_end_arr(w);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void host(struct jsonw *w, const struct facts *f)
{
	if (!f->accel && !f->stolen_known && !f->n_kvm)
		return;
	jsonw_kobj(w, "host");
	text(w, "accel", f->accel);
	number(w, "stolen_ns", f->stolen_known, f->stolen_ns);
	if (f->n_kvm) {
		jsonw_kobj(w, "kvm_stats");
		jsonw_karr(w, "per_vcpu");
		for (size_t i = 0; i < f->n_kvm; i++) {
			jsonw_obj(w);
			named_members(w, &f->kvm[i]);
			jsonw_end_obj(w);
		}
		jsonw_end_arr(w);
		jsonw_end_obj(w);
	}
	jsonw_end_obj(w);
}

void facts_write(FILE *to, const struct facts *f)
{
	struct jsonw w;

	jsonw_init(&w, to);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 1);
	jsonw_kstr(&w, "clock", f->virtual_time ? "virtual" : "real");
	number(&w, "shift", f->shift_known, f->shift);
	jsonw_ku64(&w, "seed", f->seed);
	text(&w, "release", f->release);
	text(&w, "topology", f->topology);
	text(&w, "profile", f->profile);
	text(&w, "scheduler", f->scheduler);
	jsonw_kstr(&w, "outcome", facts_outcome_names[f->outcome]);
	text(&w, "reason", f->reason);
	text(&w, "exit_kind", f->exit_kind);
	if (f->exit_code_known)
		jsonw_ki64(&w, "exit_code", f->exit_code);
	number(&w, "restarts", f->restarts, f->restarts);
	number(&w, "tick_ns", f->tick_known, f->tick_ns);
	host(&w, f);
	number(&w, "cpus", f->cpus, f->cpus);
	number(&w, "reaped_ns", f->reaped_known, f->reaped_ns);
	number(&w, "end_ns", f->end_known, f->end_ns);
	marks(&w, f);
	favours(&w, f);
	programs(&w, f);
	cgroups(&w, f);
	workers(&w, f);
	samples_write(&w, &f->samples);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}
