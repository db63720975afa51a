/* stop.c: a signalfd and the lifeline, which every wait polls beside its own.
 *
 * The signals are never read: they stay pending, so the descriptor stays readable for every later wait and
 * sigpending() names the one that came. Where signalfd is refused, sigpending() is asked now and then. */
#include "base/stop.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/inherit.h"
#include "system/kill.h"
#include "system/refused.h"
#include "base/mem.h"

enum { SIGNALS, LIFELINE, ASK_AGAIN_MS = 100 };

static const int stop_signals[] = { SIGINT, SIGTERM, SIGHUP };

static struct {
	bool on;
	struct pollfd fds[STOP_FDS];
} stop = { .fds = { { .fd = -1 }, { .fd = -1 } } };

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

int stop_init(struct err *e)
{
	sigset_t set, now;

	if (stop.on)
		return 0;
	chosen_signals(&set);
	if (inherit_settle(&set, e) < 0)
		return -1;
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	if (fd < 0 && (!syscall_refused(errno) || sigpending(&now) < 0))
		return err_sys(e, "signalfd");
	stop.fds[SIGNALS] = (struct pollfd){ .fd = fd, .events = POLLIN };
	stop.on = true;
	return 0;
}

void stop_watch(int lifeline)
{
	if (stop.on)
		stop.fds[LIFELINE] = (struct pollfd){ .fd = lifeline, .events = POLLRDHUP };
}

void stop_undo(void)
{
	if (!stop.on)
		return;
	if (stop.fds[SIGNALS].fd >= 0)
		close(stop.fds[SIGNALS].fd);
	for (size_t i = 0; i < STOP_FDS; i++)
		stop.fds[i] = (struct pollfd){ .fd = -1 };
	stop.on = false;
	inherit_restore();
}

void stop_fds(struct pollfd fds[STOP_FDS])
{
	memcpy(fds, stop.fds, sizeof(stop.fds));
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

struct cause {
	int sig;
	bool cut;      /* a lifeline's hang-up, and no SIGHUP */
	bool nameless; /* sigpending is refused: SIGTERM or another */
};

static struct cause pending(void)
{
	struct pollfd fds[STOP_FDS];

	if (!stop.on)
		return (struct cause){ 0 };
	stop_fds(fds);
	int n = poll_fds(fds, STOP_FDS, 0);
	int sig = n > 0 || stop.fds[SIGNALS].fd < 0 ? pending_signal() : 0;

	if (sig || n <= 0)
		return (struct cause){ .sig = sig };
	if (fds[LIFELINE].revents)
		return (struct cause){ .sig = SIGHUP, .cut = true };
	return (struct cause){ .sig = SIGTERM, .nameless = true };
}

int stop_pending(void)
{
	return pending().sig;
}

int stop_err(struct err *e)
{
	struct cause c = pending();
	const char *name = c.sig && !c.nameless ? sigabbrev_np(c.sig) : NULL;

	if (c.cut)
		return err_set(e, X_INTERRUPTED, "interrupted: the program that asked for this work has ended");
	if (!name)
		return err_set(e, X_INTERRUPTED, "interrupted");
	return err_set(e, X_INTERRUPTED, "interrupted by SIG%s", name);
}

/* Until the deadline, or until we look whether we were run, or are to stop. */
static int wait_ms(long long deadline)
{
	long long now = now_ms(), left = deadline - now;
	int slice = stop.on && stop.fds[SIGNALS].fd < 0 ? ASK_AGAIN_MS : STILL_SLICE_MS;

	if (deadline < 0 || left > slice)
		return slice;
	return left < 0 ? 0 : (int)left;
}

/* all: fds with our own entries behind them. */
static int poll_all(struct pollfd *all, unsigned n, long long deadline, struct err *e)
{
	for (;;) {
		int ms = wait_ms(deadline);
		int ready = poll_fds(all, n + STOP_FDS, ms), no = errno;

		still_woke(ms);
		if (ready < 0 && no != EINTR) {
			errno = no;
			return err_sys(e, "poll");
		}
		bool told = ready > 0 && (all[n + SIGNALS].revents || all[n + LIFELINE].revents);

		if (told || (all[n + SIGNALS].fd < 0 && stop_pending()))
			return stop_err(e);
		if (ready > 0)
			return ready;
		if (deadline >= 0 && now_ms() >= deadline)
			return 0;
	}
}

int stop_poll(struct pollfd *fds, unsigned n, long long deadline, struct err *e)
{
	struct pollfd few[16 + STOP_FDS];
	auto_free struct pollfd *many = NULL;
	struct pollfd *all = few;

	if (n + STOP_FDS > countof(few))
		all = many = xcalloc(n + STOP_FDS, sizeof(*many));
	if (n)
		memcpy(all, fds, n * sizeof(*fds));
	stop_fds(all + n);
	int r = poll_all(all, n, deadline, e);
	for (unsigned i = 0; i < n; i++)
		fds[i].revents = r > 0 ? all[i].revents : 0;
	return r;
}
