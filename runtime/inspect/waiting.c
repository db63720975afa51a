/* waiting.c: what a list of runnable tasks has beside the task that runs.
 *
 * Lists can be walked forwards whenever the guest stands, also in the middle of a change of them. A loop ends with the bound. */
#include "inspect/waiting.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/peek.h"
#include "inspect/queues.h"

enum { STEPS_MAX = 2 * WAITING_TASKS };

struct scan {
	const struct kmem *m;
	const struct queues *q;
	const struct rqs *r;
	struct waiters *out;
	uint64_t now, jiffies; /* jiffies 0: not known */
	size_t steps;
};

/* Times that lie in the future are none. */
static uint64_t since(uint64_t then, uint64_t now)
{
	return then && then < now ? now - then : 0;
}

static int mask_read(const struct scan *s, uint64_t task, struct waiter *w, struct err *e)
{
	size_t words = (s->m->nr_cpus + 63) / 64;
	uint64_t at;

	if (peek(s->m, task, &s->q->cpus_ptr, &at, e) < 0)
		return -1;
	return kmem_read(s->m, at, w->cpus, words * sizeof(w->cpus[0]), e);
}

static int dsq_read(const struct scan *s, uint64_t task, struct waiter *w, struct err *e)
{
	uint64_t dsq;

	if (!peek_has(&s->q->task_dsq) || !peek_has(&s->q->dsq_id))
		return 0;
	if (peek(s->m, task, &s->q->task_dsq, &dsq, e) < 0)
		return -1;
	w->dsq_known = dsq != 0;
	return dsq ? peek(s->m, dsq, &s->q->dsq_id, &w->dsq, e) : 0;
}

static int scx_read(const struct scan *s, uint64_t task, struct waiter *w, struct err *e)
{
	uint64_t at;

	if (peek_has(&s->q->task_runnable_at) && s->jiffies) {
		if (peek(s->m, task, &s->q->task_runnable_at, &at, e) < 0)
			return -1;
		w->ticks_known = true;
		w->ticks = since(at, s->jiffies);
	}
	return dsq_read(s, task, w, e);
}

/* One that sleeps and is kept in the queue for a while, or whose group has used up its quota, does not wait for a CPU. */
static int fair_waits(const struct scan *s, uint64_t task, bool *waits, struct err *e)
{
	uint64_t cfs, throttled = 0;
	uint8_t delayed = 0;

	if (peek_has(&s->q->task_delayed) &&
	    kmem_read(s->m, task + (uint64_t)s->q->task_delayed.off, &delayed, 1, e) < 0)
		return -1;
	if (peek_has(&s->q->task_cfs) && peek_has(&s->q->cfs_throttled) &&
	    (peek(s->m, task, &s->q->task_cfs, &cfs, e) < 0 ||
	     peek(s->m, cfs, &s->q->cfs_throttled, &throttled, e) < 0))
		return -1;
	*waits = !delayed && !throttled;
	return 0;
}

static int task_take(struct scan *s, uint64_t task, uint32_t cpu, bool scx, struct err *e)
{
	struct waiter w = { .cpu = cpu };
	char raw[TASK_COMM] = "";
	uint64_t pid, queued;
	bool waits = true;

	if (!scx && (fair_waits(s, task, &waits, e) < 0 || !waits))
		return waits ? -1 : 0;
	if (peek(s->m, task, &s->q->pid, &pid, e) < 0 || peek(s->m, task, &s->q->last_queued, &queued, e) < 0 ||
	    kmem_read(s->m, task + (uint64_t)s->q->comm.off, raw, sizeof(raw), e) < 0 ||
	    mask_read(s, task, &w, e) < 0 || (scx && scx_read(s, task, &w, e) < 0))
		return -1;
	w.pid = (int32_t)pid;
	w.ns = since(queued, s->now);
	peek_name(w.comm, sizeof(w.comm), raw, sizeof(raw));
	if (!(s->out->n & (s->out->n - 1))) /* full at the powers of two */
		s->out->v = xreallocarray(s->out->v, s->out->n ? s->out->n * 2 : 1, sizeof(w));
	s->out->v[s->out->n++] = w;
	return 0;
}

static int list_walk(struct scan *s, uint64_t head, const struct member *node, uint32_t cpu, bool scx, struct err *e)
{
	const struct rq_cpu *c = &s->r->v[cpu];
	uint64_t at;

	if (kmem_u64(s->m, head, &at, e) < 0)
		return -1;
	while (at != head && !s->out->more) {
		uint64_t task = at - (uint64_t)node->off;

		s->out->more = s->out->n == WAITING_TASKS || ++s->steps > STEPS_MAX;
		if (!s->out->more && task != c->task && task_take(s, task, cpu, scx, e) < 0)
			return -1;
		if (kmem_u64(s->m, at, &at, e) < 0)
			return -1;
	}
	return 0;
}

static int longest_first(const void *a, const void *b)
{
	const struct waiter *x = a, *y = b;

	if (x->ticks != y->ticks)
		return x->ticks < y->ticks ? 1 : -1;
	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int lists_walk(struct scan *s, struct err *e)
{
	const struct queues *q = s->q;
	bool scx = peek_has(&q->scx_runnable) && peek_has(&q->task_runnable);
	bool fair = peek_has(&q->cfs_tasks) && peek_has(&q->task_group_node);

	for (uint32_t cpu = 0; cpu < s->r->n; cpu++) {
		uint64_t rq = s->r->v[cpu].at;

		if (scx && list_walk(s, rq + (uint64_t)q->scx_runnable.off, &q->task_runnable, cpu, true, e) < 0)
			return -1;
		if (fair && list_walk(s, rq + (uint64_t)q->cfs_tasks.off, &q->task_group_node, cpu, false, e) < 0)
			return -1;
	}
	return 0;
}

int waiters_read(struct waiters *w, const struct kmem *m, const struct queues *q, const struct rqs *r, struct err *e)
{
	struct waiters got = { 0 };
	struct scan s = { .m = m, .q = q, .r = r, .out = &got, .now = rqs_now(r) };
	uint64_t jiffies = kmem_symbol(m, "jiffies_64");

	got.known = r->curr && r->has[RQ_CLOCK] && peek_has(&q->last_queued) && peek_has(&q->cpus_ptr);
	if (jiffies && kmem_u64(m, jiffies, &s.jiffies, e) < 0)
		return -1;
	if (got.known && lists_walk(&s, e) < 0) {
		waiters_free(&got);
		return err_as(e, X_VM, "tasks that wait");
	}
	if (got.n)
		qsort(got.v, got.n, sizeof(*got.v), longest_first);
	*w = got;
	return 0;
}

bool waiter_may_run(const struct waiter *w, unsigned cpu)
{
	return cpu < WAITING_CPUS && w->cpus[cpu / 64] >> cpu % 64 & 1;
}

void waiters_free(struct waiters *w)
{
	free(w->v);
	*w = (struct waiters){ 0 };
}
