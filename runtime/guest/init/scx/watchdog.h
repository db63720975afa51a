/* watchdog.h: a bound on how long the kernel lets tasks of a scheduler wait before it throws it out, where the scheduler itself would have it
 * wait longer.
 *
 * The kernel takes that from timeout_ms of a scheduler's operations when it attaches, and has no other place where it could be said. So a
 * filter of system calls stops the scheduler where it hands these operations over (BPF_MAP_UPDATE_ELEM of bpf(2)), and we write the number into
 * what it is about to hand over: for the kernel and for the scheduler it is as if it had asked for that. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* WATCHDOG: for schedulers that are started from here on. */
void watchdog_set(const void *data, size_t n);
bool watchdog_wanted(void);
/* In the scheduler's process: a descriptor of calls that wait for us, or -1 with errno. */
int watchdog_install(void);
/* In ours: serves what that process calls its descriptor fd. -1 with errno. */
int watchdog_serve(pid_t pid, int fd);
