/* cpus.h: how many jobs are worth running at once. */
#pragma once

/* CPUs we may run on: the affinity mask, or less when a cgroup's quota (cpu.max, ours or one above it) allows fewer;
 * a part of a CPU counts as one. At least 1. */
unsigned cpus_usable(void);

/* The quota of a cgroup and of those above it: cgroups is the text of /proc/self/cgroup, root where the hierarchy is
 * mounted. 0: no limit. */
unsigned cpus_quota(const char *cgroups, const char *root);
