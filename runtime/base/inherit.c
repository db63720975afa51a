#include "base/inherit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"

enum { DESCRIPTORS = 1024, STACK = 8 << 20 };

static struct {
	bool settled, nohup;
	struct sigaction chld, pipe, xfsz;
	sigset_t mask;
} given;

static const struct {
	int sig;
	struct sigaction *given;
	void (*wanted)(int);
} actions[] = {
	{ SIGCHLD, &given.chld, SIG_DFL },
	{ SIGPIPE, &given.pipe, SIG_DFL },
	{ SIGXFSZ, &given.xfsz, SIG_IGN },
};

/* A missing 0, 1 or 2 would make the next open() land there and be taken for it by a child. */
static int fill_standard_fds(struct err *e)
{
	for (;;) {
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

		if (fd < 0)
			return err_sys(e, "open /dev/null");
		if (fd > 2) {
			close(fd);
			return 0;
		}
		fcntl(fd, F_SETFD, 0);
	}
}

static int settle_signals(const sigset_t *blocked, struct err *e)
{
	struct sigaction hup;

	for (size_t i = 0; i < countof(actions); i++) {
		struct sigaction sa = { .sa_handler = actions[i].wanted };

		if (sigaction(actions[i].sig, &sa, actions[i].given) < 0)
			return err_sys(e, "sigaction");
	}
	given.nohup = sigaction(SIGHUP, NULL, &hup) == 0 && hup.sa_handler == SIG_IGN;
	return sigprocmask(SIG_SETMASK, blocked, &given.mask) < 0 ? err_sys(e, "sigprocmask") : 0;
}

static void raise_limit(int which, rlim_t to)
{
	struct rlimit limit;

	if (getrlimit(which, &limit) < 0 || limit.rlim_cur >= to)
		return;
	limit.rlim_cur = limit.rlim_max < to ? limit.rlim_max : to;
	(void)setrlimit(which, &limit);
}

/* What cannot be raised is left: who runs into it is told then. */
static void settle_limits(void)
{
	umask(umask(0) & 077);
	raise_limit(RLIMIT_NOFILE, DESCRIPTORS);
	raise_limit(RLIMIT_STACK, STACK); /* ours grows that far now, and what we start has it */
}

int inherit_settle(const sigset_t *blocked, struct err *e)
{
	if (fill_standard_fds(e) < 0 || settle_signals(blocked, e) < 0)
		return -1;
	settle_limits();
	given.settled = true;
	return 0;
}

bool inherit_nohup(void)
{
	return given.nohup;
}

void inherit_restore(void)
{
	if (!given.settled)
		return;
	for (size_t i = 0; i < countof(actions); i++)
		sigaction(actions[i].sig, actions[i].given, NULL);
	sigprocmask(SIG_SETMASK, &given.mask, NULL);
}
