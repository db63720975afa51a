#include "process/hold.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"

enum { TEXT_MAX = 4096, LOOK_AGAIN_MS = 5, AGAIN_MS = 1, END_MS = 5000, SYSCALL_STOP = SIGTRAP | 0x80 };
enum { THREADS_MAX = 64 };

enum { ARGUMENTS = 3 };

/* What the host says of a thread's system call; NULL: nothing. */
static char *call_of(pid_t process, pid_t thread)
{
	auto_free char *path = xasprintf("/proc/%d/task/%d/syscall", (int)process, (int)thread);
	struct err ignored;
	char *text = NULL;
	size_t n;

	return file_read(AT_FDCWD, path, TEXT_MAX, &text, &n, &ignored) < 0 ? NULL : text;
}

/* The system call in which a thread sleeps and its first arguments; -1: it runs, or nobody says. */
static long sleeps_in(pid_t process, pid_t thread, uint64_t argument[ARGUMENTS])
{
	auto_free char *text = call_of(process, thread);
	char *end;

	if (!text)
		return -1;
	long number = strtol(text, &end, 10);

	if (end == text || *end != ' ')
		return -1;
	for (int i = 0; i < ARGUMENTS; i++)
		argument[i] = strtoull(end, &end, 16);
	return number;
}

uint64_t hold_futex(pid_t process, pid_t thread)
{
	uint64_t argument[ARGUMENTS];

	return sleeps_in(process, thread, argument) == SYS_futex ? argument[0] : 0;
}

static bool waits_for_others(pid_t process, pid_t thread)
{
	static const long calls[] = {
		SYS_futex,
#ifdef SYS_poll
		SYS_poll,
#endif
		SYS_ppoll,
		SYS_epoll_pwait,
	};
	uint64_t ignored[ARGUMENTS];
	long number = sleeps_in(process, thread, ignored);

	for (size_t i = 0; i < countof(calls); i++)
		if (number == calls[i])
			return true;
	return false;
}

static size_t all_threads(pid_t process, pid_t threads[THREADS_MAX])
{
	auto_free char *path = xasprintf("/proc/%d/task", (int)process);
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	while (dir && n < THREADS_MAX && (entry = readdir(dir)))
		if (*entry->d_name != '.' && strtol(entry->d_name, NULL, 10) != process)
			threads[n++] = (pid_t)strtol(entry->d_name, NULL, 10);
	if (dir)
		closedir(dir);
	return n;
}

static bool naps(pid_t process, pid_t thread, long ns)
{
	uint64_t argument[ARGUMENTS];
	struct timespec asked;
	struct iovec to = { &asked, sizeof(asked) }, from = { NULL, sizeof(asked) };
	long number = sleeps_in(process, thread, argument);

	if (number == SYS_clock_nanosleep)
		from.iov_base = (void *)(uintptr_t)argument[2];
#ifdef SYS_nanosleep
	else if (number == SYS_nanosleep)
		from.iov_base = (void *)(uintptr_t)argument[0];
#endif
	return from.iov_base && process_vm_readv(thread, &to, 1, &from, 1, 0) == sizeof(asked) && !asked.tv_sec &&
	       asked.tv_nsec == ns;
}

bool hold_naps(pid_t process, long ns)
{
	pid_t threads[THREADS_MAX];
	size_t n = all_threads(process, threads);

	for (size_t i = 0; i < n; i++)
		if (naps(process, threads[i], ns))
			return true;
	return false;
}

bool hold_shows(pid_t process)
{
	auto_free char *text = call_of(process, process);

	return text != NULL;
}

/* Those that never slept so while it was looked at. */
static int busy_threads(pid_t threads[THREADS_MAX], size_t *n, pid_t process, struct err *e)
{
	*n = all_threads(process, threads);
	for (int waited = 0; waited < HOLD_LOOK_MS && *n; waited += LOOK_AGAIN_MS) {
		size_t left = 0;

		for (size_t i = 0; i < *n; i++)
			if (!waits_for_others(process, threads[i]))
				threads[left++] = threads[i];
		*n = left;
		if (stop_poll(NULL, 0, now_ms() + LOOK_AGAIN_MS, e) < 0)
			return -1;
	}
	return 0;
}

static int find(pid_t *thread, pid_t process, struct err *e)
{
	pid_t threads[THREADS_MAX];
	size_t n = 0;

	for (int i = 0; i < HOLD_LOOKS && n != 1; i++)
		if (busy_threads(threads, &n, process, e) < 0)
			return -1;
	if (n != 1)
		return err_set(e, X_HOST, "%zu threads of process %d do something", n, (int)process);
	*thread = threads[0];
	return 0;
}

int hold_open(struct hold *h, pid_t process, struct err *e)
{
	pid_t thread;

	*h = (struct hold){ 0 };
	if (find(&thread, process, e) < 0)
		return -1;
	if (ptrace(PTRACE_SEIZE, thread, NULL, (void *)PTRACE_O_TRACESYSGOOD) < 0)
		return err_sys(e, "trace a thread of process %d", (int)process);
	h->thread = thread;
	return 0;
}

/* Whether it has stopped or ended meanwhile; of one that has ended nothing is left. */
static bool look(struct hold *h, int *stop)
{
	int status;
	pid_t got = waitpid(h->thread, &status, __WALL | WNOHANG);

	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	if (got < 0 || !WIFSTOPPED(status)) {
		h->thread = 0;
		return true;
	}
	h->stopped = true;
	*stop = WSTOPSIG(status);
	h->signal = status >> 16 || *stop == SYSCALL_STOP ? 0 : *stop;
	return true;
}

static int wait_stop(struct hold *h, int *stop, long long deadline, struct err *e)
{
	while (h->thread && !look(h, stop)) {
		if (now_ms() >= deadline)
			return HOLD_LATE;
		if (stop_poll(NULL, 0, now_ms() + AGAIN_MS, e) < 0)
			return -1;
	}
	return h->thread ? HOLD_HELD : HOLD_LATE;
}

int hold_stop(struct hold *h, long long deadline, struct err *e)
{
	int stop;

	if (!h->thread || (!h->stopped && ptrace(PTRACE_INTERRUPT, h->thread, NULL, NULL) < 0))
		return HOLD_LATE;
	return h->stopped ? HOLD_HELD : wait_stop(h, &stop, deadline, e);
}

/* At the begin of a system call. */
static bool is_wake(pid_t thread, uint64_t futex)
{
	struct __ptrace_syscall_info info = { 0 };

	return ptrace(PTRACE_GET_SYSCALL_INFO, thread, (void *)sizeof(info), &info) > 0 &&
	       info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_futex && info.entry.args[0] == futex &&
	       (info.entry.args[1] & FUTEX_CMD_MASK) == FUTEX_WAKE;
}

int hold_until_wake(struct hold *h, uint64_t futex, long long deadline, struct err *e)
{
	bool wakes = false;

	for (;;) {
		int stop, r;

		if (!h->stopped || ptrace(PTRACE_SYSCALL, h->thread, NULL, (void *)(intptr_t)h->signal) < 0)
			return HOLD_LATE;
		h->stopped = false;
		r = wait_stop(h, &stop, deadline, e);
		if (r != HOLD_HELD)
			return r;
		if (stop == SYSCALL_STOP && wakes)
			return HOLD_HELD;
		wakes = stop == SYSCALL_STOP && is_wake(h->thread, futex);
	}
}

/* Only a stopped thread can be let go, and one that has ended keeps its process from being reaped. One that does not stop is let go
 * when this thread of ours ends. */
void hold_end(struct hold *h)
{
	long long deadline = now_ms() + END_MS;
	int stop;

	if (h->thread && !h->stopped)
		(void)ptrace(PTRACE_INTERRUPT, h->thread, NULL, NULL);
	while (h->thread && now_ms() < deadline) {
		if (h->stopped && ptrace(PTRACE_DETACH, h->thread, NULL, (void *)(intptr_t)h->signal) == 0)
			break;
		h->stopped = false;
		if (!look(h, &stop))
			(void)poll(NULL, 0, AGAIN_MS);
	}
	*h = (struct hold){ 0 };
}
