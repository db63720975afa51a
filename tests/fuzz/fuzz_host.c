/* fuzz_host.c: any bytes in place of what /proc and /sys tell of this machine. The first byte chooses: 'c', control groups
 * and mounts; 's', files of sysfs; 'm', a process' mappings. Pieces stand between lines "%%". */
#include "place.h"

#include <sys/mman.h>

#include "host/cgroup.h"
#include "host/hostcpu.h"
#include "vm/ram.h"

static const char *const cgroup_files[] = {
	"cg/a/cpu.max",         "cg/a/memory.max",       "cg/memory.high",
	"cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us", "mem/memory.limit_in_bytes"
};

#define CPU "sys/devices/system/cpu/"
static const char *const cpu_files[] = {
	CPU "online",
	CPU "cpu0/cache/index0/level",
	CPU "cpu0/cache/index0/shared_cpu_list",
	CPU "cpu1/topology/package_cpus_list",
	CPU "cpu1/topology/core_cpus_list",
	CPU "cpu2/topology/core_siblings_list",
	CPU "cpu2/topology/thread_siblings_list",
	"sys/devices/system/node/online",
	"sys/devices/system/node/node0/cpulist",
	"sys/devices/system/node/node1/cpulist",
	"sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages",
	"proc/loadavg",
};

static int ram = -1;

static void folders(const char *const *files, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *path = place_path(files[i]);
		struct err e;

		*strrchr(path, '/') = '\0';
		MUST(mkdir_p(AT_FDCWD, path, 0700, &e) == 0);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char groups[] =
		"c0::/a\n5:memory:/\n4:cpu,cpuacct:/\n%%\n"
		"30 1 0:26 / /cg rw - cgroup2 cgroup2 rw\n31 1 0:27 / /cpu rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n"
		"32 1 0:28 / /mem\\040 rw - cgroup cgroup rw,memory\n33 1 0:28 / /mem rw - cgroup cgroup rw,memory\n"
		"%%\n200000 100000\n%%\n1073741824\n%%\nmax\n%%\n-1\n%%\n100000\n%%\n9223372036854771712\n";
	static const char sysfs[] =
		"s0-2,4\n%%\n3\n%%\n0-1\n%%\n1-2\n%%\n1\n%%\n2,4\n%%\n2\n%%\n0-1\n%%\n0-1\n%%\n2-4\n%%\n"
		"17\n%%\n0.1 0.2 0.3 2/900 77\n";
	static const char maps[] = "m7f0000000000-7f0000001000 rw-s 00000000 00:01 77   /memfd:ram (deleted)\n";

	(void)argc, (void)argv;
	place_make("fuzz-host");
	folders(cgroup_files, countof(cgroup_files));
	folders(cpu_files, countof(cpu_files));
	ram = memfd_create("ram", MFD_CLOEXEC);
	MUST(ram >= 0 && ftruncate(ram, 4096) == 0);
	fuzz_seed("groups", groups, sizeof(groups) - 1);
	fuzz_seed("sysfs", sysfs, sizeof(sysfs) - 1);
	fuzz_seed("maps", maps, sizeof(maps) - 1);
	return 0;
}

/* The next piece; the caller's. */
static char *piece(const char **text, size_t *n)
{
	const char *end = *n ? memmem(*text, *n, "\n%%\n", 4) : NULL;
	size_t len = end ? (size_t)(end - *text) : *n, skip = end ? len + 4 : len;
	char *s = xstrndup(*text, len);

	*text += skip;
	*n -= skip;
	return s;
}

static void put_pieces(const char *const *files, size_t count, const char *text, size_t n)
{
	for (size_t i = 0; i < count; i++) {
		auto_free char *s = piece(&text, &n);

		place_put(files[i], s, strlen(s));
	}
}

static void cgroups(const char *text, size_t n)
{
	auto_free char *groups = piece(&text, &n), *mounts = piece(&text, &n);
	const struct cgroup_view v = { groups, mounts, place };

	put_pieces(cgroup_files, countof(cgroup_files), text, n);
	MUST(cgroup_cpus(&v) <= 1 << 16);
	(void)cgroup_memory(&v);
}

static void sysfs(const char *text, size_t n)
{
	auto_host_cpus struct host_cpus h = { 0 };
	struct err e = { 0 };

	put_pieces(cpu_files, countof(cpu_files), text, n);
	if (host_cpus_read(&h, place, &e) < 0)
		must_say_why(&e);
	MUST(h.n <= HOST_MAX_CPUS && h.llcs <= h.n);
	for (unsigned i = 0; i < h.n; i++)
		MUST(h.v[i].id < HOST_MAX_CPUS && h.v[i].core < HOST_MAX_CPUS && h.v[i].llc < h.llcs);
	(void)host_huge_free(place, -1);
	(void)host_running(place);
}

static void maps(const char *text, size_t n)
{
	auto_free char *copy = xstrndup(text, n);
	auto_file FILE *f = fmemopen(copy, strlen(copy) + 1, "r");
	struct err e = { 0 };
	uint64_t address = 0;

	MUST(f);
	if (ram_find(f, ram, &address, &e) < 0)
		must_say_why(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return -1;
	switch (*data) {
	case 'c':
		cgroups((const char *)data + 1, n - 1);
		break;
	case 's':
		sysfs((const char *)data + 1, n - 1);
		break;
	case 'm':
		maps((const char *)data + 1, n - 1);
		break;
	default:
		break;
	}
	return 0;
}
