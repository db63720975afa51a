#include "gen/replay/looks.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "json/read.h"
#include "judge/facts/facts.h"

enum { LOOKS_MAX = 1 << 20, LIST_MAX = 4096, NEAR_NS = 500000, MARKS_TRIED = 32, DIRECTORS_TRIED = 512 };

#define NOW_MAX (UINT64_MAX / 8) /* times are subtracted from each other */

static void look_free(struct look *x)
{
	for (size_t i = 0; i < x->n_tasks; i++) {
		free(x->tasks[i].comm);
		free(x->tasks[i].cpus);
	}
	free(x->tasks);
	free(x->queues);
	free(x->curr);
	free(x->nr);
	*x = (struct look){ 0 };
}

static int u64(const struct json *j, int obj, const char *key, uint64_t *out, struct err *e)
{
	int r = json_u64(j, json_get(j, obj, key), out, e);

	return r < 0 ? err_in(e, "%s", key) : r;
}

static int read_cpus(struct look *x, const struct json *j, int at, struct err *e)
{
	int curr = json_get(j, at, "curr"), nr = json_get(j, at, "nr"), n = json_count(j, curr);

	if (n < 1 || n > LOOKS_CPUS || json_count(j, nr) != n)
		return err_set(e, X_FAIL, "curr and nr: as many CPUs in both are expected");
	x->cpus = (size_t)n;
	x->curr = xcalloc(x->cpus, sizeof(*x->curr));
	x->nr = xcalloc(x->cpus, sizeof(*x->nr));
	for (int i = 0; i < n; i++)
		if (json_i64(j, json_at(j, curr, i), &x->curr[i], e) || json_u64(j, json_at(j, nr, i), &x->nr[i], e))
			return err_set(e, X_FAIL, "curr, nr: numbers are expected");
	return 0;
}

static int read_queues(struct look *x, const struct json *j, int list, struct err *e)
{
	int n = json_count(j, list);

	x->queues_known = json_kind(j, list) == JSON_ARRAY;
	if (n > LIST_MAX)
		return err_set(e, X_FAIL, "dsqs: too many");
	x->queues = xcalloc((size_t)n + 1, sizeof(*x->queues));
	for (int i = 0; i < n; i++) {
		struct look_queue *q = &x->queues[x->n_queues];
		int at = json_at(j, list, i);

		if (u64(j, at, "id", &q->id, e) || u64(j, at, "nr", &q->nr, e) || u64(j, at, "pid", &q->pid, e) < 0)
			return err_set(e, X_FAIL, "dsqs: id and nr are expected");
		x->n_queues++;
	}
	return 0;
}

static int read_tasks(struct look *x, const struct json *j, int list, struct err *e)
{
	int n = json_count(j, list);

	x->tasks_known = json_kind(j, list) == JSON_ARRAY;
	if (n > LIST_MAX)
		return err_set(e, X_FAIL, "tasks: too many");
	x->tasks = xcalloc((size_t)n + 1, sizeof(*x->tasks));
	for (int i = 0; i < n; i++) {
		struct look_task *t = &x->tasks[x->n_tasks++];
		int at = json_at(j, list, i), dsq;

		if (u64(j, at, "pid", &t->pid, e) || u64(j, at, "cpu", &t->cpu, e) || u64(j, at, "ns", &t->ns, e) ||
		    (dsq = u64(j, at, "dsq", &t->dsq, e)) < 0 || json_str(j, json_get(j, at, "comm"), &t->comm, e) ||
		    json_str(j, json_get(j, at, "cpus"), &t->cpus, e))
			return err_set(e, X_FAIL, "tasks: pid, comm, cpu, ns and cpus are expected");
		t->dsq_known = dsq == 0;
	}
	return 0;
}

static int read_look(struct look *x, const struct json *j, int at, struct err *e)
{
	if (u64(j, at, "now", &x->now, e) || x->now > NOW_MAX || u64(j, at, "turns", &x->turns, e) ||
	    json_bool(j, json_get(j, at, "director"), &x->director, e))
		return err_set(e, X_FAIL, "now, turns and director are expected");
	if (u64(j, at, "waiting", &x->waiting, e) < 0)
		return -1;
	return read_cpus(x, j, at, e) < 0 || read_queues(x, j, json_get(j, at, "dsqs"), e) < 0 ||
			       read_tasks(x, j, json_get(j, at, "tasks"), e) < 0
		       ? -1
		       : 0;
}

int looks_add(struct looks *l, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };
	uint64_t thrown = 0;

	if (json_parse(&j, text, n, e) < 0)
		return -1;
	int list = json_get(&j, 0, "looks"), count = json_count(&j, list);

	if (u64(&j, 0, "thrown", &thrown, e) < 0)
		return -1;
	if (json_kind(&j, list) != JSON_ARRAY || l->n + (size_t)count > LOOKS_MAX)
		return err_set(e, X_FAIL, "looks: a list of at most %d is expected", LOOKS_MAX);
	l->v = xreallocarray(l->v, l->n + (size_t)count + 1, sizeof(*l->v));
	for (int i = 0; i < count; i++) {
		struct look x = { 0 };

		if (read_look(&x, &j, json_at(&j, list, i), e) < 0) {
			look_free(&x);
			return err_in(e, "look %d", i + 1);
		}
		l->v[l->n++] = x;
	}
	l->thrown += thrown;
	l->runs++;
	return 0;
}

static bool says_more(const struct look *a, const struct look *b)
{
	return a->tasks_known && !b->tasks_known;
}

static int by_time(const void *a, const void *b)
{
	const struct look *x = a, *y = b;

	if (x->turns != y->turns)
		return x->turns < y->turns ? -1 : 1;
	if (x->now != y->now)
		return x->now < y->now ? -1 : 1;
	return says_more(y, x) - says_more(x, y);
}

/* Between two changes of task nothing that we show is another. */
static void unite(struct looks *l)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		if (!n || l->v[n - 1].turns != l->v[i].turns || l->v[n - 1].now != l->v[i].now) {
			l->v[n++] = l->v[i];
			continue;
		}
		if (says_more(&l->v[i], &l->v[n - 1])) {
			struct look less = l->v[n - 1];

			l->v[n - 1] = l->v[i];
			l->v[i] = less;
		}
		look_free(&l->v[i]);
	}
	l->n = n;
}

static bool runs_worker(const struct look *x, const struct facts *f)
{
	for (size_t i = 0; i < x->cpus; i++)
		for (size_t k = 0; x->curr[i] > 0 && k < f->n_workers; k++)
			if (f->workers[k].pid == (uint64_t)x->curr[i])
				return true;
	return false;
}

/* By the last worker that was seen: to a millisecond or so. */
static bool roughly(struct looks *l, const struct facts *f)
{
	for (size_t i = l->n; i-- > 0 && f->end_known && f->end_ns <= NOW_MAX;)
		if (runs_worker(&l->v[i], f)) {
			l->go = (int64_t)l->v[i].now - (int64_t)f->end_ns;
			return true;
		}
	return false;
}

/* How far the director was from where it should be at that mark, at the nearest; NEAR_NS: it was not seen near to it. */
static int64_t off(const int64_t *director, size_t n, int64_t at)
{
	int64_t best = NEAR_NS;

	for (size_t i = 0; i < n; i++)
		if (llabs(director[i] - at) < best)
			best = llabs(director[i] - at);
	return best;
}

/* If this is go: at how many marks the director was seen, and how far from them. */
static size_t fits(const int64_t *director, size_t n, const struct facts *f, int64_t go, int64_t *away)
{
	size_t met = 0;

	*away = 0;
	for (size_t i = 0; i < f->n_marks && i < MARKS_TRIED && f->marks[i].ns <= NOW_MAX; i++) {
		int64_t by = off(director, n, go + (int64_t)f->marks[i].ns);

		met += by < NEAR_NS;
		*away += by;
	}
	return met;
}

/* By the director, which is on a CPU at each mark: where it was seen at the most of them. */
static bool closely(struct looks *l, const struct facts *f)
{
	auto_free int64_t *director = xcalloc(l->n + 1, sizeof(*director));
	size_t n = 0, most = 1;
	int64_t least = 0;

	for (size_t i = 0; i < l->n && n < DIRECTORS_TRIED; i++)
		if (l->v[i].director)
			director[n++] = (int64_t)l->v[i].now;
	for (size_t i = 0; i < n * (f->n_marks < MARKS_TRIED ? f->n_marks : MARKS_TRIED); i++) {
		if (f->marks[i / n].ns > NOW_MAX)
			break;
		int64_t go = director[i % n] - (int64_t)f->marks[i / n].ns, away;
		size_t met = fits(director, n, f, go, &away);

		if (met > most || (met == most && most > 1 && away < least)) {
			most = met;
			least = away;
			l->go = go;
		}
	}
	return most > 1;
}

void looks_lay(struct looks *l, const struct facts *f)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_time);
	unite(l);
	l->go_known = closely(l, f) || roughly(l, f);
}

int64_t look_at(const struct looks *l, const struct look *x)
{
	return (int64_t)x->now - l->go;
}

void looks_free(struct looks *l)
{
	for (size_t i = 0; i < l->n; i++)
		look_free(&l->v[i]);
	free(l->v);
	*l = (struct looks){ 0 };
}
