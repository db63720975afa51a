/* procstat.h: what /proc/PID/stat says about a process. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct procstat {
	char state; /* R S D T t Z X … of proc(5) */
	pid_t group;
	unsigned long long ticks; /* of CPU time it and its threads had, in clock ticks (sysconf(_SC_CLK_TCK)) */
};

/* false when there is no such process, or no /proc. System calls only, no memory. */
bool procstat_read(pid_t pid, struct procstat *p);
