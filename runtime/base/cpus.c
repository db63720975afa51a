#include "base/cpus.h"

#include <limits.h>
#include <sched.h>
#include <string.h>
#include <sys/sysinfo.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

enum { CPUS_MAX = 1 << 16, CGROUPS_MAX = 64 << 10 };

/* "200000 100000" is two CPUs, "max 100000" all; 0: no limit, or nothing we understand. */
static unsigned parse_max(const char *text)
{
	unsigned long quota, period;

	if (sscanf(text, "%lu %lu", &quota, &period) != 2 || !period || quota > ULONG_MAX - period)
		return 0;
	quota = (quota + period - 1) / period;
	return quota > CPUS_MAX ? 0 : quota ? (unsigned)quota : 1;
}

/* "max" or bytes */
static uint64_t parse_bytes(const char *text)
{
	unsigned long long bytes;

	return sscanf(text, "%llu", &bytes) == 1 ? bytes : 0;
}

static uint64_t parse_cpus(const char *text)
{
	return parse_max(text);
}

typedef uint64_t parse_limit(const char *text);

static uint64_t limit_at(const char *root, const char *group, const char *file, parse_limit *parse)
{
	auto_free char *path = xasprintf("%s%s/%s", root, group, file);
	auto_free char *text = NULL;
	struct err ignored;

	/* The root has no such file, nor has a group without the controller. */
	if (file_read(AT_FDCWD, path, 256, &text, NULL, &ignored) < 0)
		return 0;
	return parse(text);
}

/* The least limit of a group and those above it; 0: none. */
static uint64_t least_limit(const char *cgroups, const char *root, const char *file, parse_limit *parse)
{
	const char *line = strncmp(cgroups, "0::/", 4) == 0 ? cgroups : strstr(cgroups, "\n0::/");
	auto_free char *group = NULL;
	uint64_t least = 0;

	if (!line)
		return 0;
	line = strchr(line, '/');
	group = xstrndup(line, strcspn(line, "\n"));
	for (;;) {
		uint64_t n = limit_at(root, strcmp(group, "/") ? group : "", file, parse);
		char *slash = strrchr(group, '/');

		if (n && (!least || n < least))
			least = n;
		if (!slash || !group[1])
			return least;
		slash[slash == group] = '\0';
	}
}

unsigned cpus_quota(const char *cgroups, const char *root)
{
	return (unsigned)least_limit(cgroups, root, "cpu.max", parse_cpus);
}

uint64_t memory_quota(const char *cgroups, const char *root)
{
	return least_limit(cgroups, root, "memory.max", parse_bytes);
}

static unsigned affinity(void)
{
	/* Masks of large machines do not fit into a cpu_set_t. */
	for (int n = CPU_SETSIZE; n <= CPUS_MAX; n *= 2) {
		cpu_set_t *set = CPU_ALLOC((size_t)n);
		size_t size = CPU_ALLOC_SIZE((size_t)n);
		int r = set ? sched_getaffinity(0, size, set) : -1;
		int count = r == 0 ? CPU_COUNT_S(size, set) : 0;

		CPU_FREE(set);
		if (r == 0)
			return count > 0 ? (unsigned)count : 1;
	}
	return 1;
}

unsigned cpus_usable(void)
{
	auto_free char *cgroups = NULL;
	unsigned n = affinity(), quota = 0;
	struct err ignored;

	if (file_read(AT_FDCWD, "/proc/self/cgroup", CGROUPS_MAX, &cgroups, NULL, &ignored) >= 0)
		quota = cpus_quota(cgroups, "/sys/fs/cgroup");
	return quota && quota < n ? quota : n;
}

uint64_t memory_usable(void)
{
	auto_free char *cgroups = NULL;
	uint64_t all = UINT64_MAX, quota = 0;
	struct err ignored;
	struct sysinfo si;

	if (sysinfo(&si) == 0)
		all = (uint64_t)si.totalram * si.mem_unit;
	if (file_read(AT_FDCWD, "/proc/self/cgroup", CGROUPS_MAX, &cgroups, NULL, &ignored) >= 0)
		quota = memory_quota(cgroups, "/sys/fs/cgroup");
	return quota && quota < all ? quota : all;
}
