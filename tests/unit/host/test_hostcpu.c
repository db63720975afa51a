/* test_hostcpu.c: machines as trees of sysfs, and where the vCPUs of guests go on them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "scratch.h"
#include "host/hostcpu.h"
#include "host/pin.h"

/* A regular machine: CPU i is thread i / (all cores) of core i % (all cores), as PCs number them; or threads side by side. */
struct host {
	unsigned nodes, llcs, cores, threads; /* as a topology's */
	bool side_by_side;
	bool no_cache; /* tells of sockets (its nodes) only */
};

static unsigned cores_of(const struct host *h)
{
	return h->llcs * h->cores;
}

static unsigned id_of(const struct host *h, unsigned core, unsigned thread)
{
	return h->side_by_side ? core * h->threads + thread : thread * cores_of(h) + core;
}

static char *list_of(const struct host *h, unsigned first_core, unsigned n_cores)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	bool any = false;

	for (unsigned id = 0; id < cores_of(h) * h->threads; id++) {
		unsigned core = h->side_by_side ? id / h->threads : id % cores_of(h);

		if (core >= first_core && core < first_core + n_cores)
			fprintf(f, "%s%u", any ? "," : "", id);
		any |= core >= first_core && core < first_core + n_cores;
	}
	fputc('\n', f);
	fclose(f);
	return text;
}

static void put(const char *root, const char *text, const char *fmt, unsigned a, unsigned b)
{
	auto_free char *name = NULL;

	assert_true(asprintf(&name, fmt, a, b) > 0);
	scratch_text(root, name, text);
}

#define CPU_DIR "sys/devices/system/cpu"

static void draw_cpu(const char *root, const struct host *h, unsigned core, unsigned thread)
{
	auto_free char *own = list_of(h, core, 1);
	auto_free char *llc = list_of(h, core / h->cores * h->cores, h->cores);
	unsigned per_node = cores_of(h) / h->nodes, id = id_of(h, core, thread);
	auto_free char *package = list_of(h, core / per_node * per_node, per_node);

	put(root, own, CPU_DIR "/cpu%u/topology/core_cpus_list", id, 0);
	put(root, package, CPU_DIR "/cpu%u/topology/package_cpus_list", id, 0);
	for (unsigned i = 0; !h->no_cache && i < 3; i++) {
		static const char *const levels[] = { "1\n", "2\n", "3\n" };

		put(root, levels[i], CPU_DIR "/cpu%u/cache/index%u/level", id, i);
		put(root, i == 2 ? llc : own, CPU_DIR "/cpu%u/cache/index%u/shared_cpu_list", id, i);
	}
}

static void draw(const char *root, const struct host *h)
{
	auto_free char *all = list_of(h, 0, cores_of(h));
	unsigned per_node = cores_of(h) / h->nodes;

	scratch_text(root, CPU_DIR "/online", all);
	for (unsigned c = 0; c < cores_of(h); c++)
		for (unsigned t = 0; t < h->threads; t++)
			draw_cpu(root, h, c, t);
	scratch_text(root, "sys/devices/system/node/online", h->nodes > 1 ? "0-1\n" : "0\n");
	for (unsigned n = 0; n < h->nodes; n++) {
		auto_free char *cpus = list_of(h, n * per_node, per_node);

		put(root, cpus, "sys/devices/system/node/node%u/cpulist", n, 0);
	}
}

static void reading(void **state)
{
	const struct host h = { 2, 4, 2, 2, false, false };
	auto_host_cpus struct host_cpus got = { 0 };
	struct err e = { 0 };

	draw(*state, &h);
	assert_int_equal(host_cpus_read(&got, *state, &e), 0);
	assert_int_equal(got.n, 16);
	assert_int_equal(got.llcs, 4);
	assert_int_equal(got.nodes, 2);
	assert_int_equal(host_cpus_allowed(&got), 16);
	for (unsigned i = 0; i < 16; i++) {
		assert_int_equal(got.v[i].id, i);
		assert_int_equal(got.v[i].core, i % 8);
		assert_int_equal(got.v[i].llc, i % 8 / 2);
		assert_int_equal(got.v[i].node, i % 8 / 4);
	}
}

/* Many virtual machines tell nothing of caches; some hardly anything. */
static void little_said(void **state)
{
	const struct host h = { 2, 4, 2, 1, true, true };
	auto_host_cpus struct host_cpus got = { 0 };
	auto_free char *bare = xasprintf("%s/bare", (char *)*state);
	struct err e = { 0 };

	draw(*state, &h);
	assert_int_equal(host_cpus_read(&got, *state, &e), 0);
	assert_int_equal(got.llcs, 2);
	host_cpus_free(&got);
	scratch_text(bare, CPU_DIR "/online", "0,2-3\n");
	assert_int_equal(host_cpus_read(&got, bare, &e), 0);
	assert_int_equal(got.n, 3);
	assert_int_equal(got.llcs, 1);
	assert_int_equal(got.nodes, 1);
	assert_int_equal(got.v[2].id, 3);
	assert_int_equal(got.v[2].core, 3);
	assert_int_equal(host_huge_free(bare, -1), 0);
	assert_int_equal(host_running(bare), 0);
	assert_null(host_clock(bare));
}

static void damaged(void **state)
{
	static const char *const online[] = {
		"", "x\n", "0-\n", "3-1\n", "0-4096\n", "0;1\n", "0-99999999999999999999\n", "-1\n"
	};

	for (size_t i = 0; i < countof(online); i++) {
		struct host_cpus got = { 0 };
		struct err e = { 0 };

		scratch_text(*state, CPU_DIR "/online", online[i]);
		if (host_cpus_read(&got, *state, &e) >= 0)
			fail_msg("accepted: %s", online[i]);
		assert_int_equal(e.code, X_FAIL);
		assert_null(got.v);
	}
	auto_free char *none = xasprintf("%s/none", (char *)*state);
	struct host_cpus got = { 0 };
	struct err e = { 0 };

	assert_true(host_cpus_read(&got, none, &e) < 0);
	scratch_text(*state, CPU_DIR "/online", "0-1\n");
	scratch_text(*state, CPU_DIR "/cpu0/cache/index0/level", "99999999999\n");
	scratch_text(*state, CPU_DIR "/cpu0/cache/index0/shared_cpu_list", "77777777\n");
	scratch_text(*state, CPU_DIR "/cpu1/topology/core_cpus_list", "rubbish\n");
	scratch_text(*state, "sys/devices/system/node/online", "0-9999999\n");
	assert_int_equal(host_cpus_read(&got, *state, &e), 0);
	assert_int_equal(got.n, 2);
	assert_int_equal(got.llcs, 1);
	host_cpus_free(&got);
}

static void other_facts(void **state)
{
	scratch_text(*state, "sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "12\n");
	scratch_text(*state, "sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "2\n");
	scratch_text(*state, "sys/devices/system/node/node1/hugepages/hugepages-2048kB/free_hugepages", "7\n");
	scratch_text(*state, "proc/loadavg", "13.43 10.60 5.50 9/412 7331\n");
	scratch_text(*state, "sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n");
	assert_int_equal(host_huge_free(*state, -1), 10);
	assert_int_equal(host_huge_free(*state, 1), 7);
	assert_int_equal(host_huge_free(*state, 0), 0);
	assert_int_equal(host_running(*state), 9);
	auto_free char *clock = host_clock(*state);

	assert_string_equal(clock, "hpet");
	scratch_text(*state, "sys/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "20\n");
	assert_int_equal(host_huge_free(*state, -1), 0);
}

static void ours(void **state)
{
	auto_host_cpus struct host_cpus got = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(host_cpus_read(&got, "", &e), 0);
	assert_int_equal(host_cpus_ours(&got, &e), 0);
	assert_in_range(host_cpus_allowed(&got), 1, got.n);
}

/* vCPUs as "0 1 2", then the CPU for the rest, shared and spread LLCs, and the host node of each node. */
static void plans(void **state)
{
	static const struct {
		struct host host;
		const char *topo, *denied, *want;
	} cases[] = {
		{ { 1, 1, 2, 1, true, false }, "1,1,1,1", "", "0 + 1, 0 shared, 0 spread, nodes 0" },
		/* An LLC for each, cores before threads, the rest where nobody is. */
		{ { 1, 4, 2, 2, false, false }, "1,2,2,1", "", "0 1 2 3 + 4, 0 shared, 0 spread, nodes 0" },
		{ { 1, 4, 2, 2, true, false }, "1,2,2,1", "", "0 2 4 6 + 8, 0 shared, 0 spread, nodes 0" },
		{ { 1, 4, 2, 2, false, false }, "1,2,2,2", "", "0 8 1 9 2 10 3 11 + 4, 0 shared, 0 spread, nodes 0" },
		{ { 1, 2, 2, 2, true, false }, "1,1,3,1", "", "0 2 1 + 4, 0 shared, 0 spread, nodes 0" },
		/* Nodes on nodes. */
		{ { 2, 4, 2, 1, true, false }, "2,2,2,1", "", "0 1 4 5 + 2, 0 shared, 0 spread, nodes 0 1" },
		{ { 2, 4, 2, 1, true, false }, "1,2,2,1", "", "0 1 2 3 + 4, 0 shared, 0 spread, nodes 0" },
		{ { 2, 4, 3, 1, true, false }, "2,4,2,1", "", "0 1 3 4 6 7 9 10 + 2, 0 shared, 0 spread, nodes 0 1" },
		/* What is not ours is passed over. */
		{ { 1, 4, 2, 1, true, false }, "1,2,2,1", "1", "2 3 4 5 + 0, 0 shared, 0 spread, nodes 0" },
		{ { 2, 4, 2, 1, true, false }, "2,2,2,1", "0,5", "2 3 6 7 + 1, 0 shared, 0 spread, nodes 0 1" },
		/* As small an LLC as will do. */
		{ { 1, 2, 4, 1, true, false }, "1,1,3,1", "7", "4 5 6 + 0, 0 shared, 0 spread, nodes 0" },
		/* Too few LLCs, or too small ones. */
		{ { 1, 1, 8, 1, true, false }, "1,2,2,1", "", "0 1 2 3 + 4, 2 shared, 0 spread, nodes 0" },
		{ { 1, 4, 2, 1, true, false }, "1,1,3,1", "", "0 1 2 + 4, 0 shared, 1 spread, nodes 0" },
		{ { 2, 2, 4, 1, true, false }, "2,2,2,1", "0-2", "4 5 6 7 + 3, 2 shared, 0 spread, nodes 1 1" },
		{ { 2, 2, 2, 1, true, false }, "1,1,3,1", "", "0 1 2 + 3, 0 shared, 1 spread, nodes -1" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *root = xasprintf("%s/%zu", (char *)*state, i), *got = NULL;
		auto_free char *denied = xasprintf(",%s,", cases[i].denied);
		auto_host_cpus struct host_cpus h = { 0 };
		struct topology t;
		struct err e = { 0 };
		struct pin p;
		size_t n;

		draw(root, &cases[i].host);
		assert_int_equal(topology_parse(&t, cases[i].topo, &e), 0);
		assert_int_equal(host_cpus_read(&h, root, &e), 0);
		for (unsigned c = 0; c < h.n; c++) {
			auto_free char *one = xasprintf(",%u,", h.v[c].id);

			h.v[c].allowed = !strstr(denied, one) && !(strcmp(cases[i].denied, "0-2") == 0 && c < 3);
		}
		if (pin_plan(&p, &t, &h, &e) < 0)
			fail_msg("case %zu: %s", i, e.msg);
		FILE *f = xmemstream(&got, &n);
		for (unsigned c = 0; c < topology_cpus(&t); c++)
			fprintf(f, "%u ", p.cpu[c]);
		fprintf(f, "+ %u, %u shared, %u spread, nodes", p.service, p.shared, p.spread);
		for (unsigned k = 0; k < t.nodes; k++)
			fprintf(f, " %d", p.host_node[k]);
		fclose(f);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("case %zu: %s, not %s", i, got, cases[i].want);
	}
}

static void too_small(void **state)
{
	const struct host h = { 1, 2, 2, 1, true, false };
	auto_host_cpus struct host_cpus got = { 0 };
	struct topology t = TOPOLOGY(1, 2, 2, 1);
	struct pin p = { .service = 77 };
	struct err e = { 0 };

	draw(*state, &h);
	assert_int_equal(host_cpus_read(&got, *state, &e), 0);
	assert_true(pin_plan(&p, &t, &got, &e) < 0);
	assert_int_equal(e.code, X_HOST);
	assert_string_equal(
		e.msg, "performance_mode: need 5 CPUs (4 across 2 LLCs + 1 service) but only 4 host CPUs available");
	assert_int_equal(p.service, 77);
}

/* Whatever is asked for where it fits: every vCPU has a CPU that is allowed, and nobody else has. */
static void never_twice(void **state)
{
	static const char *const topologies[] = { "1,1,1,1", "1,1,7,1", "1,3,2,1", "2,4,1,2",
						  "1,7,1,1", "2,2,2,2", "4,4,2,1" };
	static const struct host hosts[] = {
		{ 1, 1, 16, 1, true, false }, { 2, 4, 2, 2, false, false }, { 1, 8, 1, 2, true, false },
		{ 2, 2, 9, 1, true, true },   { 1, 3, 3, 2, false, false },
	};

	for (size_t i = 0; i < countof(hosts); i++) {
		auto_free char *root = xasprintf("%s/%zu", (char *)*state, i);
		auto_host_cpus struct host_cpus h = { 0 };
		struct err e = { 0 };

		draw(root, &hosts[i]);
		assert_int_equal(host_cpus_read(&h, root, &e), 0);
		for (size_t k = 0; k < countof(topologies); k++) {
			bool used[64] = { false };
			struct topology t;
			struct pin p;

			h.v[k].allowed = false;
			assert_int_equal(topology_parse(&t, topologies[k], &e), 0);
			assert_int_equal(pin_plan(&p, &t, &h, &e), 0);
			used[p.service] = true;
			assert_int_not_equal(p.service, k);
			for (unsigned c = 0; c < topology_cpus(&t); c++) {
				assert_false(used[p.cpu[c]]);
				assert_int_not_equal(p.cpu[c], k);
				used[p.cpu[c]] = true;
			}
			h.v[k].allowed = true;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(reading),    in_scratch(little_said), in_scratch(damaged),   in_scratch(other_facts),
		cmocka_unit_test(ours), in_scratch(plans),       in_scratch(too_small), in_scratch(never_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
