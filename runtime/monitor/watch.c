#include "monitor/watch.h"

#include <fcntl.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "inspect/memory.h"

enum { FILE_MAX = 1 << 20, TRIES = 40 /* an emulated guest of two CPUs moved in four of five */ };

int watch_load(struct watch *w, const char *boot, struct err *e)
{
	auto_free char *layout = xasprintf("%s/layout", boot), *queues = xasprintf("%s/queues", boot);
	auto_free char *text = NULL, *more = NULL;
	size_t n, m;

	if (file_read(AT_FDCWD, layout, FILE_MAX, &text, &n, e) < 0 || layout_parse(&w->layout, text, n, e) < 0)
		return err_in(e, "%s", layout);
	if (file_read(AT_FDCWD, queues, FILE_MAX, &more, &m, e) < 0 || queues_parse(&w->queues, more, m, e) < 0)
		return err_in(e, "%s", queues);
	return 0;
}

int watch_open(struct watch *w, const struct phys *p, const char *hello, bool moves, struct err *e)
{
	w->phys = *p;
	w->moves = moves;
	w->open = kmem_open(&w->kmem, &w->phys, hello, strlen(hello), e) == 0;
	return w->open ? 0 : -1;
}

void watch_close(struct watch *w)
{
	if (w->open)
		kmem_close(&w->kmem);
	w->open = false;
}

static int read_queues(struct view_queues *v, const struct watch *w, struct err *e)
{
	const struct kmem *m = &w->kmem;

	return rqs_read(&v->rqs, m, &w->queues, e) < 0 || dsqs_read(&v->dsqs, m, &w->queues, e) < 0 ||
			       waiters_read(&v->waiters, m, &w->queues, &v->rqs, e) < 0
		       ? -1
		       : 0;
}

static int read_counts(struct view_counts *v, const struct watch *w, struct err *e)
{
	const struct kmem *m = &w->kmem;

	return rqs_read(&v->rqs, m, &w->queues, e) < 0 || events_read(&v->events, m, &w->queues, e) < 0 ||
			       progs_read(&v->progs, m, &w->layout, e) < 0
		       ? -1
		       : 0;
}

/* Of a guest that moves: nothing that is read in the beginning is another in the end. 1: it is. */
static int moved(const struct rqs *before, const struct watch *w, struct err *e)
{
	auto_rqs struct rqs after = { 0 };

	if (!w->moves)
		return 0;
	if (rqs_read(&after, &w->kmem, &w->queues, e) < 0)
		return -1;
	return !rqs_same(before, &after);
}

static int closed(struct err *e)
{
	return err_set(e, X_VM, "the guest's memory cannot be read");
}

static int too_fast(struct err *e)
{
	return err_set(e, X_VM, "the guest moved on each of %d times that it was read", TRIES);
}

int watch_queues(struct view_queues *v, const struct watch *w, struct err *e)
{
	if (!w->open)
		return closed(e);
	for (int i = 0; i < TRIES; i++) {
		int r = read_queues(v, w, e) < 0 ? -1 : moved(&v->rqs, w, e);

		if (r == 0 || (r < 0 && !w->moves))
			return r;
		view_queues_free(v);
	}
	return too_fast(e);
}

int watch_counts(struct view_counts *v, const struct watch *w, struct err *e)
{
	if (!w->open)
		return closed(e);
	for (int i = 0; i < TRIES; i++) {
		int r = read_counts(v, w, e) < 0 ? -1 : moved(&v->rqs, w, e);

		if (r == 0 || (r < 0 && !w->moves))
			return r;
		view_counts_free(v);
	}
	return too_fast(e);
}

void view_queues_free(struct view_queues *v)
{
	rqs_free(&v->rqs);
	dsqs_free(&v->dsqs);
	waiters_free(&v->waiters);
}

void view_counts_free(struct view_counts *v)
{
	rqs_free(&v->rqs);
	progs_free(&v->progs);
}
