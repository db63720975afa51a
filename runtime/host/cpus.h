/* cpus.h: how many jobs are worth running at once, and how much memory there is for them. */
#pragma once
#include <stdint.h>

/* CPUs we may run on: the affinity mask, or less when a control group (cgroup.h) allows fewer. At least 1. */
unsigned cpus_usable(void);

/* Bytes: the host's memory, or less when a control group allows less. */
uint64_t memory_usable(void);
