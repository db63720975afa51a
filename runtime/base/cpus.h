/* cpus.h: how many jobs are worth running at once, and how much memory there is for them. */
#pragma once
#include <stdint.h>

/* CPUs we may run on: the affinity mask, or less when a cgroup's quota (cpu.max, ours or one above it) allows fewer;
 * a part of a CPU counts as one. At least 1. */
unsigned cpus_usable(void);

/* The quota of a cgroup and of those above it: cgroups is the text of /proc/self/cgroup, root where the hierarchy is
 * mounted. 0: no limit. */
unsigned cpus_quota(const char *cgroups, const char *root);

/* Bytes: the host's memory, or less when a cgroup (memory.max, ours or one above it) allows less. */
uint64_t memory_usable(void);
/* As cpus_quota, in bytes. */
uint64_t memory_quota(const char *cgroups, const char *root);
