/* cgroup.h: what our control groups leave us, in any layout: v2, v1 with a hierarchy per controller, both side by side
 * (hybrid), seen from inside a container or not. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Where to look. The texts of /proc/self/cgroup and /proc/self/mountinfo, and what stands in front of its mount points
 * ("" but in tests). */
struct cgroup_view {
	const char *groups, *mounts, *root;
};

/* The least limit of our groups and of those above them, as far as they are mounted; 0: none. CPUs: cpu.max, or
 * cpu.cfs_quota_us and cpu.cfs_period_us; a part of one counts as one. Bytes: memory.max and memory.high, or
 * memory.limit_in_bytes. */
unsigned cgroup_cpus(const struct cgroup_view *v);
uint64_t cgroup_memory(const struct cgroup_view *v);
/* Whether the group, or one above it, is frozen: cgroup.events of v2, freezer.state of v1. */
bool cgroup_frozen(const struct cgroup_view *v);
/* Of this process. */
unsigned cgroup_own_cpus(void);
uint64_t cgroup_own_memory(void);

/* How many processes were killed for want of memory until now, in our groups or on the host, whichever is told: worth
 * comparing with an earlier answer only. */
uint64_t cgroup_oom_kills(void);

/* Whether another process is in a frozen group, wherever it was moved to since it was started; false as well where that
 * cannot be seen from here. */
bool cgroup_process_frozen(pid_t pid);

/* Where the hierarchy of v2 is mounted. Caller frees. NULL: nowhere. */
char *cgroup_v2_mount(void);
