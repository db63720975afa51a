/* test_stolen.c: what /proc says of the time that threads waited for a CPU. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <unistd.h>

#include "base/mem.h"
#include "host/stolen.h"

static void texts(void **state)
{
	static const char *const bad[] = { "",      "x",      "1",      "1 ",
					   "1 x 3", "-1 2 3", "1 -2 3", "1 99999999999999999999 3",
					   "1  2 3" };
	uint64_t ns = 0;

	(void)state;
	assert_true(stolen_parse("123 456 7\n", &ns));
	assert_int_equal(ns, 456);
	assert_true(stolen_parse("0 18446744073709551615 0", &ns));
	for (size_t i = 0; i < countof(bad); i++)
		if (stolen_parse(bad[i], &ns))
			fail_msg("\"%s\" is taken", bad[i]);
}

/* A thread that is named twice counts once, and one that is not there makes the whole unknown. */
static void threads(void **state)
{
	const pid_t own[] = { getpid(), getpid() }, none[] = { getpid(), 0 };
	uint64_t once, twice;

	(void)state;
	if (!stolen_from(own[0], own, 1, &once))
		skip(); /* a kernel that does not count it */
	assert_true(stolen_from(own[0], own, 2, &twice));
	assert_true(twice >= once && (!once || twice < 2 * once));
	assert_false(stolen_from(own[0], none, 2, &once));
	assert_false(stolen_from(own[0], own, 0, &once));
}

/* All threads of a process: with one it is what that one waited, and a process that is none has nothing to say. */
static void whole(void **state)
{
	const pid_t own[] = { getpid() };
	uint64_t before, all, after;

	(void)state;
	assert_false(stolen_whole(0, &all));
	if (!stolen_from(own[0], own, 1, &before))
		skip();
	assert_true(stolen_whole(own[0], &all));
	assert_true(stolen_from(own[0], own, 1, &after));
	assert_true(before <= all && all <= after);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(texts), cmocka_unit_test(threads),
					    cmocka_unit_test(whole) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
