#include "monitor/series.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "guest/board.h"
#include "json/write.h"
#include "monitor/watch.h"

void series_open(struct series *s)
{
	*s = (struct series){ 0 };
	s->samples = xmemstream(&s->text[0], &s->n[0]);
	s->marks = xmemstream(&s->text[1], &s->n[1]);
}

/* Who rings is on a CPU, and would not be there otherwise. */
static bool is_director(const struct rq_cpu *c)
{
	return !c->idle && !strcmp(c->comm, BOARD_LOOKER);
}

static bool is_idle(const struct rqs *r, size_t cpu)
{
	const struct rq_cpu *c = &r->v[cpu];

	return r->curr && c->online && (c->idle ? !c->v[RQ_NR] : is_director(c) && c->v[RQ_NR] == 1);
}

static void columns(struct jsonw *w, const struct rqs *r)
{
	static const enum rq_column told[] = { RQ_NR, RQ_SCX_NR, RQ_FLAGS, RQ_LOCAL, RQ_CLOCK };

	for (size_t i = 0; i < countof(told); i++) {
		if (!r->has[told[i]])
			continue;
		jsonw_karr(w, rq_column_names[told[i]]);
		for (size_t cpu = 0; cpu < r->n; cpu++) {
			uint64_t v = r->v[cpu].v[told[i]];

			jsonw_u64(w, v - (told[i] == RQ_NR && v && r->curr && is_director(&r->v[cpu])));
		}
		jsonw_end_arr(w);
	}
	if (!r->curr)
		return;
	jsonw_karr(w, "curr");
	for (size_t cpu = 0; cpu < r->n; cpu++)
		jsonw_i64(w, !r->v[cpu].online ? -1 : is_director(&r->v[cpu]) ? 0 : r->v[cpu].pid);
	jsonw_end_arr(w);
}

static int longest_queue(const void *a, const void *b)
{
	const struct dsq *x = a, *y = b;

	if (x->nr != y->nr)
		return x->nr < y->nr ? 1 : -1;
	return x->id < y->id ? -1 : x->id > y->id;
}

static void queues(struct jsonw *w, const struct dsqs *d)
{
	auto_free struct dsq *v = d->n ? xmemdup(d->v, d->n * sizeof(*v)) : NULL;

	if (!d->known)
		return;
	if (d->n)
		qsort(v, d->n, sizeof(*v), longest_queue);
	jsonw_karr(w, "dsqs");
	for (size_t i = 0; i < d->n && i < DSQS_TOLD && v[i].nr; i++) {
		jsonw_obj(w);
		jsonw_ku64(w, "id", v[i].id);
		jsonw_ku64(w, "nr", v[i].nr);
		if (v[i].pid > 0)
			jsonw_ku64(w, "pid", (uint64_t)v[i].pid);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void mask(struct jsonw *w, const struct waiter *t, size_t cpus)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (unsigned from = 0; from < cpus; from++) {
		unsigned to = from;

		if (!waiter_may_run(t, from))
			continue;
		while (to + 1 < cpus && waiter_may_run(t, to + 1))
			to++;
		fprintf(f, ftell(f) ? ",%u" : "%u", from);
		if (to > from)
			fprintf(f, "-%u", to);
		from = to;
	}
	fclose(f);
	jsonw_kstr(w, "cpus", text);
}

static void task(struct jsonw *w, const struct waiter *t, size_t cpus)
{
	jsonw_obj(w);
	jsonw_ki64(w, "pid", t->pid);
	jsonw_kstr(w, "comm", t->comm);
	jsonw_ku64(w, "cpu", t->cpu);
	jsonw_ku64(w, "ns", t->ns);
	if (t->ticks_known)
		jsonw_ku64(w, "ticks", t->ticks);
	if (t->dsq_known)
		jsonw_ku64(w, "dsq", t->dsq);
	mask(w, t, cpus);
	jsonw_end_obj(w);
}

/* For each idle CPU the one that has waited longest and may run there, else w->n. */
static size_t *longest_for_idle(const struct rqs *r, const struct waiters *w)
{
	size_t *first = xcalloc(r->n + 1, sizeof(*first));

	for (size_t cpu = 0; cpu < r->n; cpu++) {
		first[cpu] = w->n;
		for (size_t i = 0; is_idle(r, cpu) && i < w->n && first[cpu] == w->n; i++)
			if (waiter_may_run(&w->v[i], (unsigned)cpu))
				first[cpu] = i;
	}
	return first;
}

static void tasks(struct jsonw *w, const struct rqs *r, const struct waiters *t)
{
	auto_free size_t *first = NULL, *place = NULL;
	size_t told = 0;

	if (!t->known)
		return;
	first = longest_for_idle(r, t);
	place = xcalloc(t->n + 1, sizeof(*place)); /* 1 + where it is told */
	for (size_t i = 0; i < t->n && i < TASKS_TOLD; i++)
		place[i] = 1;
	for (size_t cpu = 0; cpu < r->n; cpu++)
		place[first[cpu]] = 1;
	jsonw_ku64(w, "waiting", t->n);
	jsonw_karr(w, "tasks");
	for (size_t i = 0; i < t->n; i++) {
		if (!place[i])
			continue;
		place[i] = ++told;
		task(w, &t->v[i], r->n);
	}
	jsonw_end_arr(w);
	jsonw_karr(w, "idle");
	for (size_t cpu = 0; cpu < r->n; cpu++) {
		if (first[cpu] == t->n)
			continue;
		jsonw_arr(w);
		jsonw_u64(w, cpu);
		jsonw_u64(w, place[first[cpu]] - 1);
		jsonw_end_arr(w);
	}
	jsonw_end_arr(w);
}

void series_write_queues(FILE *f, const struct view_queues *v)
{
	struct jsonw w;

	jsonw_init(&w, f);
	w.compact = true;
	jsonw_obj(&w);
	columns(&w, &v->rqs);
	queues(&w, &v->dsqs);
	tasks(&w, &v->rqs, &v->waiters);
	jsonw_end_obj(&w);
}

/* The kernel's second number is always 0. */
static void schedstat(struct jsonw *w, const struct rqs *r)
{
	bool all = true;

	for (int i = RQ_YLD; i <= RQ_PCOUNT; i++)
		all &= r->has[i];
	if (!all)
		return;
	jsonw_karr(w, "schedstat");
	for (size_t cpu = 0; cpu < r->n; cpu++) {
		if (!r->v[cpu].online)
			continue;
		jsonw_arr(w);
		for (int i = RQ_YLD; i <= RQ_PCOUNT; i++) {
			jsonw_u64(w, r->v[cpu].v[i]);
			if (i == RQ_YLD)
				jsonw_u64(w, 0);
		}
		jsonw_end_arr(w);
	}
	jsonw_end_arr(w);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct prog *)a)->short_name, ((const struct prog *)b)->short_name);
}

/* What programs of one name were, together. */
struct ran {
	uint64_t runs, ns;
	uint32_t insns; /* the most of them; 0: not known */
};

static void program(struct jsonw *w, const struct prog *p, const struct ran *r)
{
	char name[PROG_NAME_KEPT + 1];

	snprintf(name, sizeof(name), "%.*s", PROG_NAME_KEPT, p->short_name);
	jsonw_obj(w);
	jsonw_kstr(w, "name", name);
	jsonw_ku64(w, "runs", r->runs);
	jsonw_ku64(w, "ns", r->ns);
	if (r->insns)
		jsonw_ku64(w, "insns", r->insns);
	jsonw_end_obj(w);
}

static void programs(struct jsonw *w, const struct progs *p)
{
	auto_free struct prog *v = p->n ? xmemdup(p->v, p->n * sizeof(*v)) : NULL;
	struct ran r = { 0 };

	if (p->n)
		qsort(v, p->n, sizeof(*v), by_name);
	jsonw_karr(w, "programs");
	for (size_t i = 0; i < p->n; i++) {
		r.runs += v[i].run_cnt;
		r.ns += v[i].run_ns;
		if (v[i].verified_insns != PROG_NONE && v[i].verified_insns > r.insns)
			r.insns = v[i].verified_insns;
		if (i + 1 < p->n && !strncmp(v[i].short_name, v[i + 1].short_name, PROG_NAME_KEPT))
			continue;
		if (*v[i].short_name)
			program(w, &v[i], &r);
		r = (struct ran){ 0 };
	}
	jsonw_end_arr(w);
}

void series_write_counts(FILE *f, const struct view_counts *v, const struct watch *watch)
{
	struct jsonw w;

	jsonw_init(&w, f);
	w.compact = true;
	jsonw_obj(&w);
	if (v->events.known) {
		jsonw_kobj(&w, "events");
		for (size_t i = 0; i < watch->queues.n_events; i++)
			jsonw_ki64(&w, watch->queues.events[i].name, v->events.v[i]);
		jsonw_end_obj(&w);
	}
	schedstat(&w, &v->rqs);
	programs(&w, &v->progs);
	jsonw_end_obj(&w);
}

void series_trouble(struct series *s, const char *why)
{
	if (!s->trouble)
		s->trouble = xstrdup(why);
}

static void unread(struct series *s, FILE *f, const char *why)
{
	fputs("null", f);
	series_trouble(s, why);
}

void series_sample(struct series *s, const struct watch *w)
{
	auto_view_queues struct view_queues v = { 0 };
	struct err e = { 0 };

	if (s->n_samples == SERIES_SAMPLES)
		return;
	if (s->n_samples++)
		fputs(",\n", s->samples);
	if ((size_t)ftell(s->samples) > SERIES_MAX)
		unread(s, s->samples, "there are more samples than are kept");
	else if (watch_queues(&v, w, &e) < 0)
		unread(s, s->samples, e.msg);
	else
		series_write_queues(s->samples, &v);
}

void series_mark(struct series *s, const struct watch *w)
{
	auto_view_counts struct view_counts v = { 0 };
	struct err e = { 0 };

	if (s->n_marks == SERIES_MARKS)
		return;
	if (s->n_marks++)
		fputs(",\n", s->marks);
	if (watch_counts(&v, w, &e) < 0)
		unread(s, s->marks, e.msg);
	else
		series_write_counts(s->marks, &v, w);
}

static void finish(struct series *s)
{
	if (s->samples)
		fclose(s->samples);
	if (s->marks)
		fclose(s->marks);
	s->samples = s->marks = NULL;
}

void series_write(FILE *f, struct series *s)
{
	finish(s);
	fprintf(f, ",\n\"samples\":[\n%s],\n\"looked\":[\n%s]", s->text[0], s->text[1]);
	if (!s->trouble)
		return;
	fputs(",\n\"unlooked\":", f);

	struct jsonw w;

	jsonw_init(&w, f);
	w.compact = true;
	jsonw_str(&w, s->trouble);
}

void series_free(struct series *s)
{
	finish(s);
	free(s->text[0]);
	free(s->text[1]);
	free(s->trouble);
	*s = (struct series){ 0 };
}
