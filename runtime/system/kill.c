#include "system/kill.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "system/procstat.h"
#include "system/refused.h"

enum { ROUNDS = 50 };

static int by_descriptor(pid_t pid, int sig)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -1;
	int r = (int)syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0), no = errno;

	close(fd);
	errno = no;
	return r;
}

static int by_thread(pid_t pid, int sig)
{
	return (int)syscall(SYS_tgkill, pid, pid, sig);
}

int kill_process(pid_t pid, int sig)
{
	int r = kill(pid, sig), no = errno;

	if (r == 0 || !syscall_refused(no))
		return r;
	r = by_descriptor(pid, sig);
	if (r < 0 && errno != ESRCH)
		r = by_thread(pid, sig);
	if (r < 0 && errno != ESRCH)
		errno = no;
	return r;
}

struct told {
	pid_t *v;
	size_t n;
};

static bool was_told(const struct told *t, pid_t pid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i] == pid)
			return true;
	return false;
}

/* Those of the group that have not had the signal yet. How many there were. */
static size_t tell_group(struct told *t, DIR *proc, pid_t group, int sig)
{
	const struct dirent *entry;
	size_t before = t->n;

	rewinddir(proc);
	while ((entry = readdir(proc))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);
		struct procstat p;

		if (*end || pid <= 0 || was_told(t, (pid_t)pid) || !procstat_read((pid_t)pid, &p) || p.group != group ||
		    p.state == 'Z' || kill_process((pid_t)pid, sig) < 0)
			continue;
		pid_t *more = reallocarray(t->v, t->n + 1, sizeof(*t->v));

		if (!more)
			break;
		t->v = more;
		t->v[t->n++] = (pid_t)pid;
	}
	return t->n - before;
}

/* Who is being told may still start others. */
static bool tell_all(pid_t group, int sig)
{
	struct told told = { 0 };
	DIR *proc = opendir("/proc");

	for (int i = 0; proc && i < ROUNDS && tell_group(&told, proc, group, sig) > 0; i++)
		;
	if (proc)
		closedir(proc);
	free(told.v);
	return told.n > 0;
}

int kill_group(pid_t group, int sig)
{
	int r = kill(-group, sig), no = errno;

	if (r == 0 || !syscall_refused(no))
		return r;
	if (tell_all(group, sig))
		return 0;
	errno = no;
	return -1;
}

static int status_of(const siginfo_t *i)
{
	if (i->si_code == CLD_EXITED)
		return W_EXITCODE(i->si_status, 0);
	return W_EXITCODE(0, i->si_status) | (i->si_code == CLD_DUMPED ? WCOREFLAG : 0);
}

pid_t reap_child(pid_t pid, int *status, int flags)
{
	siginfo_t info = { 0 };
	pid_t got;

	do
		got = waitpid(pid, status, flags);
	while (got < 0 && errno == EINTR);
	if (got >= 0 || !syscall_refused(errno))
		return got;
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | flags) < 0)
		if (errno != EINTR)
			return -1;
	if (info.si_pid && status)
		*status = status_of(&info);
	return info.si_pid;
}

int poll_fds(struct pollfd *fds, nfds_t n, int ms)
{
	struct timespec t = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };
	int r = poll(fds, n, ms), no = errno;

	if (r >= 0 || !syscall_refused(no))
		return r;
	return ppoll(fds, n, ms < 0 ? NULL : &t, NULL);
}
