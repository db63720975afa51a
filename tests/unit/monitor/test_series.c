/* test_series.c: what is seen in a guest's memory, as run.json has it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_queues.h"
#include "guest/board.h"
#include "monitor/series.h"
#include "monitor/watch.h"

static void watch_fake(struct watch *w, struct fake_queues *q)
{
	auto_free char *hello = fq_hello();
	struct err e = { 0 };

	fq_open(q);
	*w = (struct watch){ .layout = fg_layout, .queues = fq_layout };
	const struct phys p = fg_phys(&q->g);

	if (watch_open(w, &p, hello, false, &e) < 0)
		fail_msg("%s", e.msg);
}

static char *members(struct series *s)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	series_write(f, s);
	fclose(f);
	return text;
}

/* CPU 0 runs the director alone, CPU 1 a worker beside which one waits, CPU 2 nothing, CPU 3 is offline. */
static void test_sample(void **state)
{
	struct fake_queues q;
	struct watch w;
	auto_series struct series s = { 0 };
	uint64_t waits;

	(void)state;
	watch_fake(&w, &q);
	fq_attach(&q, 4);
	fq_runs(&q, 0, fq_task(&q, 50, BOARD_LOOKER, 15, 0, 0));
	fg_u32(&q.g, q.rq[0], 1);
	fq_runs(&q, 1, fq_task(&q, 51, "spin", 15, 0, 0));
	fg_u32(&q.g, q.rq[1], 2);
	fg_u32(&q.g, q.rq[1] + 100, 2);
	fg_u32(&q.g, q.rq[3] + 32, 0);
	waits = fq_task(&q, 52, "a\"b", 5, 7000000, 2);
	fq_waits(&q, 1, waits, true);
	fg_u64(&q.g, waits + 64, q.g.base + fq_dsq(&q, 1, 77, 1, waits));
	fq_dsq(&q, 2, 78, 0, 0);
	series_open(&s);
	series_sample(&s, &w);
	series_mark(&s, &w);
	auto_free char *text = members(&s);

	assert_string_equal(
		text,
		",\n\"samples\":[\n{\"nr\":[0,2,0,0],\"scx\":[0,2,0,0],\"flags\":[0,0,0,0],\"local\":[0,0,0,0],"
		"\"clock\":[1000000000,999999999,999999998,999999997],\"curr\":[0,51,0,-1],"
		"\"dsqs\":[{\"id\":77,\"nr\":1,\"pid\":52}],\"waiting\":1,\"tasks\":[{\"pid\":52,\"comm\":\"a\\\"b\",\"cpu\":1,\"ns\":7000000,"
		"\"ticks\":2,\"dsq\":77,\"cpus\":\"0,2\"}],\"idle\":[[0,0],[2,0]]}],\n\"looked\":[\n"
		"{\"events\":{\"SCX_EV_A\":0,\"SCX_EV_B\":0},\"schedstat\":[[0,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,0],[0,0,0,0,0,0,0,0,0]],"
		"\"programs\":[]}]");
	watch_close(&w);
	fg_close(&q.g);
}

/* What cannot be read costs its own sample. */
static void test_unread(void **state)
{
	struct fake_queues q;
	struct watch w;
	auto_series struct series s = { 0 };

	(void)state;
	watch_fake(&w, &q);
	series_open(&s);
	fg_u64(&q.g, q.rq[2] + 8, 0xdead000000000100);
	series_sample(&s, &w);
	series_mark(&s, &w);
	fg_u64(&q.g, q.rq[2] + 8, q.g.base + q.idle[2]);
	series_sample(&s, &w);
	auto_free char *text = members(&s);

	assert_non_null(strstr(text, "\"samples\":[\nnull,\n{\"nr\":"));
	assert_non_null(strstr(text, "\"looked\":[\nnull]"));
	assert_non_null(strstr(text, ",\n\"unlooked\":\"the run queue of cpu2: "));
	watch_close(&w);
	fg_close(&q.g);
}

/* One that has gone on each time it was read. */
static int moving(void *ctx, uint64_t gpa, void *buf, size_t n, struct err *e)
{
	struct fake_queues *q = ctx;
	static uint64_t clock;

	fg_u64(&q->g, q->rq[3] + 24, ++clock);
	return fg_read(&q->g, gpa, buf, n, e);
}

static void test_moves(void **state)
{
	struct fake_queues q;
	struct watch w;
	auto_view_queues struct view_queues v = { 0 };
	struct err e = { 0 };

	(void)state;
	watch_fake(&w, &q);
	w.moves = true;
	assert_int_equal(watch_queues(&v, &w, &e), 0);
	view_queues_free(&v);
	w.kmem.phys = (struct phys){ moving, &q, FG_RAM };
	assert_int_equal(watch_queues(&v, &w, &e), -1);
	assert_non_null(strstr(e.msg, "moved"));
	watch_close(&w);
	fg_close(&q.g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_unread),
		cmocka_unit_test(test_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
