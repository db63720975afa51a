#include "base/syscalls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/room.h"
#include "system/kill.h"
#include "system/procstat.h"
#include "system/refused.h"

/* ---- memory without a name */

static int unlinked_in(const char *dir, uint64_t room)
{
	uint64_t have;
	int fd;

	if (room_at(dir, &have) && have < room) {
		errno = ENOSPC;
		return -1;
	}
	fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);
	if (fd >= 0)
		return fd;

	auto_free char *path = xasprintf("%s/.ktstr.XXXXXX", dir);

	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int memory_file(const char *name, unsigned flags, uint64_t room, struct err *e)
{
	const char *tmp = getenv("TMPDIR");
	const char *const dirs[] = { "/dev/shm", tmp && *tmp ? tmp : "/tmp", "/tmp" };
	int fd = memfd_create(name, MFD_CLOEXEC | flags);

	if (fd >= 0)
		return fd;
	if (!syscall_refused(errno) || flags)
		return err_sys(e, "memory for %s", name);
	for (size_t i = 0; i < countof(dirs); i++) {
		fd = unlinked_in(dirs[i], room);
		if (fd >= 0)
			return fd;
	}
	return err_sys(e,
		       "memfd_create is refused here, and no folder of /dev/shm, $TMPDIR and /tmp takes the %" PRIu64
		       " bytes of %s",
		       room, name);
}

/* ---- files */

int random_bytes(void *to, size_t n)
{
	if (getrandom(to, n, 0) == (ssize_t)n)
		return 0;
	auto_close int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, to, n) == (ssize_t)n ? 0 : -1;
}

/* The other way asks for the real user, who is the effective one in all we are started by. */
int access_at(int dir, const char *name, int mode)
{
	int r = faccessat(dir, name, mode, AT_EACCESS);

	if (r == 0 || !syscall_refused(errno))
		return r;
	return (int)syscall(SYS_faccessat, dir, name, mode);
}

int rename_new(int dir, const char *from, const char *to)
{
	if (renameat2(dir, from, dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	return syscall_refused(errno) ? renameat(dir, from, dir, to) : -1;
}

int rename_exchange(int dir, const char *from, const char *to)
{
	return renameat2(dir, from, dir, to, RENAME_EXCHANGE);
}

ssize_t send_bytes(int to, int from, size_t n)
{
	enum { BLOCK = 64 * 1024 };
	ssize_t sent = sendfile(to, from, NULL, n);

	if (sent >= 0 || !syscall_refused(errno))
		return sent;

	auto_free char *buf = xmalloc(BLOCK);
	ssize_t got = read(from, buf, n < BLOCK ? n : BLOCK);

	for (ssize_t at = 0; at < got;) {
		ssize_t put = write(to, buf + at, (size_t)(got - at));

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		at += put;
	}
	return got;
}

/* ---- memory of processes */

static int open_memory(pid_t pid, int flags)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, flags | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		errno = kill_process(pid, 0) < 0 ? ESRCH : EPERM; /* no /proc is no way in */
	return fd;
}

ssize_t process_read(pid_t pid, uint64_t address, void *buf, size_t n)
{
	struct iovec ours = { .iov_base = buf, .iov_len = n };
	struct iovec theirs = { .iov_base = (void *)(uintptr_t)address, .iov_len = n };
	ssize_t got = process_vm_readv(pid, &ours, 1, &theirs, 1, 0);

	if (got >= 0 || !syscall_refused(errno))
		return got;
	auto_close int fd = open_memory(pid, O_RDONLY);

	return fd < 0 ? -1 : pread(fd, buf, n, (off_t)address);
}

ssize_t process_write(pid_t pid, uint64_t address, const void *buf, size_t n)
{
	struct iovec ours = { .iov_base = (void *)(uintptr_t)buf, .iov_len = n };
	struct iovec theirs = { .iov_base = (void *)(uintptr_t)address, .iov_len = n };
	ssize_t put = process_vm_writev(pid, &ours, 1, &theirs, 1, 0);

	if (put >= 0 || !syscall_refused(errno))
		return put;
	auto_close int fd = open_memory(pid, O_RDWR);

	return fd < 0 ? -1 : pwrite(fd, buf, n, (off_t)address);
}

const char *process_refusal(void)
{
	auto_close int fd = open("/proc/sys/kernel/yama/ptrace_scope", O_RDONLY | O_CLOEXEC);
	char scope = '0';

	if (fd >= 0 && read(fd, &scope, 1) == 1 && scope >= '2')
		return "kernel.yama.ptrace_scope is 2 or 3 here, and 1 or 0 is needed";
	return "a container needs the right to trace its own processes (--cap-add SYS_PTRACE, or a seccomp profile with "
	       "process_vm_readv and process_vm_writev)";
}

/* ---- descriptors of a child */

static int compare(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void note(struct descriptors *d, int fd)
{
	d->v = xreallocarray(d->v, d->n + 1, sizeof(*d->v));
	d->v[d->n++] = fd;
}

static bool list_proc(struct descriptors *d)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;

	if (!dir)
		return false;
	while ((entry = readdir(dir))) {
		char *end;
		long fd = strtol(entry->d_name, &end, 10);

		if (end != entry->d_name && !*end && fd >= d->from && fd != dirfd(dir))
			note(d, (int)fd);
	}
	closedir(dir);
	if (d->n)
		qsort(d->v, d->n, sizeof(*d->v), compare);
	return true;
}

/* Programs that set no limit are given a million descriptors and use the first few of them. */
static void list_limit(struct descriptors *d)
{
	enum { ENOUGH = 65536 };
	struct rlimit limit = { .rlim_cur = ENOUGH };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	for (int fd = d->from; fd < ENOUGH && (rlim_t)fd < limit.rlim_cur; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			note(d, fd);
}

static bool has_close_range(void)
{
	return close_range(UINT_MAX, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0;
}

void descriptors_list(struct descriptors *d, int from)
{
	*d = (struct descriptors){ .from = from, .range = has_close_range() };
	if (!d->range && !list_proc(d))
		list_limit(d);
}

void descriptors_mark(const struct descriptors *d)
{
	if (d->range)
		(void)close_range((unsigned)d->from, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	for (size_t i = 0; i < d->n; i++)
		(void)fcntl(d->v[i], F_SETFD, FD_CLOEXEC);
}

void descriptors_close(const struct descriptors *d)
{
	if (d->range)
		(void)close_range((unsigned)d->from, UINT_MAX, 0);
	for (size_t i = 0; i < d->n; i++)
		(void)close(d->v[i]);
}

void descriptors_free(struct descriptors *d)
{
	free(d->v);
	*d = (struct descriptors){ 0 };
}

/* ---- the end of a child */

struct waiter {
	pid_t pid;
	int tell;
};

/* Where waitid is refused as well: with a rest between two looks. */
static bool ended(pid_t pid)
{
	const struct timespec rest = { .tv_nsec = 20 * 1000000L };
	struct procstat p;

	if (!procstat_read(pid, &p) || p.state == 'Z' || p.state == 'X')
		return true;
	nanosleep(&rest, NULL);
	return false;
}

/* A byte and not only the end of the pipe: others may have inherited its end, and pollers look for POLLIN. */
static void *wait_for(void *arg)
{
	struct waiter *w = arg;
	siginfo_t info;

	while (waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR && ended(w->pid))
			break;
	(void)!write(w->tell, "", 1); /* SIGPIPE stays blocked here when nobody listens any more */
	close(w->tell);
	free(w);
	return NULL;
}

int child_end(pid_t pid)
{
	enum { STACK = 128 * 1024 };
	pthread_attr_t attr;
	pthread_t thread;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	struct waiter *w = xmalloc(sizeof(*w));

	*w = (struct waiter){ .pid = pid, .tell = fds[1] };
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attr, STACK);
	int no = pthread_create(&thread, &attr, wait_for, w);
	pthread_attr_destroy(&attr);
	if (!no)
		return fds[0];
	free(w);
	close(fds[0]);
	close(fds[1]);
	errno = no;
	return -1;
}

/* ---- what doctor asks */

static int end_at_once(void *arg)
{
	(void)arg;
	_exit(0);
}

static bool has_pidfd(void)
{
	char stack[4096] __attribute__((aligned(16)));
	int fd = -1;
	pid_t pid = clone(end_at_once, stack + sizeof(stack), CLONE_VFORK | CLONE_PIDFD | SIGCHLD, NULL, &fd);

	if (pid < 0)
		return false;
	reap_child(pid, NULL, 0);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool has_memfd(void)
{
	auto_close int fd = memfd_create("ktstr-test", MFD_CLOEXEC);

	return fd >= 0;
}

/* Of our own memory: that takes no right, so only the call itself can be refused. */
static bool has_process_vm(void)
{
	char there = 1, here = 0;
	struct iovec from = { .iov_base = &there, .iov_len = 1 }, to = { .iov_base = &here, .iov_len = 1 };

	return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == 1 &&
	       process_vm_writev(getpid(), &from, 1, &to, 1, 0) == 1;
}

/* Each with arguments that a kernel which has the call refuses in a way of its own. */
static bool has_copy_range(void)
{
	return copy_file_range(-1, NULL, -1, NULL, 1, 0) < 0 && errno == EBADF;
}

static bool has_rename(void)
{
	return renameat2(-1, "a", -1, "b", RENAME_NOREPLACE) < 0 && errno == EBADF;
}

static bool has_sendfile(void)
{
	return sendfile(-1, -1, NULL, 1) < 0 && errno == EBADF;
}

static bool has_getrandom(void)
{
	char c;

	return getrandom(&c, 1, GRND_NONBLOCK) == 1 || errno == EAGAIN;
}

static void *nothing(void *arg)
{
	return arg;
}

bool threads_wait(void)
{
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0;
}

int thread_refused(void)
{
	pthread_t thread;
	int no = pthread_create(&thread, NULL, nothing, NULL);

	if (!no)
		pthread_join(thread, NULL);
	return no;
}

const struct syscall_test syscalls_tested[] = {
	{ "close_range", "5.9", "descriptors are marked one by one", has_close_range },
	{ "clone with CLONE_PIDFD", "5.2", "a thread waits for each child", has_pidfd },
	{ "memfd_create", "3.17", "guests' memory lies in unlinked files of /dev/shm or $TMPDIR", has_memfd },
	{ "process_vm_readv", "3.2", "guests' memory is read by /proc/PID/mem", has_process_vm },
	{ "copy_file_range", "4.5", "files are copied by read and write", has_copy_range },
	{ "sendfile", "2.6", "files are copied by read and write", has_sendfile },
	{ "renameat2", "3.15", "results take their place in two steps", has_rename },
	{ "getrandom", "3.17", "/dev/urandom is read", has_getrandom },
	{ 0 },
};

bool process_readable(void)
{
	char there = 1, here = 0;
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	if (pid < 0)
		return true; /* nothing is known */
	bool can = process_read(pid, (uintptr_t)&there, &here, 1) == 1 && here == 1;

	if (kill_process(pid, SIGKILL) == 0)
		reap_child(pid, NULL, 0);
	return can;
}
