/* test_functions.c: what is seen of a worker whose work is a function of a test program, and what such a program is told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/functions.h"
#include "engine/worker/function.h"

#define MS 1000000u
enum { DEADLINE_S = 60, BEGAN_MS = 10 };

/* A process that runs, or sleeps. */
static pid_t begin(bool runs)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(DEADLINE_S);
		for (volatile unsigned n = 0;; n++)
			if (!runs)
				pause();
	}
	assert_true(pid > 0);
	while (reading_state(pid, pid) != (runs ? 'R' : 'S'))
		sched_yield();
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* How long it has not been heard of, and how much CPU time it had of that. */
static uint64_t open_for(struct worker *w, uint64_t ms, uint64_t own_ms)
{
	const struct seat s = { .ready_ns = BEGAN_MS * MS, .cpu_ns = 5 * MS };
	const struct reading r = { .now_ns = (BEGAN_MS + ms) * MS, .stat = true, .cpu_ns = (5 + own_ms) * MS };

	*w->fault = '\0';
	return functions_open(w, &s, &r, 3);
}

static void without_figures(void **state)
{
	const struct seat s = { .ready_ns = BEGAN_MS * MS };
	const struct reading before = { .now_ns = 9 * MS, .stat = true }, unknown = { .now_ns = 900 * MS };
	struct worker w = { .pid = getpid() };

	(void)state;
	assert_int_equal(functions_open(&w, &s, &before, 1), 0);
	assert_int_equal(functions_open(&w, &s, &unknown, 1), 890 * MS);
	assert_string_equal(w.fault, "");
}

static void of_one_that_sleeps(void **state)
{
	struct worker w = { .pid = begin(false) };

	(void)state;
	assert_int_equal(open_for(&w, 499, 0), 0);
	assert_string_equal(w.fault, "");
	assert_int_equal(open_for(&w, 500, 0), 0);
	assert_string_equal(w.fault, "it hung: when phase 3 ended it had not come back for 500 ms, asleep");
	end(w.pid);
}

static void of_one_that_runs(void **state)
{
	struct worker w = { .pid = begin(true) };

	(void)state;
	/* What it did not have of that time is a gap. */
	assert_int_equal(open_for(&w, 80, 30), 50 * MS);
	assert_int_equal(open_for(&w, 80, 90), 0);
	/* Kept from running, and not hanging. */
	assert_int_equal(open_for(&w, 900, 99), 801 * MS);
	assert_string_equal(w.fault, "");
	assert_int_equal(open_for(&w, 900, 100), 0);
	assert_string_equal(w.fault, "it hung: when phase 3 ended it had not come back for 900 ms");
	end(w.pid);
}

static void words(void **state)
{
	const struct function_call all = { STAGE_ABI, 7, UINT64_MAX, UINT32_MAX, 2, UINT32_MAX, 1, UINT64_MAX };
	struct function_call c;
	char text[FUNCTION_WORDS_MAX], again[FUNCTION_WORDS_MAX];

	(void)state;
	function_call_write(text, &all);
	assert_true(function_call_read(&c, text));
	function_call_write(again, &c);
	assert_string_equal(again, text);
	assert_true(c.place == UINT64_MAX && c.file == 7 && c.count == UINT32_MAX && c.random == UINT64_MAX);
}

static void words_of_another(void **state)
{
	struct function_call c;
	char text[64];

	(void)state;
	snprintf(text, sizeof text, "%u and whatever", STAGE_ABI + 1);
	assert_true(function_call_read(&c, text));
	assert_int_equal(c.abi, STAGE_ABI + 1);
	assert_int_equal(c.count, 0);
}

static void no_words(void **state)
{
	static const char *const rests[] = { "",
					     " 7",
					     " 7 0 1 0 1 1000",
					     " 7 0 1 0 1 1000 9x",
					     " 7 0 1 0 1 1000 9 9",
					     " -1 0 1 0 1 1000 9",
					     " 7 0 1 0 1 0 9",
					     " 7 0 1 x 1 1000 9" };
	struct function_call c;
	char text[FUNCTION_WORDS_MAX];

	(void)state;
	assert_false(function_call_read(&c, ""));
	assert_false(function_call_read(&c, "x"));
	for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
		snprintf(text, sizeof text, "%u%s", STAGE_ABI, rests[i]);
		assert_false(function_call_read(&c, text));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_figures),  cmocka_unit_test(of_one_that_sleeps),
		cmocka_unit_test(of_one_that_runs), cmocka_unit_test(words),
		cmocka_unit_test(words_of_another), cmocka_unit_test(no_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
