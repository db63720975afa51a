/* test_devtree.c: caches in a device tree, followed from each CPU as Linux does; trees that are none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libfdt.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "vm/devtree.h"
#include "topology/topology.h"

enum { TREE = 64 << 10 };

/* As QEMU makes it: a node and a phandle per CPU, the last one first; and a phandle of something else. */
static void *tree(unsigned cpus, size_t *n)
{
	auto_free char *fdt = xcalloc(1, TREE);
	char *exact;

	assert_int_equal(fdt_create_empty_tree(fdt, TREE), 0);
	assert_int_equal(fdt_setprop_u32(fdt, 0, "phandle", 0x8001), 0);
	assert_true(fdt_add_subnode(fdt, 0, "cpus") >= 0);
	for (unsigned i = cpus; i-- > 0;) {
		auto_free char *name = xasprintf("cpu@%u", i);
		int at = fdt_add_subnode(fdt, fdt_path_offset(fdt, "/cpus"), name);

		assert_true(at >= 0);
		assert_int_equal(fdt_setprop_string(fdt, at, "device_type", "cpu"), 0);
		assert_int_equal(fdt_setprop_u32(fdt, at, "phandle", 0x8002 + i), 0);
	}
	assert_int_equal(fdt_pack(fdt), 0);
	*n = fdt_totalsize(fdt);
	exact = xmemdup(fdt, *n);
	return exact;
}

static uint32_t number(const void *fdt, int node, const char *name)
{
	int len;
	const fdt32_t *v = fdt_getprop(fdt, node, name, &len);

	return v && len == 4 ? fdt32_to_cpu(*v) : 0;
}

/* The cache behind a node at this level; phandles are unique, or this would not find it. */
static uint32_t next(const void *fdt, int node, unsigned level, int *at)
{
	uint32_t phandle = number(fdt, node, "next-level-cache");

	*at = fdt_node_offset_by_phandle(fdt, phandle);
	assert_true(*at >= 0);
	assert_int_equal(number(fdt, *at, "cache-level"), level);
	assert_non_null(fdt_getprop(fdt, *at, "cache-unified", NULL));
	assert_int_equal(number(fdt, *at, "cache-size") % (64 * number(fdt, *at, "cache-sets")), 0);
	return phandle;
}

static void follow(const char *text)
{
	uint32_t l2[TOPO_MAX_CPUS], l3[TOPO_MAX_CPUS];
	struct topology t;
	struct err e;
	size_t n;

	assert_int_equal(topology_parse(&t, text, &e), 0);
	unsigned cpus = topology_cpus(&t);
	auto_free char *fdt = tree(cpus, &n);

	fdt = xreallocarray(fdt, n + devtree_room(&t), 1);
	if (devtree_add_caches(fdt, n + devtree_room(&t), &t, &e) < 0)
		fail_msg("%s: %s", text, e.msg);
	for (unsigned i = 0; i < cpus; i++) {
		auto_free char *path = xasprintf("/cpus/cpu@%u", i);
		int at = fdt_path_offset(fdt, path);

		l2[i] = next(fdt, at, 2, &at);
		l3[i] = next(fdt, at, 3, &at);
		assert_null(fdt_getprop(fdt, at, "next-level-cache", NULL));
		for (unsigned k = 0; k < i; k++) {
			assert_int_equal(l2[i] == l2[k], i / t.threads == k / t.threads);
			assert_int_equal(l3[i] == l3[k], i / (t.threads * t.cores) == k / (t.threads * t.cores));
		}
	}
}

static void caches(void **state)
{
	(void)state;
	follow("1,1,1,1");
	follow("1,2,2,2");
	follow("2,3,1,2/llcs=2,1");
	follow("1,14,9,2");
}

static void refused(void **state)
{
	struct topology t = TOPOLOGY(1, 1, 4, 1);
	auto_free char *nonsense = xcalloc(1, TREE);
	struct err e = { 0 };
	size_t n;

	(void)state;
	assert_int_equal(devtree_add_caches(nonsense, TREE, &t, &e), -1);
	assert_int_equal(e.code, X_VM);
	auto_free char *few = tree(3, &n);

	few = xreallocarray(few, TREE, 1);
	assert_int_equal(devtree_add_caches(few, TREE, &t, &e), -1);
	assert_non_null(strstr(e.msg, "/cpus/cpu@3"));
	auto_free char *narrow = tree(4, &n);

	narrow = xreallocarray(narrow, n + 100, 1);
	assert_int_equal(devtree_add_caches(narrow, n + 100, &t, &e), -1);
	assert_non_null(strstr(e.msg, "NOSPACE"));
}

/* Strings behind the end, a property longer than the tree, nothing where it ends, names as they were before version 16. */
static void damaged(void **state)
{
	const struct topology t = TOPOLOGY(1, 1, 2, 2);
	size_t n;

	(void)state;
	for (int how = 0; how < 4; how++) {
		struct err e = { 0 };
		auto_free char *fdt = tree(4, &n);
		int len;

		if (how == 0)
			fdt_set_size_dt_strings(fdt, fdt_size_dt_strings(fdt) + 64);
		else if (how == 1)
			memset((char *)fdt_getprop_w(fdt, 0, "phandle", &len) - 8, 0x7f, 4);
		else if (how == 2)
			memset(fdt + fdt_off_dt_struct(fdt) + fdt_size_dt_struct(fdt) - 4, 0, 4);
		else
			fdt_set_version(fdt, 3);
		fdt = xreallocarray(fdt, n + devtree_room(&t), 1);
		assert_int_equal(devtree_add_caches(fdt, n + devtree_room(&t), &t, &e), -1);
		assert_int_equal(e.code, X_VM);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(caches), cmocka_unit_test(refused),
					    cmocka_unit_test(damaged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
