#include "base/cpus.h"

#include <limits.h>
#include <sched.h>
#include <string.h>

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

static unsigned quota_at(const char *root, const char *group)
{
	auto_free char *path = xasprintf("%s%s/cpu.max", root, group);
	auto_free char *text = NULL;
	struct err ignored;

	/* The root has no such file, nor has a group without the controller. */
	if (file_read(AT_FDCWD, path, 256, &text, NULL, &ignored) < 0)
		return 0;
	return parse_max(text);
}

unsigned cpus_quota(const char *cgroups, const char *root)
{
	const char *line = strncmp(cgroups, "0::/", 4) == 0 ? cgroups : strstr(cgroups, "\n0::/");
	auto_free char *group = NULL;
	unsigned least = 0;

	if (!line)
		return 0;
	line = strchr(line, '/');
	group = xstrndup(line, strcspn(line, "\n"));
	for (;;) {
		unsigned n = quota_at(root, strcmp(group, "/") ? group : "");
		char *slash = strrchr(group, '/');

		if (n && (!least || n < least))
			least = n;
		if (!slash || !group[1])
			return least;
		slash[slash == group] = '\0';
	}
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
