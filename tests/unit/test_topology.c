/* test_topology.c: "N,L,C,T". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "vm/topology.h"

static void good(void **state)
{
	static const struct {
		const char *text;
		struct topology want;
		unsigned cpus;
	} cases[] = {
		{ "1,1,1,1", { 1, 1, 1, 1 }, 1 },    { "1,2,4,1", { 1, 2, 4, 1 }, 8 },
		{ "2,4,2,2", { 2, 4, 2, 2 }, 16 },   { "8,8,1,1", { 8, 8, 1, 1 }, 8 },
		{ "01,001,4,1", { 1, 1, 4, 1 }, 4 }, { "1,1,126,2", { 1, 1, 126, 2 }, 252 },
		{ "1,3,3,1", { 1, 3, 3, 1 }, 9 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct topology t;
		struct err e = { 0 };

		assert_int_equal(topology_parse(&t, cases[i].text, &e), 0);
		assert_memory_equal(&t, &cases[i].want, sizeof(t));
		assert_int_equal(topology_cpus(&t), cases[i].cpus);
	}
}

static void bad(void **state)
{
	static const char shape[] = "': expected 'numa_nodes,llcs,cores,threads' (e.g. '1,2,4,1')";
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", shape },
		{ "abc", shape },
		{ "1,2,3", shape },
		{ "1,2,3,4,5", shape },
		{ "1,2,4,1,", shape },
		{ "x,y,1,1", "invalid numa_nodes value: 'x'" },
		{ "1,,1,1", "invalid llcs value: ''" },
		{ "1,1,-1,1", "invalid cores value: '-1'" },
		{ "1,1,1, 1", "invalid threads value: ' 1'" },
		{ "1,1,1,4294967296", "invalid threads value: '4294967296'" },
		{ "1,1,1,99999999999999999999999", "invalid threads value: '999" },
		{ "1,1,0,1", "invalid topology '1,1,0,1': all values must be >= 1" },
		{ "0,1,1,1", "all values must be >= 1" },
		{ "2,3,1,1", "llcs (3) must be divisible by numa_nodes (2)" },
		{ "1,1,253,1", "more than 252 CPUs" },
		{ "1,4294967295,4294967295,4294967295", "more than 252 CPUs" },
		{ "9,9,1,1", "9 NUMA nodes, at most 8" },
		{ "1,3,81,1", "APIC ids" },
		{ "5,5,33,1", "APIC ids" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct topology t = { 7, 7, 7, 7 }, before = t;
		struct err e = { 0 };

		assert_true(topology_parse(&t, cases[i].text, &e) < 0);
		assert_int_equal(e.code, X_USAGE);
		if (!strstr(e.msg, cases[i].says))
			fail_msg("'%s' gives: %s", cases[i].text, e.msg);
		assert_memory_equal(&t, &before, sizeof(t));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good), cmocka_unit_test(bad) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
