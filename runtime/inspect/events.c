#include "inspect/events.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/peek.h"

/* *at: of the counters, to which each CPU's own offset is added; 0: there are none now. */
static int events_find(const struct kmem *m, const struct queues *q, uint64_t *at, struct err *e)
{
	bool pcpu = peek_has(&q->sch_pcpu) && peek_has(&q->pcpu_events);
	uint64_t root = kmem_symbol(m, "scx_root"), sch;

	*at = 0;
	if (!root || !q->n_events || (!pcpu && !peek_has(&q->sch_events)))
		return 0;
	if (kmem_u64(m, root, &sch, e) < 0)
		return -1;
	if (sch && peek(m, sch, pcpu ? &q->sch_pcpu : &q->sch_events, at, e) < 0)
		return -1;
	if (*at && pcpu)
		*at += (uint64_t)q->pcpu_events.off;
	return 0;
}

int events_read(struct events *v, const struct kmem *m, const struct queues *q, struct err *e)
{
	auto_free uint64_t *own = kmem_own(m);
	struct events got = { 0 };
	uint64_t at, n;

	*v = got;
	if (!own)
		return 0;
	if (events_find(m, q, &at, e) < 0)
		return err_as(e, X_VM, "events of sched_ext");
	for (unsigned cpu = 0; at && cpu < m->nr_cpus; cpu++)
		for (size_t i = 0; i < q->n_events; i++) {
			if (peek(m, at + own[cpu], &q->events[i].at, &n, e) < 0)
				return err_as(e, X_VM, "events of sched_ext");
			got.v[i] = (int64_t)((uint64_t)got.v[i] + n);
		}
	got.known = at != 0;
	*v = got;
	return 0;
}
