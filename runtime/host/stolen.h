/* stolen.h: what this machine takes from threads: how long they waited for a CPU although they could have run.
 *
 * The kernel counts it for each thread of a process (second number of /proc/PID/task/TID/schedstat, CONFIG_SCHED_INFO), and it is never less
 * than it was. Where this machine is itself a guest, what its host takes is not in it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* ns since the threads began, all of them together, each once however often it is named. False: the kernel does not say. */
bool stolen_from(pid_t process, const pid_t *threads, size_t n, uint64_t *ns);
/* Of all threads that the process has now. */
bool stolen_whole(pid_t process, uint64_t *ns);
/* The second number of such a file's text; false: it is none. */
bool stolen_parse(const char *text, uint64_t *ns);
