/* test_waiting.c: run queues, dispatch queues, events and tasks that wait, in a guest's memory as a kernel has them and as it never
 * would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_queues.h"

static void open_memory(struct fake_queues *q, struct kmem *m)
{
	auto_free char *hello = fq_hello();
	struct phys p = fg_phys(&q->g);
	struct err e = { 0 };

	if (kmem_open(m, &p, hello, strlen(hello), &e) < 0)
		fail_msg("%s", e.msg);
}

static void read_rqs(struct rqs *r, const struct kmem *m, const struct queues *q)
{
	struct err e = { 0 };

	if (rqs_read(r, m, q, &e) < 0)
		fail_msg("%s", e.msg);
}

static void test_rq(void **state)
{
	struct fake_queues q;
	auto_kmem struct kmem m = { 0 };
	auto_rqs struct rqs r = { 0 }, again = { 0 }, less = { 0 };
	struct queues old = fq_layout;

	(void)state;
	fq_open(&q);
	open_memory(&q, &m);
	fq_runs(&q, 2, fq_task(&q, 77, "wor\x01ker", 15, 0, 0));
	fg_u32(&q.g, q.rq[2], 3);
	fg_u32(&q.g, q.rq[2] + 100, 2);
	fg_u32(&q.g, q.rq[2] + 112, 9);
	fg_u64(&q.g, q.rq[2] + 56, 123456789012);
	fg_u32(&q.g, q.rq[3] + 32, 0);
	read_rqs(&r, &m, &fq_layout);
	assert_int_equal(r.n, FQ_CPUS);
	assert_true(r.curr && r.v[0].idle && !r.v[2].idle && r.v[0].online && !r.v[3].online);
	assert_int_equal(r.v[0].pid, 0);
	assert_int_equal(r.v[2].pid, 77);
	assert_string_equal(r.v[2].comm, "wor?ker");
	assert_int_equal(r.v[2].v[RQ_NR], 3);
	assert_int_equal(r.v[2].v[RQ_SCX_NR], 2);
	assert_int_equal(r.v[2].v[RQ_LOCAL], 9);
	assert_int_equal(r.v[2].v[RQ_RUN_DELAY], 123456789012);
	assert_int_equal(rqs_now(&r), FQ_NOW);
	read_rqs(&again, &m, &fq_layout);
	assert_true(rqs_same(&r, &again));
	rqs_free(&again);
	fg_u64(&q.g, q.rq[1] + 24, FQ_NOW + 5);
	read_rqs(&again, &m, &fq_layout);
	assert_false(rqs_same(&r, &again));
	old.scx_nr.off = old.curr.off = -1;
	read_rqs(&less, &m, &old);
	assert_false(less.has[RQ_SCX_NR] || less.curr);
	assert_true(less.has[RQ_NR] && less.v[2].v[RQ_NR] == 3);
	fg_close(&q.g);
}

static void test_waiters(void **state)
{
	struct fake_queues q;
	auto_kmem struct kmem m = { 0 };
	auto_rqs struct rqs r = { 0 };
	auto_waiters struct waiters w = { 0 };
	struct err e = { 0 };
	uint64_t runs, stale, held;

	(void)state;
	fq_open(&q);
	open_memory(&q, &m);
	fq_attach(&q, 4);
	fq_waits(&q, 1, runs = fq_task(&q, 5, "runs", 15, 0, 0), true);
	fq_runs(&q, 1, runs);
	fq_waits(&q, 1, fq_task(&q, 6, "young", 15, 1000000, 0), true);
	fq_waits(&q, 3, held = fq_task(&q, 7, "old", 4, 300000000, 75), true);
	fg_u64(&q.g, held + 64, q.g.base + fq_dsq(&q, 2, 0x1234, 1, held));
	fq_waits(&q, 0, fq_task(&q, 8, "fair", 3, 2000000, 0), false);
	/* One that sleeps on, and one whose time would lie in the future. */
	fq_waits(&q, 0, stale = fq_task(&q, 9, "delayed", 3, 900000000, 0), false);
	q.g.ram[stale + 112] = 1;
	fq_waits(&q, 2, fq_task(&q, 10, "later", 3, (uint64_t)-5, 0), false);
	read_rqs(&r, &m, &fq_layout);
	if (waiters_read(&w, &m, &fq_layout, &r, &e) < 0)
		fail_msg("%s", e.msg);
	assert_true(w.known && !w.more);
	assert_int_equal(w.n, 4);
	assert_int_equal(w.v[0].pid, 7);
	assert_true(w.v[0].dsq_known && w.v[0].dsq == 0x1234 && w.v[0].cpu == 3);
	assert_int_equal(w.v[0].ns, 300000000);
	assert_true(w.v[0].ticks_known && w.v[0].ticks == 75);
	assert_true(waiter_may_run(&w.v[0], 2) && !waiter_may_run(&w.v[0], 3) && !waiter_may_run(&w.v[0], 512));
	assert_int_equal(w.v[1].pid, 8);
	assert_false(w.v[1].ticks_known);
	assert_int_equal(w.v[2].pid, 6);
	assert_int_equal(w.v[3].ns, 0);
	fg_close(&q.g);
}

/* A list without an end, one into nowhere. */
static void test_bad_lists(void **state)
{
	struct fake_queues q;
	auto_kmem struct kmem m = { 0 };
	auto_rqs struct rqs r = { 0 };
	auto_waiters struct waiters w = { 0 };
	struct err e = { 0 };
	uint64_t task;

	(void)state;
	fq_open(&q);
	open_memory(&q, &m);
	fq_waits(&q, 0, task = fq_task(&q, 5, "loop", 15, 1, 0), true);
	fg_u64(&q.g, task + 40, q.g.base + task + 40);
	read_rqs(&r, &m, &fq_layout);
	assert_int_equal(waiters_read(&w, &m, &fq_layout, &r, &e), 0);
	assert_true(w.more);
	assert_int_equal(w.n, WAITING_TASKS);
	waiters_free(&w);
	fg_u64(&q.g, task + 40, 0xdead000000000100);
	assert_int_equal(waiters_read(&w, &m, &fq_layout, &r, &e), -1);
	assert_int_equal(e.code, X_VM);
	assert_non_null(strstr(e.msg, "tasks that wait"));
	fg_close(&q.g);
}

static void test_dsqs(void **state)
{
	struct fake_queues q;
	auto_kmem struct kmem m = { 0 };
	auto_dsqs struct dsqs d = { 0 };
	struct queues old = fq_layout;
	struct err e = { 0 };
	uint64_t first, cursor, at;

	(void)state;
	fq_open(&q);
	open_memory(&q, &m);
	assert_int_equal(dsqs_read(&d, &m, &fq_layout, &e), 0);
	assert_false(d.known);
	fq_attach(&q, 128);
	first = fq_task(&q, 44, "first", 15, 0, 0);
	cursor = fq_task(&q, 0, "", 0, 0, 0);
	fg_u32(&q.g, cursor + 88, 1);
	fq_dsq(&q, 0, 9, 0, 0);
	at = fq_dsq(&q, 100, 2, 3, first);
	fq_dsq(&q, 100, 5, 1, 0);
	fq_append(&q.g, at + 24, cursor + 72);
	fq_append(&q.g, at + 24, first + 72);
	/* The bucket's lock is held. */
	memcpy(&at, q.g.ram + q.table + 64 + 800, sizeof(at));
	fg_u64(&q.g, q.table + 64 + 800, at | 1);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(dsqs_read(&d, &m, i ? &old : &fq_layout, &e), 0);
		assert_true(d.known && !d.more);
		assert_int_equal(d.n, 3);
		assert_true(d.v[0].id == 2 && d.v[1].id == 5 && d.v[2].id == 9);
		assert_int_equal(d.v[0].nr, 3);
		assert_int_equal(d.v[0].pid, 44);
		assert_string_equal(d.v[0].comm, "first");
		assert_int_equal(d.v[1].pid, 0);
		dsqs_free(&d);
		/* A kernel that keeps no pointer to the first task. */
		old.dsq_first.off = -1;
	}
	/* A chain that bites its tail ends. */
	memcpy(&at, q.g.ram + q.table + 64, sizeof(at));
	fg_u64(&q.g, at - q.g.base, at);
	assert_int_equal(dsqs_read(&d, &m, &fq_layout, &e), 0);
	assert_true(d.more && d.n <= DSQS_MAX);
	dsqs_free(&d);
	fg_u32(&q.g, q.table + 4, 1);
	assert_int_equal(dsqs_read(&d, &m, &fq_layout, &e), 0);
	assert_false(d.known);
	fg_close(&q.g);
}

static void test_events(void **state)
{
	struct fake_queues q;
	auto_kmem struct kmem m = { 0 };
	struct events v;
	struct err e = { 0 };

	(void)state;
	fq_open(&q);
	open_memory(&q, &m);
	assert_int_equal(events_read(&v, &m, &fq_layout, &e), 0);
	assert_false(v.known);
	fq_attach(&q, 4);
	for (unsigned i = 0; i < FQ_CPUS; i++) {
		fg_u64(&q.g, q.rq[i] + 256 + 16, i + 1);
		fg_u64(&q.g, q.rq[i] + 256 + 24, 100);
	}
	assert_int_equal(events_read(&v, &m, &fq_layout, &e), 0);
	assert_true(v.known);
	assert_int_equal(v.v[0], 10);
	assert_int_equal(v.v[1], 400);
	fg_u64(&q.g, FQ_ROOT, 8);
	assert_int_equal(events_read(&v, &m, &fq_layout, &e), -1);
	assert_int_equal(e.code, X_VM);
	fg_close(&q.g);
}

static void test_text(void **state)
{
	auto_free char *text = NULL, *cut = NULL;
	struct queues back, old = fq_layout;
	struct err e = { 0 };
	size_t n;
	FILE *f = xmemstream(&text, &n);

	(void)state;
	/* As BTF would say it. */
	old.sch_events = (struct member){ .off = -1 };
	assert_int_equal(queues_write(f, &old), 0);
	fclose(f);
	if (queues_parse(&back, text, n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(back.task_cfs.off, 120);
	assert_int_equal(back.sch_events.off, -1);
	assert_int_equal(back.n_events, 2);
	assert_string_equal(back.events[1].name, "SCX_EV_B");
	static const char *const bad[] = { "rq.clock 24 8\n", "event.SCX_EV_A 3\n", "event.SCX_EV_C 3 8\n",
					   "event.lower 1\n", "event.SCX_EV_C -\n", "rq.nothing 1 4\n" };

	for (size_t i = 0; i < countof(bad); i++) {
		auto_free char *more = xasprintf("%s%s", text, bad[i]);

		assert_int_equal(queues_parse(&back, more, strlen(more), &e), -1);
		assert_int_equal(e.code, X_FAIL);
	}
	cut = xstrdup(strchr(text, '\n') + 1);
	assert_int_equal(queues_parse(&back, cut, strlen(cut), &e), -1);
	assert_non_null(strstr(e.msg, "rq.nr_running is missing"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rq),   cmocka_unit_test(test_waiters), cmocka_unit_test(test_bad_lists),
		cmocka_unit_test(test_dsqs), cmocka_unit_test(test_events),  cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
