#include "inspect/rq.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/peek.h"
#include "inspect/queues.h"

const char *const rq_column_names[RQ_COLUMNS] = {
	[RQ_NR] = "nr",
	[RQ_CLOCK] = "clock",
	[RQ_SCX_NR] = "scx",
	[RQ_FLAGS] = "flags",
	[RQ_LOCAL] = "local",
	[RQ_YLD] = "yld_count",
	[RQ_SCHED] = "sched_count",
	[RQ_GOIDLE] = "sched_goidle",
	[RQ_TTWU] = "ttwu_count",
	[RQ_TTWU_LOCAL] = "ttwu_local",
	[RQ_CPU_TIME] = "rq_cpu_time",
	[RQ_RUN_DELAY] = "run_delay",
	[RQ_PCOUNT] = "pcount",
};

/* The local queue's length is a member of a member. */
static struct member local_nr(const struct queues *q)
{
	struct member f = { .off = -1 };

	if (peek_has(&q->scx_local) && peek_has(&q->dsq_nr))
		f = (struct member){ q->scx_local.off + q->dsq_nr.off, q->dsq_nr.size };
	return f;
}

static void columns(struct member f[RQ_COLUMNS], const struct queues *q)
{
	f[RQ_NR] = q->nr_running;
	f[RQ_CLOCK] = q->clock;
	f[RQ_SCX_NR] = q->scx_nr;
	f[RQ_FLAGS] = q->scx_flags;
	f[RQ_LOCAL] = local_nr(q);
	f[RQ_YLD] = q->yld;
	f[RQ_SCHED] = q->sched;
	f[RQ_GOIDLE] = q->goidle;
	f[RQ_TTWU] = q->ttwu;
	f[RQ_TTWU_LOCAL] = q->ttwu_local;
	f[RQ_CPU_TIME] = q->cpu_time;
	f[RQ_RUN_DELAY] = q->run_delay;
	f[RQ_PCOUNT] = q->pcount;
}

static int curr_read(struct rq_cpu *c, const struct kmem *m, const struct queues *q, struct err *e)
{
	char raw[TASK_COMM] = "";
	uint64_t idle, pid;

	if (peek(m, c->at, &q->curr, &c->task, e) < 0 || peek(m, c->at, &q->idle, &idle, e) < 0 ||
	    peek(m, c->task, &q->pid, &pid, e) < 0 ||
	    kmem_read(m, c->task + (uint64_t)q->comm.off, raw, sizeof(raw), e) < 0)
		return -1;
	c->idle = c->task == idle;
	c->pid = c->idle ? 0 : (int32_t)pid;
	peek_name(c->comm, sizeof(c->comm), raw, sizeof(raw));
	return 0;
}

static int cpu_read(struct rqs *r, struct rq_cpu *c, const struct member f[RQ_COLUMNS], const struct kmem *m,
		    const struct queues *q, struct err *e)
{
	uint64_t online = 1;

	for (size_t i = 0; i < RQ_COLUMNS; i++)
		if (r->has[i] && peek(m, c->at, &f[i], &c->v[i], e) < 0)
			return -1;
	if (peek_has(&q->online) && peek(m, c->at, &q->online, &online, e) < 0)
		return -1;
	c->online = online != 0;
	return r->curr ? curr_read(c, m, q, e) : 0;
}

int rqs_read(struct rqs *r, const struct kmem *m, const struct queues *q, struct err *e)
{
	uint64_t base = kmem_symbol(m, "runqueues");
	auto_free uint64_t *own = kmem_own(m);
	struct member f[RQ_COLUMNS];
	struct rqs got = { 0 };

	if (!base || !own)
		return err_set(e, X_VM, "the guest does not say where its run queues are");
	columns(f, q);
	for (size_t i = 0; i < RQ_COLUMNS; i++)
		got.has[i] = peek_has(&f[i]);
	got.curr = peek_has(&q->curr) && peek_has(&q->idle) && peek_has(&q->pid) && peek_has(&q->comm);
	got.v = xcalloc(m->nr_cpus, sizeof(*got.v));
	for (; got.n < m->nr_cpus; got.n++) {
		got.v[got.n].at = base + own[got.n];
		if (cpu_read(&got, &got.v[got.n], f, m, q, e) < 0) {
			err_as(e, X_VM, "the run queue of cpu%zu", got.n);
			rqs_free(&got);
			return -1;
		}
	}
	*r = got;
	return 0;
}

bool rqs_same(const struct rqs *a, const struct rqs *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (a->v[i].v[RQ_CLOCK] != b->v[i].v[RQ_CLOCK] || a->v[i].v[RQ_SCHED] != b->v[i].v[RQ_SCHED] ||
		    a->v[i].task != b->v[i].task)
			return false;
	return true;
}

uint64_t rqs_now(const struct rqs *r)
{
	uint64_t now = 0;

	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].v[RQ_CLOCK] > now)
			now = r->v[i].v[RQ_CLOCK];
	return now;
}

void rqs_free(struct rqs *r)
{
	free(r->v);
	*r = (struct rqs){ 0 };
}
