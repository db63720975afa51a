/* dsq.c: an rhashtable: each bucket is a chain that ends with an odd number; the lowest bit of the bucket's own pointer is a lock.
 * While it grows there are two tables. A table in pieces ("nest") is one that found no memory, and is not read. */
#include "inspect/dsq.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/peek.h"
#include "inspect/queues.h"

enum { BUCKETS_MAX = 1 << 16, BUCKETS_READ = 64, TABLES_MAX = 2, STEPS_MAX = 4 * DSQS_MAX, CURSORS_MAX = 64 };

struct scan {
	const struct kmem *m;
	const struct queues *q;
	struct dsqs *out;
	size_t steps;
};

/* The first in the list that is a task and not the place of somebody who walks it. */
static int first_in_list(const struct scan *s, uint64_t dsq, uint64_t *task, struct err *e)
{
	uint64_t head = dsq + (uint64_t)s->q->dsq_list.off, at, flags;

	*task = 0;
	if (kmem_u64(s->m, head, &at, e) < 0)
		return -1;
	for (int i = 0; at != head && i < CURSORS_MAX; i++) {
		uint64_t of = at - (uint64_t)s->q->task_dsq_node.off;

		/* A cursor has the node and its flags, and nothing else of a task. */
		if (peek(s->m, of, &s->q->task_dsq_flags, &flags, e) < 0)
			return -1;
		if (!(flags & 1)) {
			*task = of;
			return 0;
		}
		if (kmem_u64(s->m, at, &at, e) < 0)
			return -1;
	}
	return 0;
}

static int first_read(const struct scan *s, uint64_t at, struct dsq *d, struct err *e)
{
	const struct queues *q = s->q;
	char raw[TASK_COMM] = "";
	uint64_t task = 0, pid;
	int r = 0;

	if (peek_has(&q->dsq_first))
		r = peek(s->m, at, &q->dsq_first, &task, e);
	else if (peek_has(&q->dsq_list) && peek_has(&q->task_dsq_node) && peek_has(&q->task_dsq_flags))
		r = first_in_list(s, at, &task, e);
	if (r < 0 || !task || !peek_has(&q->pid) || !peek_has(&q->comm))
		return r;
	if (peek(s->m, task, &q->pid, &pid, e) < 0 ||
	    kmem_read(s->m, task + (uint64_t)q->comm.off, raw, sizeof(raw), e) < 0)
		return -1;
	d->pid = (int32_t)pid;
	peek_name(d->comm, sizeof(d->comm), raw, sizeof(raw));
	return 0;
}

static int dsq_take(struct scan *s, uint64_t at, struct err *e)
{
	struct dsq d = { 0 };
	uint64_t nr;

	if (s->out->n == DSQS_MAX) {
		s->out->more = true;
		return 0;
	}
	if (peek(s->m, at, &s->q->dsq_id, &d.id, e) < 0 || peek(s->m, at, &s->q->dsq_nr, &nr, e) < 0 ||
	    first_read(s, at, &d, e) < 0)
		return -1;
	d.nr = (uint32_t)nr;
	if (!(s->out->n & (s->out->n - 1))) /* full at the powers of two */
		s->out->v = xreallocarray(s->out->v, s->out->n ? s->out->n * 2 : 1, sizeof(d));
	s->out->v[s->out->n++] = d;
	return 0;
}

static int chain_walk(struct scan *s, uint64_t at, struct err *e)
{
	for (at &= ~1ull; at && !(at & 1) && !s->out->more;) {
		s->out->more = ++s->steps > STEPS_MAX;
		if (dsq_take(s, at - (uint64_t)s->q->dsq_node.off, e) < 0 || kmem_u64(s->m, at, &at, e) < 0)
			return -1;
	}
	return 0;
}

static int table_walk(struct scan *s, uint64_t table, struct err *e)
{
	uint64_t size, nest = 0, bucket[BUCKETS_READ];

	if (peek(s->m, table, &s->q->table_size, &size, e) < 0 ||
	    (peek_has(&s->q->table_nest) && peek(s->m, table, &s->q->table_nest, &nest, e) < 0))
		return -1;
	if (!size || size > BUCKETS_MAX || nest) {
		s->out->known = false;
		return 0;
	}
	for (uint64_t i = 0; i < size && !s->out->more; i += BUCKETS_READ) {
		uint64_t n = size - i < BUCKETS_READ ? size - i : BUCKETS_READ;

		if (kmem_read(s->m, table + (uint64_t)s->q->table_buckets.off + 8 * i, bucket, 8 * n, e) < 0)
			return -1;
		for (uint64_t k = 0; k < n; k++)
			if (chain_walk(s, bucket[k], e) < 0)
				return -1;
	}
	return 0;
}

/* *hash: address of the table of tables; 0: there is none now. */
static int hash_find(const struct kmem *m, const struct queues *q, uint64_t *hash, struct err *e)
{
	uint64_t root = kmem_symbol(m, "scx_root"), sch;

	*hash = kmem_symbol(m, "dsq_hash");
	if (*hash || !root || !peek_has(&q->sch_hash))
		return 0;
	if (kmem_u64(m, root, &sch, e) < 0)
		return -1;
	*hash = sch ? sch + (uint64_t)q->sch_hash.off : 0;
	return 0;
}

static int by_id(const void *a, const void *b)
{
	const struct dsq *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static int dsqs_walk(struct scan *s, uint64_t hash, struct err *e)
{
	uint64_t table;

	s->out->known = true;
	if (peek(s->m, hash, &s->q->table, &table, e) < 0)
		return -1;
	for (int i = 0; table && i < TABLES_MAX; i++) {
		if (table_walk(s, table, e) < 0)
			return -1;
		if (!peek_has(&s->q->table_next))
			break;
		if (peek(s->m, table, &s->q->table_next, &table, e) < 0)
			return -1;
	}
	return 0;
}

int dsqs_read(struct dsqs *d, const struct kmem *m, const struct queues *q, struct err *e)
{
	struct dsqs got = { 0 };
	struct scan s = { .m = m, .q = q, .out = &got };
	uint64_t hash;

	*d = got;
	if (!peek_has(&q->dsq_id) || !peek_has(&q->dsq_nr) || !peek_has(&q->dsq_node) || !peek_has(&q->table) ||
	    !peek_has(&q->table_size) || !peek_has(&q->table_buckets))
		return 0;
	if (hash_find(m, q, &hash, e) < 0 || (hash && dsqs_walk(&s, hash, e) < 0)) {
		dsqs_free(&got);
		return err_as(e, X_VM, "dispatch queues");
	}
	if (got.n)
		qsort(got.v, got.n, sizeof(*got.v), by_id);
	*d = got;
	return 0;
}

void dsqs_free(struct dsqs *d)
{
	free(d->v);
	*d = (struct dsqs){ 0 };
}
