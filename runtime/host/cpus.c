#include "host/cpus.h"

#include <sched.h>
#include <sys/sysinfo.h>

#include "host/cgroup.h"

enum { CPUS_MAX = 1 << 16 };

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
	unsigned n = affinity(), quota = cgroup_own_cpus();

	return quota && quota < n ? quota : n;
}

uint64_t memory_usable(void)
{
	uint64_t all = UINT64_MAX, quota = cgroup_own_memory();
	struct sysinfo si;

	if (sysinfo(&si) == 0)
		all = (uint64_t)si.totalram * si.mem_unit;
	return quota && quota < all ? quota : all;
}
