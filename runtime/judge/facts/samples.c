#include "judge/facts/samples.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/write.h"
#include <inttypes.h>

#define AT(type, m) offsetof(struct type, m)

static int take_number(struct reader *r, void *to)
{
	return take_i64(r, to);
}

static int take_column(struct reader *r, struct sample_column *c)
{
	return take_list(r, SAMPLE_CPUS, sizeof(*c->v), (void **)&c->v, &c->n, take_number);
}

#define COLUMN(name) \
	static int take_##name(struct reader *r, void *to) \
	{ \
		return take_column(r, &((struct facts_sample *)to)->name); \
	}
COLUMN(nr)
COLUMN(scx)
COLUMN(flags)
COLUMN(local)
COLUMN(clock)
COLUMN(curr)

static int take_queue(struct reader *r, void *to)
{
	static const struct member members[] = {
		{ "id", TYPE_U64, AT(sample_queue, id), 0, NULL },
		{ "nr", TYPE_U64, AT(sample_queue, nr), 0, NULL },
		{ "pid", TYPE_U64, AT(sample_queue, pid), 0, NULL },
	};

	return take_object(r, members, countof(members), to);
}

static int take_dsqs(struct reader *r, void *to)
{
	struct facts_sample *s = to;

	s->dsqs_known = true;
	return take_list(r, SAMPLE_TASKS, sizeof(*s->dsqs), (void **)&s->dsqs, &s->n_dsqs, take_queue);
}

static int take_task(struct reader *r, void *to)
{
	static const struct member members[] = {
		{ "pid", TYPE_U64, AT(sample_task, pid), 0, NULL },
		{ "comm", TYPE_TEXT, AT(sample_task, comm), 0, NULL },
		{ "cpu", TYPE_U64, AT(sample_task, cpu), 0, NULL },
		{ "ns", TYPE_U64, AT(sample_task, ns), 0, NULL },
		{ "ticks", TYPE_U64, AT(sample_task, ticks), AT(sample_task, ticks_known), NULL },
		{ "dsq", TYPE_U64, AT(sample_task, dsq), AT(sample_task, dsq_known), NULL },
		{ "cpus", TYPE_CPUS, AT(sample_task, cpus), AT(sample_task, cpus_known), NULL },
	};

	return take_object(r, members, countof(members), to);
}

static int take_tasks(struct reader *r, void *to)
{
	struct facts_sample *s = to;

	return take_list(r, SAMPLE_TASKS, sizeof(*s->tasks), (void **)&s->tasks, &s->n_tasks, take_task);
}

static int take_pair(struct reader *r, void *to)
{
	struct sample_idle *p = to;
	uint64_t v[2] = { 0 };
	int n = take_two(r, v);

	if (n >= 0 && (n != 2 || v[0] >= SAMPLE_CPUS))
		return err_set(r->e, X_FAIL, "a CPU below %d and a place are expected", SAMPLE_CPUS);
	*p = (struct sample_idle){ v[0], v[1] };
	return n < 0 ? -1 : 0;
}

static int take_idle(struct reader *r, void *to)
{
	struct facts_sample *s = to;

	return take_list(r, SAMPLE_CPUS, sizeof(*s->idle), (void **)&s->idle, &s->n_idle, take_pair);
}

static int take_sample(struct reader *r, void *to)
{
	static const struct member members[] = {
		{ "nr", TYPE_CALL, 0, 0, take_nr },
		{ "scx", TYPE_CALL, 0, 0, take_scx },
		{ "flags", TYPE_CALL, 0, 0, take_flags },
		{ "local", TYPE_CALL, 0, 0, take_local },
		{ "clock", TYPE_CALL, 0, 0, take_clock },
		{ "curr", TYPE_CALL, 0, 0, take_curr },
		{ "dsqs", TYPE_CALL, 0, 0, take_dsqs },
		{ "waiting", TYPE_U64, AT(facts_sample, waiting), AT(facts_sample, waiting_known), NULL },
		{ "tasks", TYPE_CALL, 0, 0, take_tasks },
		{ "idle", TYPE_CALL, 0, 0, take_idle },
	};
	struct facts_sample *s = to;
	int kind = json_scan_kind(&r->scan);

	if (kind < 0 || kind == JSON_NULL)
		return kind < 0 ? -1 : json_scan_skip(&r->scan);
	s->there = true;
	if (take_object(r, members, countof(members), s) < 0)
		return -1;
	for (size_t i = 0; i < s->n_idle; i++)
		if (s->idle[i].task >= s->n_tasks)
			return err_set(r->e, X_FAIL, "idle: there is no task %" PRIu64, s->idle[i].task);
	return 0;
}

int take_samples(struct reader *r, struct facts_samples *to)
{
	to->known = true;
	return take_list(r, SAMPLES_ALL, sizeof(*to->v), (void **)&to->v, &to->n, take_sample);
}

static int take_time(struct reader *r, void *to)
{
	return take_u64(r, to);
}

int take_sampled(struct reader *r, struct facts_samples *to)
{
	return take_list(r, SAMPLES_ALL, sizeof(*to->ns), (void **)&to->ns, &to->n_ns, take_time);
}

void samples_settle(struct facts_samples *s)
{
	if (s->n != s->n_ns && !s->trouble)
		s->trouble = xasprintf("%zu samples were taken at %zu times", s->n, s->n_ns);
	for (size_t i = 0; i < s->n; i++) {
		bool timed = s->n == s->n_ns && (!i || s->ns[i] >= s->ns[i - 1]);

		s->v[i].there &= timed;
		s->v[i].ns = i < s->n_ns ? s->ns[i] : 0;
	}
}

static void column(struct jsonw *w, const char *key, const struct sample_column *c)
{
	if (!c->n)
		return;
	jsonw_karr(w, key);
	for (size_t i = 0; i < c->n; i++)
		jsonw_i64(w, c->v[i]);
	jsonw_end_arr(w);
}

static void queues(struct jsonw *w, const struct facts_sample *s)
{
	if (!s->dsqs_known)
		return;
	jsonw_karr(w, "dsqs");
	for (size_t i = 0; i < s->n_dsqs; i++) {
		jsonw_obj(w);
		jsonw_ku64(w, "id", s->dsqs[i].id);
		jsonw_ku64(w, "nr", s->dsqs[i].nr);
		jsonw_ku64(w, "pid", s->dsqs[i].pid);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void task(struct jsonw *w, const struct sample_task *t)
{
	char list[4 * CPUS_MAX];

	jsonw_obj(w);
	jsonw_ku64(w, "pid", t->pid);
	if (t->comm)
		jsonw_kstr(w, "comm", t->comm);
	jsonw_ku64(w, "cpu", t->cpu);
	jsonw_ku64(w, "ns", t->ns);
	if (t->ticks_known)
		jsonw_ku64(w, "ticks", t->ticks);
	if (t->dsq_known)
		jsonw_ku64(w, "dsq", t->dsq);
	if (t->cpus_known && cpus_text(&t->cpus, list, sizeof(list)))
		jsonw_kstr(w, "cpus", list);
	jsonw_end_obj(w);
}

static void tasks(struct jsonw *w, const struct facts_sample *s)
{
	if (s->waiting_known)
		jsonw_ku64(w, "waiting", s->waiting);
	jsonw_karr(w, "tasks");
	for (size_t i = 0; i < s->n_tasks; i++)
		task(w, &s->tasks[i]);
	jsonw_end_arr(w);
	jsonw_karr(w, "idle");
	for (size_t i = 0; i < s->n_idle; i++) {
		jsonw_arr(w);
		jsonw_u64(w, s->idle[i].cpu);
		jsonw_u64(w, s->idle[i].task);
		jsonw_end_arr(w);
	}
	jsonw_end_arr(w);
}

static void sample(struct jsonw *w, const struct facts_sample *s)
{
	if (!s->there) {
		jsonw_null(w);
		return;
	}
	jsonw_obj(w);
	column(w, "nr", &s->nr);
	column(w, "scx", &s->scx);
	column(w, "flags", &s->flags);
	column(w, "local", &s->local);
	column(w, "clock", &s->clock);
	column(w, "curr", &s->curr);
	queues(w, s);
	tasks(w, s);
	jsonw_end_obj(w);
}

void samples_write(struct jsonw *w, const struct facts_samples *s)
{
	if (!s->known)
		return;
	jsonw_karr(w, "sampled_ns");
	for (size_t i = 0; i < s->n_ns; i++)
		jsonw_u64(w, s->ns[i]);
	jsonw_end_arr(w);
	jsonw_karr(w, "samples");
	for (size_t i = 0; i < s->n; i++)
		sample(w, &s->v[i]);
	jsonw_end_arr(w);
	if (s->trouble)
		jsonw_kstr(w, "unlooked", s->trouble);
}

static void sample_free(struct facts_sample *s)
{
	free(s->nr.v);
	free(s->scx.v);
	free(s->flags.v);
	free(s->local.v);
	free(s->clock.v);
	free(s->curr.v);
	for (size_t i = 0; i < s->n_tasks; i++)
		free(s->tasks[i].comm);
	free(s->dsqs);
	free(s->tasks);
	free(s->idle);
}

void samples_free(struct facts_samples *s)
{
	for (size_t i = 0; i < s->n; i++)
		sample_free(&s->v[i]);
	free(s->v);
	free(s->ns);
	free(s->trouble);
	*s = (struct facts_samples){ 0 };
}
