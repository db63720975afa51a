/* test_topology.c: "N,L,C,T", what may stand behind it, and presets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "topology/presets.h"
#include "topology/topology.h"

static char *written(const struct topology *t)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	topology_write(f, t);
	fclose(f);
	return text;
}

static void good(void **state)
{
	static const struct {
		const char *text, *wrote, *name;
		unsigned cpus, last; /* APIC id */
	} cases[] = {
		{ "1,1,1,1", "1,1,1,1", "1n1l1c1t", 1, 0 },
		{ "1,2,4,1", "1,2,4,1", "1n2l4c1t", 8, 7 },
		{ "2,4,2,2", "2,4,2,2", "2n4l2c2t", 16, 15 },
		{ "8,8,1,1", "8,8,1,1", "8n8l1c1t", 8, 7 },
		{ "01,001,4,1", "1,1,4,1", "1n1l4c1t", 4, 3 },
		{ "1,1,126,2", "1,1,126,2", "1n1l126c2t", 252, 251 },
		{ "1,3,3,1", "1,3,3,1", "1n3l3c1t", 9, 10 },
		{ "1,252,1,1", "1,252,1,1", "1n252l1c1t", 252, 251 },
		{ "1,1,1,252", "1,1,1,252", "1n1l1c252t", 252, 251 },
		{ "1,1,84,3", "1,1,84,3", "1n1l84c3t", 252, 334 },
		{ "5,15,3,5", "5,15,3,5", "5n15l3c5t", 225, 4 << 7 | 2 << 5 | 2 << 3 | 4 },
		{ "1n2l4c2t", "1,2,4,2", "1n2l4c2t", 16, 15 },
		{ "odd-7llc", "1,7,2,1", "1n7l2c1t", 14, 13 },
		{ "max-cpu", "1,14,9,2", "1n14l9c2t", 252, 433 },
		{ "2,4,4,1/llcs=3,1", "2,4,4,1/llcs=3,1", "2n4l4c1t/llcs=3,1", 16, 15 },
		{ "2,3,1,1/llcs=1,2", "2,3,1,1/llcs=1,2", "2n3l1c1t/llcs=1,2", 3, 2 },
		{ "numa2-4llc/mem=768,256", "2,4,4,1/mem=768,256", "2n4l4c1t/mem=768,256", 16, 15 },
		{ "2n2l1c1t/dist=10,30,20,10/llcs=1,1/mem=32,32", "2,2,1,1/mem=32,32/dist=10,30,20,10",
		  "2n2l1c1t/mem=32,32/dist=10,30,20,10", 2, 1 },
		{ "2,4,1,1/llcs=2,2/dist=10,20,20,10", "2,4,1,1", "2n4l1c1t", 4, 3 },
		{ "1,1,1,1/mem=512/llcs=1/dist=10", "1,1,1,1/mem=512", "1n1l1c1t/mem=512", 1, 0 },
		{ "2,2,1,1/dist=10,11,254,10", "2,2,1,1/dist=10,11,254,10", "2n2l1c1t/dist=10,11,254,10", 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct topology t, again;
		struct err e = { 0 };

		assert_int_equal(topology_parse(&t, cases[i].text, &e), 0);
		auto_free char *wrote = written(&t), *name = topology_name(&t);

		assert_string_equal(wrote, cases[i].wrote);
		assert_string_equal(name, cases[i].name);
		assert_int_equal(topology_cpus(&t), cases[i].cpus);
		assert_int_equal(topology_last_apic_id(&t), cases[i].last);
		assert_int_equal(topology_parse(&again, wrote, &e), 0);
		assert_memory_equal(&t, &again, sizeof(t));
		assert_int_equal(topology_parse(&again, name, &e), 0);
		assert_memory_equal(&t, &again, sizeof(t));
	}
}

static void bad(void **state)
{
	static const char shape[] = "': expected 'numa_nodes,llcs,cores,threads' (e.g. '1,2,4,1')";
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", shape },
		{ "1", shape },
		{ "1,2,3", shape },
		{ "1,2,3,4,5", shape },
		{ "1,1,1,1,", shape },
		{ "/llcs=1", shape },
		{ "huge-llc", "invalid topology 'huge-llc" },
		{ "huge-llc", " or one of tiny-1llc, tiny-2llc, " },
		{ "max-cp", shape },
		{ "1n1l1c1", shape },
		{ "1n1l1c1t1", shape },
		{ "n1l1c1t", shape },
		{ "a,1,1,1", "invalid numa_nodes value: 'a'" },
		{ "1,,1,1", "invalid llcs value: ''" },
		{ "1,1,-1,1", "invalid cores value: '-1'" },
		{ "1,1,1, 1", "invalid threads value: ' 1'" },
		{ "1,1,1,4294967296", "invalid threads value: '4294967296'" },
		{ "1,1,1,99999999999999999999999", "invalid threads value: '999" },
		{ "1,1,0,1", "invalid topology '1,1,0,1': all values must be >= 1" },
		{ "0,1,1,1", "all values must be >= 1" },
		{ "0n1l1c1t", "all values must be >= 1" },
		{ "2,3,1,1", "llcs (3) must be divisible by numa_nodes (2)" },
		{ "2,3,1,1/mem=64,64", "llcs (3) must be divisible by numa_nodes (2)" },
		{ "1,1,253,1", "more than 252 CPUs" },
		{ "1,4294967295,4294967295,4294967295", "more than 252 CPUs" },
		{ "1,16,16,1", "more than 252 CPUs" },
		{ "9,9,1,1", "9 NUMA nodes, at most 8" },
		{ "1,1,1,1/", "'' is none of llcs=, mem= and dist=" },
		{ "1,1,1,1/llcs", "'llcs' is none of" },
		{ "1,1,1,1/cpus=1", "'cpus=1' is none of" },
		{ "2,2,1,1/llcs=1,1/llcs=1,1", "llcs= twice" },
		{ "2,4,1,1/llcs=4", "llcs= has 1 numbers, its nodes need 2" },
		{ "2,4,1,1/llcs=1,2,1", "llcs= has 3 numbers, its nodes need 2" },
		{ "2,4,1,1/llcs=1,2", "the nodes have 3 LLCs together, not 4" },
		{ "2,4,1,1/llcs=4,0", "llcs values must be >= 1" },
		{ "2,4,1,1/llcs=4,x", "invalid llcs value: 'x'" },
		{ "2,4,1,1/mem=31,512", "mem values must be >= 32" },
		{ "2,4,1,1/mem=512,131073", "mem values must be <= 131072" },
		{ "2,4,1,1/dist=10,20,20", "dist= has 3 numbers, its nodes need 4" },
		{ "2,4,1,1/dist=10,9,20,10", "dist values must be >= 10" },
		{ "2,4,1,1/dist=10,255,20,10", "dist values must be <= 254" },
		{ "2,4,1,1/dist=11,20,20,10", "distance of node 0 to itself must be 10" },
		{ "2,4,1,1/dist=10,20,10,10", "distance of node 1 to node 0 must be > 10" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct topology t = TOPOLOGY(7, 7, 7, 7), before = t;
		struct err e = { 0 };

		assert_true(topology_parse(&t, cases[i].text, &e) < 0);
		assert_int_equal(e.code, X_USAGE);
		if (!strstr(e.msg, cases[i].says))
			fail_msg("'%s' gives: %s", cases[i].text, e.msg);
		assert_memory_equal(&t, &before, sizeof(t));
	}
}

static void names_by_shape(void **state)
{
	static const struct {
		const char *name;
		struct topology topo; /* no nodes: refused */
	} cases[] = {
		{ "4cpu-1llc-nosmt", TOPOLOGY(1, 1, 4, 1) },
		{ "8cpu-2llc-smt", TOPOLOGY(1, 2, 2, 2) },
		{ "252cpu-14llc-smt", TOPOLOGY(1, 14, 9, 2) },
		{ "240cpu-15llc-nosmt", TOPOLOGY(1, 15, 16, 1) },
		{ "2numa-32cpu-2llc-smt", TOPOLOGY(2, 2, 8, 2) },
		{ "4numa-192cpu-12llc-smt", TOPOLOGY(4, 12, 8, 2) },
		{ "192cpu-11llc-smt", { 0 } },
		{ "4cpu-1llc", { 0 } },
		{ "0cpu-1llc-smt", { 0 } },
		{ "4cpu-0llc-smt", { 0 } },
		{ "0numa-4cpu-1llc-smt", { 0 } },
		{ "4cpu-1llc-smtx", { 0 } },
		{ "99999cpu-1llc-smt", { 0 } },
		{ "2numa-6cpu-3llc-smt", { 0 } },
		{ "9999cpu-3llc-nosmt", { 0 } },
		{ "cpu-llc-smt", { 0 } },
		{ "00000000000000000000000000000000000000004cpu-1llc-smt", { 0 } },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct topology t;
		struct err e = { 0 };
		int r = topology_parse(&t, cases[i].name, &e);

		assert_int_equal(r < 0, !cases[i].topo.nodes);
		if (r == 0)
			assert_memory_equal(&t, &cases[i].topo, sizeof(t));
		else
			assert_int_equal(e.code, X_USAGE);
	}
}

static void presets_hold(void **state)
{
	(void)state;
	for (size_t i = 0; i < PRESETS; i++) {
		struct topology t;
		struct err e = { 0 };

		assert_non_null(presets[i].name);
		assert_int_equal(topology_parse(&t, presets[i].name, &e), 0);
		assert_memory_equal(&t, &presets[i].topo, sizeof(t));
		auto_free char *wrote = written(&t);

		assert_int_equal(topology_parse(&t, wrote, &e), 0);
		assert_memory_equal(&t, &presets[i].topo, sizeof(t));
	}
	assert_null(preset_find("odd-3llcs", 9));
	assert_ptr_equal(preset_find("odd-3llcs", 8), &presets[2]);
}

static struct topology parsed(const char *text)
{
	struct topology t;
	struct err e = { 0 };

	if (topology_parse(&t, text, &e) < 0)
		fail_msg("%s", e.msg);
	return t;
}

static void nodes(void **state)
{
	static const struct {
		const char *text;
		unsigned sockets, dies, memory_mb;
		unsigned llcs[3], mb[3], of[6]; /* per node, per node, per LLC */
	} cases[] = {
		{ "3,6,1,1", 3, 2, 1000, { 2, 2, 2 }, { 333, 333, 334 }, { 0, 0, 1, 1, 2, 2 } },
		{ "3,6,1,1/llcs=1,4,1", 1, 6, 1000, { 1, 4, 1 }, { 333, 333, 334 }, { 0, 1, 1, 1, 1, 2 } },
		{ "3,6,1,1/mem=500,400,100", 3, 2, 1000, { 2, 2, 2 }, { 500, 400, 100 }, { 0, 0, 1, 1, 2, 2 } },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct topology t = parsed(cases[i].text);

		assert_int_equal(topology_sockets(&t), cases[i].sockets);
		assert_int_equal(topology_dies(&t), cases[i].dies);
		for (unsigned n = 0; n < 3; n++) {
			assert_int_equal(topology_node_llcs(&t, n), cases[i].llcs[n]);
			assert_int_equal(topology_node_mb(&t, cases[i].memory_mb, n), cases[i].mb[n]);
		}
		for (unsigned l = 0; l < 6; l++)
			assert_int_equal(topology_node_of(&t, l), cases[i].of[l]);
	}
}

static void memory_and_distances(void **state)
{
	struct topology plain = parsed("2,2,1,1"), said = parsed("2,2,1,1/mem=768,256/dist=10,21,31,10");
	struct err e = { 0 };

	(void)state;
	assert_int_equal(topology_distance(&plain, 1, 1), 10);
	assert_int_equal(topology_distance(&plain, 1, 0), 20);
	assert_int_equal(topology_distance(&said, 0, 1), 21);
	assert_int_equal(topology_distance(&said, 1, 0), 31);
	assert_int_equal(topology_memory_mb(&plain), 0);
	assert_int_equal(topology_memory_mb(&said), 1024);
	assert_int_equal(topology_check_memory(&plain, 64, &e), 0);
	assert_int_equal(topology_check_memory(&said, 1024, &e), 0);
	assert_true(topology_check_memory(&plain, 63, &e) < 0);
	assert_int_equal(e.code, X_USAGE);
	assert_non_null(strstr(e.msg, "63 MB are too little memory, each node needs 32 MB"));
	assert_true(topology_check_memory(&said, 2048, &e) < 0);
	assert_non_null(strstr(e.msg, "its nodes have 1024 MB together, not 2048"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good),           cmocka_unit_test(bad),
		cmocka_unit_test(nodes),          cmocka_unit_test(presets_hold),
		cmocka_unit_test(names_by_shape), cmocka_unit_test(memory_and_distances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
