/* stop.c: a signalfd and the lifelines behind one epoll descriptor.
 *
 * The signals are never read: they stay pending, so the descriptor stays readable for every later wait and
 * sigpending() names the one that came. */
#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/inherit.h"
#include "system/kill.h"
#include "base/mem.h"

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

static struct {
	int epoll, sig;
} stop = { .epoll = -1, .sig = -1 };

/* What our parent made us ignore (nohup, a background job) stays ignored. */
static void chosen_signals(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < countof(stop_signals); i++) {
		struct sigaction sa;

		if (sigaction(stop_signals[i], NULL, &sa) < 0 || sa.sa_handler != SIG_IGN)
			sigaddset(set, stop_signals[i]);
	}
}

static int watch(int fd, uint32_t events, struct err *e)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	if (epoll_ctl(stop.epoll, EPOLL_CTL_ADD, fd, &ev) < 0 && errno != EEXIST)
		return err_sys(e, "watch for interruption");
	return 0;
}

int stop_init(struct err *e)
{
	sigset_t set;

	if (stop.epoll >= 0)
		return 0;
	chosen_signals(&set);
	if (inherit_settle(&set, e) < 0)
		return -1;
	stop.sig = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (stop.sig < 0)
		return err_sys(e, "signalfd");
	stop.epoll = epoll_create1(EPOLL_CLOEXEC);
	if (stop.epoll < 0)
		return err_sys(e, "epoll_create1");
	return watch(stop.sig, EPOLLIN, e);
}

int stop_watch(int lifeline, struct err *e)
{
	if (stop.epoll < 0)
		return 0;
	return watch(lifeline, EPOLLRDHUP, e);
}

void stop_undo(void)
{
	if (stop.epoll < 0)
		return;
	close(stop.epoll);
	close(stop.sig);
	stop.epoll = stop.sig = -1;
	inherit_restore();
}

int stop_fd(void)
{
	return stop.epoll;
}

static int pending_signal(void)
{
	sigset_t set;

	if (sigpending(&set) < 0)
		return 0;
	for (size_t i = 0; i < countof(stop_signals); i++)
		if (sigismember(&set, stop_signals[i]) == 1)
			return stop_signals[i];
	return 0;
}

/* *cut tells the hang-up of a lifeline from a SIGHUP. */
static int pending(bool *cut)
{
	struct epoll_event ev[4];

	*cut = false;
	if (stop.epoll < 0)
		return 0;
	int n = epoll_wait(stop.epoll, ev, countof(ev), 0);
	for (int i = 0; i < n; i++)
		if (ev[i].data.fd != stop.sig)
			*cut = true;
	int sig = n > 0 ? pending_signal() : 0;
	if (sig)
		*cut = false;
	return *cut ? SIGHUP : sig;
}

int stop_pending(void)
{
	bool cut;

	return pending(&cut);
}

int stop_err(struct err *e)
{
	bool cut;
	int sig = pending(&cut);
	const char *name = sig ? sigabbrev_np(sig) : NULL;

	if (cut)
		return err_set(e, X_INTERRUPTED, "interrupted: the program that asked for this work has ended");
	if (!name)
		return err_set(e, X_INTERRUPTED, "interrupted");
	return err_set(e, X_INTERRUPTED, "interrupted by SIG%s", name);
}

/* Until the deadline, or until we look whether we were run. */
static int wait_ms(long long deadline)
{
	long long now = now_ms(), left = deadline - now;

	if (deadline < 0 || left > STILL_SLICE_MS)
		return STILL_SLICE_MS;
	return left < 0 ? 0 : (int)left;
}

/* all: fds with our own entry behind them. */
static int poll_all(struct pollfd *all, unsigned n, long long deadline, struct err *e)
{
	for (;;) {
		int ms = wait_ms(deadline);
		int ready = poll_fds(all, n + 1, ms), no = errno;

		still_woke(ms);
		if (ready < 0 && no != EINTR) {
			errno = no;
			return err_sys(e, "poll");
		}
		if (ready > 0 && all[n].revents)
			return stop_err(e);
		if (ready > 0)
			return ready;
		if (deadline >= 0 && now_ms() >= deadline)
			return 0;
	}
}

int stop_poll(struct pollfd *fds, unsigned n, long long deadline, struct err *e)
{
	struct pollfd few[16];
	auto_free struct pollfd *many = NULL;
	struct pollfd *all = few;

	if (n >= countof(few))
		all = many = xcalloc(n + 1, sizeof(*many));
	if (n)
		memcpy(all, fds, n * sizeof(*fds));
	all[n] = (struct pollfd){ .fd = stop.epoll, .events = POLLIN };
	int r = poll_all(all, n, deadline, e);
	for (unsigned i = 0; i < n; i++)
		fds[i].revents = r > 0 ? all[i].revents : 0;
	return r;
}
