#include "guest/init/scx/watchdog.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/port.h"
#include "guest/proto.h"
#include <errno.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#endif
/* Of map_update_elem in union bpf_attr. */
struct update {
	uint32_t map_fd, pad;
	uint64_t key, value, flags;
};
/* More than the kernel's structures have (struct seccomp_notif), which may grow; it wants zeros. */
union room {
	struct seccomp_notif call;
	struct seccomp_notif_resp answer;
	char bytes[1024];
};

static struct proto_watchdog wanted; /* ms 0: none */
static int calls = -1;
static pid_t scheduler;

void watchdog_set(const void *data, size_t n)
{
	if (n != sizeof wanted) {
		port_failed("WATCHDOG is damaged");
		return;
	}
	memcpy(&wanted, data, sizeof wanted);
}

bool watchdog_wanted(void)
{
	return wanted.ms != 0;
}

int watchdog_install(void)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCH, 0, 4),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])), /* little endian */
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, BPF_MAP_UPDATE_ELEM, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
	};
	struct sock_fprog filter = { sizeof code / sizeof *code, code };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
}

static int descriptor_of(pid_t pid, int fd)
{
	int process = (int)syscall(SYS_pidfd_open, pid, 0), copy, kept;

	if (process < 0)
		return -1;
	copy = (int)syscall(SYS_pidfd_getfd, process, fd, 0);
	kept = errno;
	close(process);
	errno = kept;
	return copy;
}

static bool is_ops(int map)
{
	struct bpf_map_info info = { 0 };
	union bpf_attr attr = { .info = {
					.bpf_fd = (uint32_t)map, .info_len = sizeof info, .info = (uintptr_t)&info } };

	return syscall(SYS_bpf, BPF_OBJ_GET_INFO_BY_FD, &attr, sizeof attr) == 0 &&
	       info.type == BPF_MAP_TYPE_STRUCT_OPS && info.value_size == wanted.value_size;
}

static bool copy(pid_t pid, void *here, uint64_t there, size_t n, bool out)
{
	struct iovec own = { here, n }, other = { (void *)(uintptr_t)there, n };

	return (out ? process_vm_writev : process_vm_readv)(pid, &own, 1, &other, 1, 0) == (ssize_t)n;
}

/* The value is not the kernel's yet, and nobody else writes to it: libbpf made it. */
static void bound(const struct seccomp_notif *call)
{
	pid_t pid = (pid_t)call->pid;
	struct update u;
	uint32_t ms;
	int map;

	if (!copy(pid, &u, call->data.args[1], sizeof u, false))
		return;
	/* Threads of a process share its descriptors, and a thread has no pidfd. */
	map = descriptor_of(pid, (int)u.map_fd);
	if (map < 0)
		map = descriptor_of(scheduler, (int)u.map_fd);
	if (map < 0)
		return;
	if (is_ops(map) && copy(pid, &ms, u.value + wanted.timeout_at, sizeof ms, false) && (!ms || ms > wanted.ms))
		(void)copy(pid, &wanted.ms, u.value + wanted.timeout_at, sizeof wanted.ms, true);
	close(map);
}

static void on_call(uint32_t events)
{
	union room call, answer;

	memset(&call, 0, sizeof call);
	memset(&answer, 0, sizeof answer);
	if (events & EPOLLIN && ioctl(calls, SECCOMP_IOCTL_NOTIF_RECV, &call) == 0) {
		bound(&call.call);
		answer.answer.id = call.call.id;
		answer.answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		(void)ioctl(calls, SECCOMP_IOCTL_NOTIF_SEND, &answer); /* it may be gone */
	} else if (events & EPOLLHUP) {
		unwatch(calls);
		close(calls);
		calls = -1;
	}
}

int watchdog_serve(pid_t pid, int fd)
{
	if (calls >= 0) {
		unwatch(calls);
		close(calls);
	}
	scheduler = pid;
	calls = descriptor_of(pid, fd);
	if (calls < 0)
		return -1;
	watch(calls, EPOLLIN, on_call);
	return 0;
}
