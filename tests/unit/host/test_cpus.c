/* How many CPUs and how much memory control groups leave us. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sched.h>

#include "host/cgroup.h"
#include "host/cpus.h"
#include "scratch.h"

#define V2 "26 25 0:23 / / rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
#define V1(controllers, root, point) \
	"31 25 0:27 " root " " point " rw,nosuid shared:14 - cgroup cgroup rw," controllers "\n"
#define OTHER "1 0 8:1 / / rw - ext4 /dev/sda1 rw,memory,cpu\nnonsense\n2 1 0:5 /\n"

static unsigned cpus_quota(const char *groups, const char *root)
{
	return cgroup_cpus(&(struct cgroup_view){ groups, OTHER V2, root });
}

static uint64_t memory_quota(const char *groups, const char *root)
{
	return cgroup_memory(&(struct cgroup_view){ groups, OTHER V2, root });
}

/* v1, hybrid, and what containers see of them. */
static void layouts(void **state)
{
	static const struct {
		const char *name, *groups, *mounts;
		unsigned cpus;
		uint64_t bytes;
	} cases[] = {
		{ "v1", "9:memory:/t\n4:cpu,cpuacct:/a/b\n",
		  V1("cpu,cpuacct", "/", "/v1/cpu,cpuacct") V1("memory", "/", "/v1/memory"), 2, 700 << 20 },
		{ "hybrid", "9:memory:/t\n4:cpu,cpuacct:/a\n0::/a\n",
		  V1("cpu,cpuacct", "/", "/v1/cpu,cpuacct")
			  V1("memory", "/", "/v1/memory") "3 2 0:9 / /v1/unified rw - cgroup2 cgroup2 rw\n",
		  3, 600 << 20 },
		{ "a container's own group as the root", "9:memory:/docker/1\n4:cpu,cpuacct:/docker/1\n",
		  V1("cpu,cpuacct", "/docker/1", "/v1/cpu,cpuacct/a") V1("memory", "/docker/1", "/v1/memory/t"), 3,
		  700 << 20 },
		{ "a group below that", "4:cpu:/docker/1/b\n", V1("cpu,cpuacct", "/docker/1", "/v1/cpu,cpuacct/a"), 2,
		  0 },
		{ "a group that is not mounted here", "9:memory:/elsewhere\n",
		  V1("memory", "/docker/1", "/v1/memory/t"), 0, 700 << 20 },
		{ "v2 in a container", "0::/\n", "3 2 0:9 /../../x /v1/unified/a rw - cgroup2 cgroup2 rw\n", 0,
		  600 << 20 },
		{ "a blank in the mount point", "9:memory:/\n", V1("memory", "/", "/v1/a\\040b"), 0, 500 << 20 },
		{ "no limit", "9:memory:/none\n4:cpu:/none\n",
		  V1("cpu", "/", "/v1/cpu,cpuacct") V1("memory", "/", "/v1/memory"), 0, 0 },
		{ "a controller of another name", "9:memory2:/t\n3:xmemory:/t\n", V1("memory", "/", "/v1/memory"), 0,
		  0 },
		{ "nothing mounted", "9:memory:/t\n0::/a\n", "", 0, 0 },
		{ "no end of the last line", "9:memory:/t\n8:x:/",
		  V1("memory", "/", "/v1/memory") "1 0 8:1 / / rw - ext4 x rw", 0, 700 << 20 },
		{ "damaged", "9:memory\n:::\n0::\n4\n", "- - -\n - cgroup x rw,memory\n", 0, 0 },
	};
	const char *root = *state;

	scratch_text(root, "v1/cpu,cpuacct/a/cpu.cfs_quota_us", "300000\n");
	scratch_text(root, "v1/cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
	scratch_text(root, "v1/cpu,cpuacct/a/b/cpu.cfs_quota_us", "150000\n");
	scratch_text(root, "v1/cpu,cpuacct/a/b/cpu.cfs_period_us", "100000\n");
	scratch_text(root, "v1/cpu,cpuacct/none/cpu.cfs_quota_us", "-1\n");
	scratch_text(root, "v1/cpu,cpuacct/none/cpu.cfs_period_us", "100000\n");
	scratch_text(root, "v1/memory/memory.limit_in_bytes", "9223372036854771712\n");
	scratch_text(root, "v1/memory/t/memory.limit_in_bytes", "734003200\n");
	scratch_text(root, "v1/memory/none/memory.limit_in_bytes", "9223372036854771712\n");
	scratch_text(root, "v1/unified/a/memory.max", "629145600\n");
	scratch_text(root, "v1/a b/memory.limit_in_bytes", "524288000\n");
	for (size_t i = 0; i < countof(cases); i++) {
		const struct cgroup_view v = { cases[i].groups, cases[i].mounts, root };

		if (cgroup_cpus(&v) != cases[i].cpus || cgroup_memory(&v) != cases[i].bytes)
			fail_msg("%s: %u CPUs, %llu bytes", cases[i].name, cgroup_cpus(&v),
				 (unsigned long long)cgroup_memory(&v));
	}
	assert_true(cgroup_oom_kills() <= cgroup_oom_kills());
}

static void frozen_groups(void **state)
{
	static const struct {
		const char *name, *groups, *mounts;
		bool frozen;
	} cases[] = {
		{ "v2", "0::/f\n", "3 2 0:9 / /v2 rw - cgroup2 cgroup2 rw\n", true },
		{ "v2, not that one", "0::/a\n", "3 2 0:9 / /v2 rw - cgroup2 cgroup2 rw\n", false },
		{ "v2, its root", "0::/\n", "3 2 0:9 / /v2 rw - cgroup2 cgroup2 rw\n", false },
		{ "v1", "5:freezer:/f\n", V1("freezer", "/", "/v1/freezer"), true },
		{ "v1, thawed", "5:freezer:/a\n", V1("freezer", "/", "/v1/freezer"), false },
		{ "hybrid", "5:freezer:/f\n0::/\n",
		  V1("freezer", "/", "/v1/freezer") "3 2 0:9 / /v2 rw - cgroup2 cgroup2 rw\n", true },
		{ "another's group in a container", "0::/../x/f\n", "3 2 0:9 /y /v2 rw - cgroup2 cgroup2 rw\n", false },
		{ "nothing mounted", "0::/f\n", "", false },
	};
	const char *root = *state;

	scratch_text(root, "v2/f/cgroup.events", "populated 1\nfrozen 1\n");
	scratch_text(root, "v2/a/cgroup.events", "populated 1\nfrozen 0\n");
	scratch_text(root, "v1/freezer/f/freezer.state", "FROZEN\n");
	scratch_text(root, "v1/freezer/a/freezer.state", "THAWED\n");
	for (size_t i = 0; i < countof(cases); i++) {
		const struct cgroup_view v = { cases[i].groups, cases[i].mounts, root };

		if (cgroup_frozen(&v) != cases[i].frozen)
			fail_msg("%s", cases[i].name);
	}
	assert_false(cgroup_process_frozen(getpid()));
	assert_false(cgroup_process_frozen(1 << 30));
}

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
	scratch_text(*state, "a/b/memory.high", "2097152\n");
	scratch_text(*state, "a/c/memory.high", "2097152\n");
	assert_int_equal(memory_quota("0::/a/b\n", *state), 2097152);
	assert_int_equal(memory_quota("0::/a/c\n", *state), 1048576);
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
		in_scratch(quotas),        in_scratch(memory),        in_scratch(layouts),
		in_scratch(frozen_groups), cmocka_unit_test(one_cpu),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
