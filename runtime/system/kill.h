/* kill.h: signals, waits for descriptors and for children, where a container's seccomp profile refuses the call that everybody has.
 *
 * Refused as in refused.h. Who has no way left gets -1 with the first call's errno, and must not wait for what it could not end. */
#pragma once
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* As kill(2) of one process, pid > 0; else by a descriptor of it (pidfd_send_signal), else by its first thread (tgkill). */
int kill_process(pid_t pid, int sig);
/* As kill(2) of a group, group > 0; else one by one as /proc lists them, until those that are there have it. */
int kill_group(pid_t group, int sig);

/* As waitpid(2), by waitid(2) where wait4 is refused; EINTR is waited out. status may be NULL. */
pid_t reap_child(pid_t pid, int *status, int flags);

/* As poll(2), by ppoll(2) where poll is refused. */
int poll_fds(struct pollfd *fds, nfds_t n, int ms);
