/* test_actor.c: programs of acts, each carried out by a worker in this process, or by two that meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/worker/actor.h"
#include "engine/worker/burn.h"
#include "engine/worker/children.h"
#include "engine/worker/meet.h"

enum { WORKERS = 4, PASSES = 50 };

static struct scenario_plan plan;
static struct program program;
static struct stage stage;
static struct actor actors[WORKERS];
static struct duct ducts[PROGRAM_SLOTS_MAX];

/* Workers of one group for a program's text. */
static void cast(const char *text)
{
	struct scenario_error e = { 0 };

	memset(&plan, 0, sizeof plan);
	memset(&program, 0, sizeof program);
	if (!program_parse(&program, &plan.shared, text, &e))
		fail_msg("%s: %s", text, e.what);
	assert_true(program.group <= WORKERS);
	plan.slots = program.slots;
	assert_true(places_parse(&plan.places, "1,1,2,1"));
	assert_int_equal(stage_make(&stage, WORKERS, program.slots + 1, false), 0);
	for (unsigned i = 0; i < program.slots; i++) {
		int ends[2] = { -1, -1 };

		if (program.slot_kinds[i] == SLOT_PIPE)
			assert_int_equal(pipe(ends), 0);
		ducts[i] = (struct duct){ .in = ends[1], .out = ends[0] };
	}
	for (unsigned i = 0; i < program.group; i++) {
		actors[i] = (struct actor){ .stage = stage,
					    .seat = stage_seat(&stage, i),
					    .plan = &plan,
					    .program = &program,
					    .role = program_role(&program, i),
					    .id = i,
					    .group = { 0, program.group },
					    .line = { 0, program.group },
					    .ducts = ducts,
					    .speed = 1000,
					    .random = i,
					    .began_ns = clock_now(),
					    .file = -1,
					    .folder = "/tmp" };
		places_all(&plan.places, &actors[i].cpuset);
	}
}

static void dismiss(void)
{
	for (unsigned i = 0; i < program.slots; i++) {
		if (ducts[i].in < 0)
			continue;
		close(ducts[i].in);
		close(ducts[i].out);
	}
	stage_free(&stage);
}

static void begin(struct actor *a)
{
	a->seat->tid = (int32_t)gettid();
	a->seat->ready_ns = clock_now();
	meet_prepare();
}

static struct seat *one(const char *text, unsigned passes)
{
	cast(text);
	begin(&actors[0]);
	for (unsigned i = 0; i < passes; i++)
		actor_pass(&actors[0]);
	/* A worker keeps it for life. */
	free(actors[0].buffer);
	actors[0].buffer = NULL;
	actors[0].buffer_size = 0;
	assert_int_equal(actors[0].seat->iterations, passes);
	assert_string_equal(actors[0].seat->error, "");
	return actors[0].seat;
}

/* Each role in a process of its own; all of them come to the end of their passes. */
static void together(const char *text)
{
	pid_t pids[WORKERS];

	cast(text);
	for (unsigned i = 0; i < program.group; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			alarm(60);
			begin(&actors[i]);
			/* A signal goes to a number, so all have to have said theirs. */
			for (unsigned k = 0; k < program.group; k++)
				while (!__atomic_load_n(&stage_seat(&stage, k)->tid, __ATOMIC_SEQ_CST))
					sched_yield();
			for (unsigned k = 0; k < PASSES; k++)
				actor_pass(&actors[i]);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < program.group; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
		assert_int_equal(actors[i].seat->iterations, PASSES);
		assert_string_equal(actors[i].seat->error, "");
	}
}

static void alone(void **state)
{
	static const char *const texts[] = { "run 10us",
					     "yield",
					     "touch 64 64",
					     "fault 16",
					     "write 4; sync",
					     "fork 3",
					     "exec 1",
					     "thread 64",
					     "lock a; run 1us; unlock a",
					     "pilock a; run 1us; piunlock a" };

	(void)state;
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_true(one(texts[i], 3)->work > 0);
		dismiss();
	}
}

static void work_is_counted(void **state)
{
	struct seat *s;

	(void)state;
	s = one("run 250us", 9); /* the tenth would be varied */
	assert_int_equal(s->work, 9 * 250);
	dismiss();
	s = one("run 100us", 100);
	assert_in_range(s->work, 90 * 100 + 10 * 50, 90 * 100 + 10 * 151);
	dismiss();
	s = one("touch 4 64", 2);
	assert_int_equal(s->work, 2 * 64);
	dismiss();
	s = one("fork 3", 2);
	assert_int_equal(s->work, 6);
	dismiss();
}

static uint64_t sum_of(const struct latency *l)
{
	static struct latency copy;
	struct tally t;

	assert_true(look_latency(&copy, &t, l));
	return t.sum;
}

static void sleeps(void **state)
{
	uint64_t before = clock_now();
	struct seat *s;

	(void)state;
	s = one("sleep 2ms", 5);
	assert_true(clock_now() - before >= 10000000);
	assert_true(sum_of(&s->timed) > 0 && sum_of(&s->woken) == 0);
	dismiss();
	before = clock_now();
	s = one("timer 3ms", 3);
	assert_true(clock_now() - before >= 6000000);
	dismiss();
}

static void a_wake_is_never_lost(void **state)
{
	(void)state;
	cast("wake a | wait a");
	begin(&actors[0]);
	begin(&actors[1]);
	actor_pass(&actors[0]);
	actor_pass(&actors[0]);
	actor_pass(&actors[1]); /* does not wait */
	assert_int_equal(actors[1].seat->iterations, 1);
	assert_int_equal(sum_of(&actors[1].seat->woken), 0);
	assert_int_equal(actors[1].seen[0][0], 2); /* two are one */
	dismiss();
}

/* Who was about to let go a wait that is over does not let go the next one. */
static void a_late_stamp(void **state)
{
	struct moment m = moment_now();
	struct act wake;

	(void)state;
	cast("wake a | wait a");
	wake = program.acts[0];
	begin(&actors[0]);
	begin(&actors[1]);
	look_waits(stage.head, actors[1].seat, &m, (int)actor_cell(&actors[1], &wake));
	assert_true(actors[1].seat->ready_ns & SEAT_WAITS);
	meet_wake(&actors[0], &wake);
	assert_true(actors[1].seat->ready_ns >= m.now_ns && !(actors[1].seat->ready_ns & SEAT_WAITS));
	look_went_on(stage.head, actors[1].seat, &m);
	look_waits(stage.head, actors[1].seat, &m, (int)actor_cell(&actors[1], &wake));
	assert_int_equal(actors[1].seat->ready_ns, SEAT_WAITS | 2);
	assert_int_equal(look_open(actors[1].seat, UINT64_MAX), 0);
	dismiss();
}

static void in_turns(void **state)
{
	static const char *const texts[] = {
		"run 5us; wake a; wait b | wait a; run 5us; wake b",
		"run 5us; send a; receive b | receive a; run 5us; send b",
		"wake a; wait c | wait a; wake b | wait b; wake c",
		"run 5us; signal 1; sigwait | sigwait; run 5us; signal 0",
	};

	(void)state;
	for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) {
		together(texts[i]);
		dismiss();
	}
}

static void one_at_a_time(void **state)
{
	(void)state;
	together("4 * lock a; run 20us; unlock a; run 5us");
	assert_int_equal(stage.cells[0].word, 0);
	dismiss();
	together("4 * pilock a; run 20us; piunlock a; run 5us");
	assert_int_equal(stage.cells[0].word, 0);
	dismiss();
}

static void wakes_are_latencies(void **state)
{
	(void)state;
	together("sleep 1ms; wake a; wait b | wait a; run 1us; wake b");
	assert_true(sum_of(&actors[1].seat->woken) > 0);
	/* it waited a millisecond at a time for the other one, and that is no gap */
	assert_true(sum_of(&actors[1].seat->woken) / PASSES < 100000000);
	dismiss();
}

static void masks(void **state)
{
	cpu_set_t before, now;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
	one("affinity self", 5);
	assert_int_equal(sched_getaffinity(0, sizeof now, &now), 0);
	assert_true(CPU_COUNT(&now) >= 1);
	dismiss();
	sched_setaffinity(0, sizeof before, &before);
}

static void speeds(void **state)
{
	(void)state;
	assert_int_equal(burn_speed(0), 500000);
	assert_int_equal(burn_speed(1), 250000);
	assert_true(burn_speed(-1) > 1000);
	burn(1000, 0);
}

/* The instructions of a process that computes for so many rounds and ends. 0: nobody may trace here. */
static unsigned steps(uint64_t rounds)
{
	unsigned n = 0;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(0);
		raise(SIGSTOP);
		burn(1000, rounds * 1000);
		_exit(0);
	}
	while (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		n++;
		ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
	}
	return n;
}

/* Whichever loop runs them. */
static void a_round_is_two_instructions(void **state)
{
	unsigned few = steps(33);

	(void)state;
	if (!few)
		skip();
	assert_int_equal(steps(33 + 30) - few, 2 * 30);
	assert_int_equal(steps(33 + 320) - few, 2 * 320);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alone),
		cmocka_unit_test(work_is_counted),
		cmocka_unit_test(sleeps),
		cmocka_unit_test(a_wake_is_never_lost),
		cmocka_unit_test(a_late_stamp),
		cmocka_unit_test(in_turns),
		cmocka_unit_test(one_at_a_time),
		cmocka_unit_test(wakes_are_latencies),
		cmocka_unit_test(masks),
		cmocka_unit_test(speeds),
		cmocka_unit_test(a_round_is_two_instructions),
	};

	if (argc > 1 && !strcmp(argv[1], CHILDREN_WORD))
		return 0; /* the other program of "exec" */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
