/* ask.h: what the kernel is asked for on behalf of a thread. tid 0: the caller. All return 0, or -1 with errno. */
#pragma once
#include "scenario/memory.h"
#include "scenario/cpus.h"
#include "scenario/policy.h"
#include <sys/types.h>

/* Of POLICY_NONE and POLICY_EXT, normal where the kernel has no sched_ext. The nice value stays. */
int ask_policy(pid_t tid, const struct policy *p);
int ask_nice(pid_t tid, int nice);
int ask_cpus(pid_t tid, const struct cpus *mask);
/* That this process stands above all schedulers under test, and its children do not. */
int ask_above(void);
/* Of the caller; a kernel without NUMA nodes has nothing to choose from. */
int ask_memory(const struct memory *m);
