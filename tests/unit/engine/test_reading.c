/* test_reading.c: what a phase was: the difference of two readings, also of a seat that holds nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/reading.h"
#include "engine/worker/look.h"
#include "scenario/random.h"

static struct stage_head stage;
static struct seat seat;
static struct ledger ledger;

static int begin(void **state)
{
	(void)state;
	memset(&stage, 0, sizeof stage);
	memset(&seat, 0, sizeof seat);
	memset(&ledger, 0, sizeof ledger);
	return 0;
}

static int end(void **state)
{
	(void)state;
	ledger_free(&ledger);
	return 0;
}

static void drop(struct record *r)
{
	free(r->woken.steps);
	free(r->timed.steps);
}

static void wake_after(uint64_t ns)
{
	struct moment m = { .now_ns = 1000000000 + ns };

	look_woken(&stage, &seat, &seat.woken, &m, 1000000000);
}

static void turn(void)
{
	stage.phase++;
	stage.cpus_since++;
}

/* Phases of random latencies against a plain count of them. */
static void latencies_of_each_phase(void **state)
{
	uint64_t seed = 7, now = 0;

	(void)state;
	for (unsigned phase = 0; phase < 20; phase++) {
		unsigned want[HISTOGRAM_STEPS] = { 0 }, n = phase % 5 ? (unsigned)random_below(&seed, 500) : 0;
		uint64_t sum = 0, min = UINT64_MAX, max = 0;
		struct reading r = { .now_ns = now += 100, .iterations = seat.iterations };
		struct record rec;
		unsigned counted = 0;

		for (unsigned i = 0; i < n; i++) {
			uint64_t v = 1 + (random_next(&seed) >> 40);

			wake_after(v);
			want[histogram_step(v)]++;
			sum += v;
			min = v < min ? v : min;
			max = v > max ? v : max;
		}
		assert_true(
			record_make(&rec, &ledger, &r, &seat,
				    &(struct record_of){ stage.phase, stage.cpus_since, look_open(&seat, r.now_ns) }));
		assert_int_equal(rec.woken.n, n);
		assert_int_equal(rec.woken.sum, sum);
		assert_int_equal(rec.timed.n, 0);
		if (n) {
			assert_int_equal(rec.woken.min, min);
			assert_int_equal(rec.woken.max, max);
		}
		for (unsigned i = 0; i < rec.woken.n_steps; i++) {
			assert_int_equal(rec.woken.steps[i].count, want[rec.woken.steps[i].step]);
			assert_true(!i || rec.woken.steps[i - 1].step < rec.woken.steps[i].step);
			counted += rec.woken.steps[i].count;
		}
		assert_int_equal(counted, n);
		drop(&rec);
		turn();
	}
}

static void numbers_are_differences(void **state)
{
	struct reading r = {
		.now_ns = 500, .stat = true, .cpu_ns = 70, .wait_ns = 20, .turns = 4, .iterations = 9, .work = 30
	};
	struct moment m = { 480, 60, 2 };
	struct record rec;

	(void)state;
	ledger.last = (struct reading){
		.now_ns = 100, .stat = true, .cpu_ns = 10, .wait_ns = 5, .turns = 1, .iterations = 2
	};
	seat.ready_ns = 450;
	look(&stage, &seat, &m);
	assert_true(record_make(&rec, &ledger, &r, &seat, &(struct record_of){ 0, 0, look_open(&seat, r.now_ns) }));
	assert_int_equal(rec.wall_ns, 400);
	assert_int_equal(rec.cpu_ns, 60);
	assert_int_equal(rec.wait_ns, 15);
	assert_int_equal(rec.turns, 3);
	assert_int_equal(rec.iterations, 7);
	assert_int_equal(rec.work, 30);
	assert_int_equal(rec.gap_ns, 30);
	assert_true(rec.stat && !rec.migrated && rec.cpus_known && cpus_has(&rec.cpus, 2));
	assert_int_equal(ledger.last.now_ns, 500);
	drop(&rec);
}

/* A worker that never looks again in a phase: its gap is open at the border. */
static void open_gap(void **state)
{
	struct reading r = { .now_ns = 9000 };
	struct moment m = { 2000, 10, 6 };
	struct record rec;

	(void)state;
	seat.ready_ns = 1990;
	look(&stage, &seat, &m);
	turn();
	assert_true(record_make(&rec, &ledger, &r, &seat,
				&(struct record_of){ stage.phase, stage.cpus_since, look_open(&seat, r.now_ns) }));
	assert_int_equal(rec.gap_ns, 7000);
	assert_int_equal(rec.gap_at_ns, 2000);
	assert_int_equal(rec.gap_cpu, 6);
	assert_false(rec.cpus_known);
	drop(&rec);
	r.now_ns = 9500;
	assert_true(record_make(&rec, &ledger, &r, &seat, &(struct record_of){ stage.phase, stage.cpus_since, 0 }));
	assert_int_equal(rec.gap_ns, 0);
	drop(&rec);
}

/* What the judge holds against a run, and that no sum is of other times than the steps: all are SHORT or LONG. */
enum { SHORT = 100, LONG = 10000 };

static void hold_together(const struct spread *s)
{
	uint64_t sum = 0, n = 0;
	double sq = 0;

	for (unsigned i = 0; i < s->n_steps; i++) {
		uint64_t late = s->steps[i].step == histogram_step(SHORT) ? SHORT : LONG;

		sum += s->steps[i].count * late;
		sq += s->steps[i].count * (double)late * (double)late;
		n += s->steps[i].count;
	}
	assert_int_equal(s->n, n);
	assert_int_equal(s->sum, sum);
	assert_true(s->sq == sq);
	if (!n)
		return;
	assert_int_equal(histogram_step(s->min), s->steps[0].step);
	assert_int_equal(histogram_step(s->max), s->steps[s->n_steps - 1].step);
	assert_true(s->min <= s->max);
}

static void wakes(struct stage_head *head, struct seat *w, unsigned n)
{
	uint64_t seed = 11;

	for (unsigned i = 0; i < n; i++) {
		uint64_t late = random_below(&seed, 8) ? SHORT : LONG;
		struct moment m = { 1000000000 + late, i, 0 };

		look_woken(head, w, &w->woken, &m, 1000000000);
	}
}

/* On another CPU while it is read, with borders at any time. */
static void read_while_it_writes(void **state)
{
	enum { WAKES = 2000000 };
	struct stage s = { 0 };
	uint64_t n = 0, phase = 0, since = 0;
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(stage_make(&s, 1, 0, false), 0);
	pid = fork();
	if (pid == 0) {
		wakes(s.head, stage_seat(&s, 0), WAKES);
		_exit(0);
	}
	for (bool ended = false; !ended;) {
		struct reading r = { .now_ns = 2000000000 };
		struct record rec;

		ended = waitpid(pid, &status, WNOHANG) == pid;
		assert_true(record_make(&rec, &ledger, &r, stage_seat(&s, 0), &(struct record_of){ phase, since, 0 }));
		hold_together(&rec.woken);
		n += rec.woken.n;
		drop(&rec);
		phase += n & 1;
		__atomic_store_n(&s.head->phase, phase, __ATOMIC_SEQ_CST);
	}
	assert_int_equal(status, 0);
	assert_int_equal(n, WAKES);
	stage_free(&s);
}

/* Put off its CPU before any of its instructions. */
static void read_between_instructions(void **state)
{
	enum { WAKES = 12 };
	struct stage s = { 0 };
	uint64_t n = 0, phase = 0;
	pid_t pid;
	int status = 0;

	(void)state;
	assert_int_equal(stage_make(&s, 1, 0, false), 0);
	pid = fork();
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		raise(SIGSTOP);
		wakes(s.head, stage_seat(&s, 0), WAKES);
		_exit(0);
	}
	for (unsigned i = 0; waitpid(pid, &status, 0) == pid && WIFSTOPPED(status); i++) {
		struct reading r = { .now_ns = 2000000000 };
		struct record rec;

		assert_true(record_make(&rec, &ledger, &r, stage_seat(&s, 0), &(struct record_of){ phase, 0, 0 }));
		hold_together(&rec.woken);
		assert_true(rec.gap_ns == 0 || rec.gap_at_ns == 1000000000);
		n += rec.woken.n;
		drop(&rec);
		phase += i % 97 == 0;
		s.head->phase = phase;
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
	assert_int_equal(n, WAKES);
	stage_free(&s);
}

static void nonsense_in_the_seat(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (unsigned i = 0; i < 200; i++) {
		struct reading r = { .now_ns = random_next(&seed), .iterations = random_next(&seed) };
		struct record rec;

		for (size_t at = 0; at < sizeof seat / 8; at++) {
			uint64_t v = random_next(&seed);

			memcpy((char *)&seat + at * 8, &v, 8);
		}
		assert_true(
			record_make(&rec, &ledger, &r, &seat, &(struct record_of){ i, i, look_open(&seat, r.now_ns) }));
		assert_true(rec.woken.n_steps <= HISTOGRAM_STEPS && rec.woken.sq >= 0);
		drop(&rec);
	}
}

static void numbers_in_the_kernels_words(void **state)
{
	uint64_t v;

	(void)state;
	assert_true(reading_number("x : 1\nse.nr_migrations                             :                   12\n",
				   "nr_migrations", &v));
	assert_int_equal(v, 12);
	assert_false(reading_number("x : 1\n", "nr_migrations", &v));
	assert_false(reading_number("nr_migrations : none\n", "nr_migrations", &v));
}

static void our_own_meter(void **state)
{
	struct reading a, b;
	struct meter m;

	(void)state;
	meter_open(&m, getpid(), getpid());
	reading_take(&a, &m, &seat);
	reading_take(&b, &m, &seat);
	assert_true(b.now_ns >= a.now_ns);
	if (a.stat)
		assert_true(b.stat && b.cpu_ns >= a.cpu_ns && b.turns >= a.turns);
	if (a.migrated)
		assert_true(b.migrated && b.migrations >= a.migrations);
	meter_close(&m);
	reading_take(&a, &m, &seat);
	assert_false(a.stat || a.migrated);
}

/* A thread that cannot be looked at is not one that is gone. */
static void what_a_thread_is_doing(void **state)
{
	struct rlimit was, none;
	siginfo_t si;
	pid_t pid;

	(void)state;
	assert_int_equal(reading_state(getpid(), getpid()), 'R');
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(reading_state(getpid(), getpid()), '?');
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	pid = fork();
	if (pid == 0)
		_exit(0);
	assert_true(pid > 0);
	assert_int_equal(waitid(P_PID, (id_t)pid, &si, WEXITED | WNOWAIT), 0);
	assert_int_equal(reading_state(pid, pid), 'Z');
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(reading_state(pid, pid), 'X');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(latencies_of_each_phase, begin, end),
		cmocka_unit_test_setup_teardown(numbers_are_differences, begin, end),
		cmocka_unit_test_setup_teardown(open_gap, begin, end),
		cmocka_unit_test_setup_teardown(read_while_it_writes, begin, end),
		cmocka_unit_test_setup_teardown(read_between_instructions, begin, end),
		cmocka_unit_test_setup_teardown(nonsense_in_the_seat, begin, end),
		cmocka_unit_test_setup(numbers_in_the_kernels_words, begin),
		cmocka_unit_test_setup(our_own_meter, begin),
		cmocka_unit_test(what_a_thread_is_doing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
