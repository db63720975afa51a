#include "host/needs.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"

/* ninja 1.11 dies with 512 KiB and lives with 768; compilers take more with what they compile. */
enum { STACK_KIB = 1024 };

static bool waits_for_children(void)
{
	return waitpid(getpid(), NULL, WNOHANG) < 0 && errno == ECHILD;
}

static bool waits_for_descriptors(void)
{
	const struct timespec none = { 0 };

	return ppoll(NULL, 0, &none, NULL) == 0;
}

static bool waits_for_threads(void)
{
	int word = 0;

	return syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) == 0;
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

bool needs_lack(struct need *l)
{
	static const struct {
		const char *name, *who;
		bool (*works)(void);
	} calls[] = {
		{ "wait4", "ninja, make and shells", waits_for_children },
		{ "ppoll", "ninja and QEMU", waits_for_descriptors },
		{ "futex", "every program with threads", waits_for_threads },
	};
	unsigned long kib;

	l->fix = "a container's seccomp profile that allows it, or its option --security-opt seccomp=unconfined";
	for (size_t i = 0; i < countof(calls); i++) {
		if (calls[i].works())
			continue;
		snprintf(l->what, sizeof(l->what), "the system call %s is refused here, and %s cannot work without it",
			 calls[i].name, calls[i].who);
		return true;
	}
	if (has_stack(&kib))
		return false;
	l->fix = "a larger hard limit of the stack: ulimit -Hs unlimited, or LimitSTACK= of a service";
	snprintf(l->what, sizeof(l->what), "a stack has %lu KiB at most here (ulimit -Hs), and ninja needs %d", kib,
		 STACK_KIB);
	return true;
}
