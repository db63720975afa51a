#include "trial/spy.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "guest/board.h"
#include "monitor/series.h"
#include "monitor/watch.h"
#include "vm/machine.h"
#include "vm/ram.h"
#include "vm/vm.h"

struct spy {
	struct watch watch;
	pthread_t thread;
	atomic_bool stop;
	FILE *f;
	char *text;
	size_t n, looks, bytes, thrown;
	uint64_t turns; /* of the last look that was kept */
};

static uint64_t turns_of(const struct rqs *r)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->v[i].v[RQ_PCOUNT];
	return n;
}

static bool has_director(const struct rqs *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(r->v[i].comm, BOARD_LOOKER))
			return true;
	return false;
}

static bool unmoved(const struct spy *s, const struct rqs *before)
{
	auto_rqs struct rqs after = { 0 };
	struct err ignored;

	return rqs_read(&after, &s->watch.kmem, &s->watch.queues, &ignored) == 0 && rqs_same(before, &after);
}

static void keep(struct spy *s, const struct view_queues *v)
{
	auto_free char *look = NULL;
	size_t n;
	FILE *f = xmemstream(&look, &n);

	series_write_queues(f, v);
	fclose(f);
	for (size_t i = 0; i < n; i++)
		if (look[i] == '\n')
			look[i] = ' ';
	fprintf(s->f, "%s{\"now\": %llu, \"turns\": %llu, \"director\": %s, %s", s->looks ? ",\n" : "",
		(unsigned long long)rqs_now(&v->rqs), (unsigned long long)turns_of(&v->rqs),
		has_director(&v->rqs) ? "true" : "false", look + 1);
	s->turns = turns_of(&v->rqs);
	s->looks++;
	s->bytes += n;
}

/* Run queues first, which are the least; with more only when all of it stands still. */
static void look(struct spy *s)
{
	const struct kmem *m = &s->watch.kmem;
	const struct queues *q = &s->watch.queues;
	auto_view_queues struct view_queues v = { 0 };
	struct err ignored;

	if (rqs_read(&v.rqs, m, q, &ignored) < 0)
		return;
	if (s->looks && turns_of(&v.rqs) == s->turns)
		return;
	if (!unmoved(s, &v.rqs)) {
		s->thrown++;
		return;
	}
	bool more = dsqs_read(&v.dsqs, m, q, &ignored) == 0 && waiters_read(&v.waiters, m, q, &v.rqs, &ignored) == 0 &&
		    unmoved(s, &v.rqs);

	if (!more) {
		dsqs_free(&v.dsqs);
		waiters_free(&v.waiters);
		v.dsqs = (struct dsqs){ 0 };
		v.waiters = (struct waiters){ 0 };
	}
	keep(s, &v);
}

static void *run(void *arg)
{
	struct spy *s = arg;

	while (!atomic_load(&s->stop) && s->looks < SPY_LOOKS && s->bytes < SPY_BYTES)
		look(s);
	return NULL;
}

struct spy *spy_begin(struct vm *vm, const char *boot, struct err *e)
{
	const struct phys phys = { vm_read_phys, vm, machine_end(&vm->m) };
	struct spy *s = xcalloc(1, sizeof(*s));

	if (watch_load(&s->watch, boot, e) < 0 || watch_open(&s->watch, &phys, vm->hello, true, e) < 0) {
		err_in(e, "look into the guest");
		free(s);
		return NULL;
	}
	s->f = xmemstream(&s->text, &s->n);
	fputs("{\"format\": 1, \"looks\": [\n", s->f);
	if (pthread_create(&s->thread, NULL, run, s) == 0)
		return s;
	(void)err_set(e, X_FAIL, "no thread can be started to look into the guest");
	fclose(s->f);
	free(s->text);
	watch_close(&s->watch);
	free(s);
	return NULL;
}

char *spy_end(struct spy *s)
{
	if (!s)
		return NULL;
	atomic_store(&s->stop, true);
	(void)pthread_join(s->thread, NULL);
	fprintf(s->f, "\n], \"thrown\": %zu}\n", s->thrown);
	fclose(s->f);
	char *text = s->text;

	watch_close(&s->watch);
	free(s);
	return text;
}
