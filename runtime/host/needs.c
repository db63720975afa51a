#include "host/needs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/syscalls.h"

/* ninja 1.11 dies with 512 KiB and lives with 768; compilers take more with what they compile. */
enum { STACK_KIB = 1024 };

static bool waits_for_children(void)
{
	return waitpid(getpid(), NULL, WNOHANG) < 0 && errno == ECHILD;
}

static bool asks_for_children(void)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)getpid(), &info, WEXITED | WNOHANG) < 0 && errno == ECHILD;
}

static bool waits_for_descriptors(void)
{
	const struct timespec none = { 0 };

	return ppoll(NULL, 0, &none, NULL) == 0;
}

static bool polls(void)
{
	return poll(NULL, 0, 0) == 0;
}

/* The next ones are asked what every kernel answers with an error of its own; which one is the kernel's affair. */
static bool answered(int r)
{
	return r >= 0 || (errno != ENOSYS && errno != EPERM && errno != EACCES);
}

static bool ends_with_parents(void)
{
	return answered(prctl(PR_SET_PDEATHSIG, -1));
}

static bool makes_groups(void)
{
	return answered(setpgid(0, -1));
}

static bool makes_pipes(void)
{
	int fds[2];

	return answered(pipe2(fds, -1));
}

static bool makes_pairs(void)
{
	int fds[2];

	return answered(socketpair(AF_UNIX, -1, 0, fds));
}

static bool makes_epolls(void)
{
	return answered(epoll_create1(-1));
}

static bool fills_epolls(void)
{
	return answered(epoll_ctl(-1, EPOLL_CTL_DEL, -1, NULL));
}

static bool waits_for_epolls(void)
{
	struct epoll_event ev;

	return answered(epoll_wait(-1, &ev, 1, 0));
}

static bool makes_events(void)
{
	return answered(eventfd(0, -1));
}

/* QEMU takes a pipe after ENOSYS, and nothing after EPERM. */
static bool makes_events_or_never(void)
{
	return makes_events() || errno == ENOSYS;
}

static bool gives_random(void)
{
	char c;

	return answered((int)getrandom(&c, 1, GRND_NONBLOCK));
}

/* How much there is to grow into: inherit_settle() raised the limit as far as it may. */
static bool has_stack(unsigned long *kib)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) < 0)
		return true;
	*kib = (unsigned long)(limit.rlim_cur / 1024);
	return *kib >= STACK_KIB;
}

/* Who cannot work without it. */
static const struct call {
	const char *name, *who[NEEDS_KINDS]; /* NULL: they can */
	bool (*works)(void);
} calls[] = {
	{ "wait4", { "ninja, make and shells", NULL, "cargo" }, waits_for_children },
	{ "ppoll", { "ninja and QEMU", NULL, NULL }, waits_for_descriptors },
	{ "futex", { "every program with threads", NULL, "every program with threads" }, threads_wait },
	{ "prctl", { "ktstr", NULL, NULL }, ends_with_parents },
	{ "setpgid", { "ktstr", NULL, "cargo-nextest" }, makes_groups },
	{ "pipe2", { "ktstr", NULL, "cargo" }, makes_pipes },
	{ "waitid", { NULL, NULL, "cargo-nextest" }, asks_for_children },
	{ "poll", { NULL, "QEMU", "every program in Rust" }, polls },
	{ "epoll_create1", { NULL, NULL, "cargo of rustup and cargo-nextest" }, makes_epolls },
	{ "epoll_ctl", { NULL, NULL, "cargo of rustup and cargo-nextest" }, fills_epolls },
	{ "epoll_wait", { NULL, NULL, "cargo-nextest" }, waits_for_epolls },
	{ "eventfd2", { NULL, "QEMU", NULL }, makes_events_or_never },
	{ "eventfd2", { NULL, NULL, "cargo of rustup and cargo-nextest" }, makes_events },
	{ "socketpair", { NULL, NULL, "cargo-nextest" }, makes_pairs },
	{ "getrandom", { NULL, NULL, "cargo" }, gives_random },
};

static bool lacks_call(enum needs_of whose, struct need *l)
{
	for (size_t i = 0; i < countof(calls); i++) {
		const char *who = calls[i].who[whose];

		if (!who || calls[i].works())
			continue;
		snprintf(l->what, sizeof(l->what), "the system call %s is refused here, and %s cannot work without it",
			 calls[i].name, who);
		l->fix =
			"a container's seccomp profile that allows it, or its option --security-opt seccomp=unconfined";
		return true;
	}
	return false;
}

/* glibc aborts where it cannot wait for one, so this comes behind futex. */
static bool lacks_threads(enum needs_of whose, struct need *l)
{
	int no = thread_refused();

	if (!no)
		return false;
	snprintf(l->what, sizeof(l->what), "no thread can be made (clone3: %s): %s cannot work", strerror(no),
		 whose == NEEDS_CARGO ? "cargo" : "QEMU and ninja");
	l->fix =
		no == EAGAIN
			? "room for more processes: ulimit -u, or the limit of the control group (pids.max)"
			: "a newer container engine (Docker 20.10.10, libseccomp 2.5.2), or its option --security-opt seccomp=unconfined";
	return true;
}

bool needs_lack(enum needs_of whose, struct need *l)
{
	unsigned long kib;

	if (lacks_call(whose, l))
		return true;
	if (whose == NEEDS_GUEST)
		return false;
	if (lacks_threads(whose, l))
		return true;
	if (whose == NEEDS_CARGO || has_stack(&kib))
		return false;
	l->fix = "a larger hard limit of the stack: ulimit -Hs unlimited, or LimitSTACK= of a service";
	snprintf(l->what, sizeof(l->what), "a stack has %lu KiB at most here (ulimit -Hs), and ninja needs %d", kib,
		 STACK_KIB);
	return true;
}

int needs_check(enum needs_of whose, struct err *e)
{
	struct need l;

	if (!needs_lack(whose, &l))
		return 0;
	return err_set(e, whose == NEEDS_GUEST ? X_NO_QEMU : X_FAIL, "%s; it takes %s (\"ktstr doctor\" tests more)",
		       l.what, l.fix);
}
