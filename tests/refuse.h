/* refuse.h: a seccomp filter that refuses system calls, as containers' profiles and old kernels do. For this process and
 * all it starts. */
#pragma once
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const struct {
	const char *name;
	int no;
	unsigned flag; /* only with this one in its first argument; 0: always */
} refusable[] = {
	{ "close_range", __NR_close_range, 0 },
	{ "clone_pidfd", __NR_clone, CLONE_PIDFD },
	{ "memfd_create", __NR_memfd_create, 0 },
	{ "process_vm_readv", __NR_process_vm_readv, 0 },
	{ "process_vm_writev", __NR_process_vm_writev, 0 },
	{ "copy_file_range", __NR_copy_file_range, 0 },
	{ "sendfile", __NR_sendfile, 0 },
	{ "renameat2", __NR_renameat2, 0 },
	{ "getrandom", __NR_getrandom, 0 },
	{ "faccessat2", __NR_faccessat2, 0 },
	{ "statx", __NR_statx, 0 },
	{ "openat2", __NR_openat2, 0 },
	{ "pidfd_open", __NR_pidfd_open, 0 },
	{ "clone3", __NR_clone3, 0 },
	{ "clone_newuser", __NR_clone, CLONE_NEWUSER },
	{ "unshare", __NR_unshare, 0 },
	{ "statfs", __NR_statfs, 0 },
	{ "fstatfs", __NR_fstatfs, 0 },
	{ "io_uring_setup", __NR_io_uring_setup, 0 },
	{ "pidfd_send_signal", __NR_pidfd_send_signal, 0 },
	{ "rseq", __NR_rseq, 0 },
	{ "set_mempolicy", __NR_set_mempolicy, 0 },
	{ "get_mempolicy", __NR_get_mempolicy, 0 },
	{ "mbind", __NR_mbind, 0 },
	{ "ptrace", __NR_ptrace, 0 },
	{ "fchmodat", __NR_fchmodat, 0 },
	{ "fsync", __NR_fsync, 0 },
	{ "flock", __NR_flock, 0 },
	/* What waits and ends. */
	{ "kill", __NR_kill, 0 },
	{ "tgkill", __NR_tgkill, 0 },
	{ "wait4", __NR_wait4, 0 },
	{ "waitid", __NR_waitid, 0 },
	{ "poll", __NR_poll, 0 },
	{ "ppoll", __NR_ppoll, 0 },
	{ "pselect6", __NR_pselect6, 0 },
	{ "select", __NR_select, 0 },
	{ "epoll_create1", __NR_epoll_create1, 0 },
	{ "epoll_ctl", __NR_epoll_ctl, 0 },
	{ "epoll_wait", __NR_epoll_wait, 0 },
	{ "epoll_pwait", __NR_epoll_pwait, 0 },
	{ "signalfd4", __NR_signalfd4, 0 },
	{ "eventfd2", __NR_eventfd2, 0 },
	{ "timerfd_create", __NR_timerfd_create, 0 },
	{ "clock_nanosleep", __NR_clock_nanosleep, 0 },
	{ "nanosleep", __NR_nanosleep, 0 },
	{ "pause", __NR_pause, 0 },
	{ "futex", __NR_futex, 0 },
	{ "prctl", __NR_prctl, 0 },
	{ "setpgid", __NR_setpgid, 0 },
	{ "setsid", __NR_setsid, 0 },
	{ "pipe2", __NR_pipe2, 0 },
	{ "rt_sigpending", __NR_rt_sigpending, 0 },
	{ "socketpair", __NR_socketpair, 0 },
	{ "setrlimit", __NR_prlimit64, 0 },
};

/* 0, or -1 with errno (EINVAL: no such name). */
static int refuse(const char *name, int with)
{
	for (size_t i = 0; i < sizeof(refusable) / sizeof(*refusable); i++) {
		if (strcmp(refusable[i].name, name) != 0)
			continue;
		struct sock_filter code[] = {
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
			BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)refusable[i].no, 0, refusable[i].flag ? 3 : 1),
			BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
			BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, refusable[i].flag, 0, 1),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)with),
			BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		};

		if (!refusable[i].flag) {
			code[2] = code[4];
			code[3] = code[5];
		}
		const struct sock_fprog all = { .len = sizeof(code) / sizeof(*code), .filter = code };

		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
			return -1;
		return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all);
	}
	errno = EINVAL;
	return -1;
}
