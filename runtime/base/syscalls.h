/* syscalls.h: system calls that an older kernel lacks or a container's seccomp profile refuses, each with its second way.
 *
 * The oldest host kernel is Linux 4.18 (docs/getting-started.md). What is newer than that, or is known to be refused by
 * container engines, is called by these functions only; syscalls_tested is the table of them. What
 * refused means is in system/refused.h; signals and waits are in system/kill.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
struct err;

/* An empty nameless file of memory, read and written, close-on-exec. name is for /proc and messages. flags: of
 * memfd_create, beyond MFD_CLOEXEC; with MFD_HUGETLB there is no second way. room: what will be written at most; without
 * memfd_create it is an unlinked file of the first of /dev/shm, $TMPDIR, /tmp that has that room. -1 and *e on failure. */
int memory_file(const char *name, unsigned flags, uint64_t room, struct err *e);

/* Numbers that others do not guess, from the kernel; /dev/urandom without getrandom. 0 or -1 with errno. */
int random_bytes(void *to, size_t n);

/* As access(2), in the folder dir and for the effective user. 0 or -1 with errno, which is never a refusal of faccessat2: glibc goes
 * another way after ENOSYS only. */
int access_at(int dir, const char *name, int mode);

/* In the folder dir. 0 or -1 with errno. Without renameat2, renaming to what is there may replace an empty folder. */
int rename_new(int dir, const char *from, const char *to);
/* from and to change places. Refused (syscall_refused(errno)): there is no second way in one step. */
int rename_exchange(int dir, const char *from, const char *to);

/* As copy by read and write: up to n bytes from one file's offset to the other's. Bytes copied, 0 at the end, -1 with
 * errno. */
ssize_t send_bytes(int to, int from, size_t n);

/* Memory of another process of ours, at most n bytes at address. By /proc/PID/mem without process_vm_readv. Bytes moved,
 * or -1 with errno: EPERM and EACCES when both are refused (process_refusal says why), ESRCH when it has ended. */
ssize_t process_read(pid_t pid, uint64_t address, void *buf, size_t n);
ssize_t process_write(pid_t pid, uint64_t address, const void *buf, size_t n);
/* Who keeps us from looking into processes, and what lets us: yama, or the container. Static text. */
const char *process_refusal(void);

/* Descriptors that a child must not have. Prepared before fork, because the child may not allocate. */
struct descriptors {
	int from;
	bool range; /* close_range does it, v is empty */
	int *v;
	size_t n;
};
/* Those from the number on: by close_range, else what /proc/self/fd lists, else what answers up to the limit. */
void descriptors_list(struct descriptors *d, int from);
/* In the child; system calls only. */
void descriptors_mark(const struct descriptors *d); /* close-on-exec */
void descriptors_close(const struct descriptors *d);
void descriptors_free(struct descriptors *d);
#define auto_descriptors __attribute__((unused, cleanup(descriptors_free)))

/* A descriptor that turns readable when the child ended; it stays to be reaped. Without CLONE_PIDFD: a thread waits for
 * it. All signals must be blocked, because the thread keeps the mask. -1 with errno. */
int child_end(pid_t pid);

/* What doctor tells. */
struct syscall_test {
	const char *name;    /* "close_range" */
	const char *since;   /* "5.9": the kernel that brought it */
	const char *instead; /* the second way, for people */
	bool (*works)(void);
};
extern const struct syscall_test syscalls_tested[]; /* ends with a NULL name */
/* Whether one thread can wait for another. Where futex is refused glibc aborts instead, so who can do without a thread asks
 * before making one; one system call. */
bool threads_wait(void);
/* 0, or why no thread can be made. glibc asks for one by clone3 and goes another way after ENOSYS only; container engines before 2022
 * answer EPERM. Programs that ninja and QEMU start meet the same. */
int thread_refused(void);
/* Whether a child's memory can be read by one of the ways. */
bool process_readable(void);
