/* How many CPUs a cgroup leaves us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sched.h>

#include "base/cpus.h"
#include "scratch.h"

static void quotas(void **state)
{
	static const struct {
		const char *cgroups;
		const char *outer, *inner; /* cpu.max of /a and /a/b; NULL: none */
		unsigned cpus;
	} cases[] = {
		{ "0::/a/b\n", NULL, NULL, 0 },
		{ "0::/a/b\n", "max 100000\n", "max 100000\n", 0 },
		{ "0::/a/b\n", "max 100000\n", "200000 100000\n", 2 },
		{ "0::/a/b\n", "100000 100000\n", "200000 100000\n", 1 },
		{ "0::/a/b\n", "300000 100000\n", NULL, 3 },
		{ "0::/a\n", "300000 100000\n", "100000 100000", 3 },
		{ "0::/a\n", "250000 100000\n", NULL, 3 },
		{ "0::/a\n", "1 100000\n", NULL, 1 },
		{ "0::/a\n", "0 100000\n", NULL, 1 },
		{ "0::/a\n", "100000 0\n", NULL, 0 },
		{ "0::/a\n", "nonsense", NULL, 0 },
		{ "0::/a\n", "18446744073709551615 100000\n", NULL, 0 },
		{ "12:cpu:/x\n0::/a\n", "200000 100000\n", NULL, 2 },
		{ "12:cpu:/a\n", "200000 100000\n", NULL, 0 },
		{ "0::/\n", "100000 100000\n", NULL, 0 },
		{ "0::/elsewhere/../a\n", "100000 100000\n", NULL, 0 },
		{ "", NULL, NULL, 0 },
	};
	struct err e;

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *root = xasprintf("%s/%zu", (char *)*state, i);

		assert_int_equal(mkdir_p(AT_FDCWD, root, 0755, &e), 0);
		if (cases[i].outer)
			scratch_text(root, "a/cpu.max", cases[i].outer);
		if (cases[i].inner)
			scratch_text(root, "a/b/cpu.max", cases[i].inner);
		assert_int_equal(cpus_quota(cases[i].cgroups, root), cases[i].cpus);
	}
}

static void memory(void **state)
{
	scratch_text(*state, "a/memory.max", "4294967296\n");
	scratch_text(*state, "a/b/memory.max", "max\n");
	scratch_text(*state, "a/c/memory.max", "1048576\n");
	assert_int_equal(memory_quota("0::/a/b\n", *state), 4294967296);
	assert_int_equal(memory_quota("0::/a/c\n", *state), 1048576);
	assert_int_equal(memory_quota("0::/b\n", *state), 0);
	assert_true(memory_usable() > 64 << 20);
}

static void one_cpu(void **state)
{
	cpu_set_t one, before;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	CPU_ZERO(&one);
	for (int i = 0; i < CPU_SETSIZE && !CPU_COUNT(&one); i++)
		if (CPU_ISSET(i, &before))
			CPU_SET(i, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(cpus_usable(), 1);
	assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
	assert_in_range(cpus_usable(), 1, CPU_COUNT(&before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(quotas),
		in_scratch(memory),
		cmocka_unit_test(one_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
