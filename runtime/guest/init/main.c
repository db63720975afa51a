/* main.c: PID 1 of a ktstr guest. Prepares the ground, says HELLO, then does what the host asks; see guest/proto.h. */
#include "guest/init/scx/calls.h"
#include "guest/init/base/board.h"
#include "guest/init/base/crash.h"
#include "guest/init/deadline.h"
#include "guest/init/scx/exit_info.h"
#include "guest/init/facts.h"
#include "guest/init/files.h"
#include "guest/init/groups.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/mounts.h"
#include "guest/init/now.h"
#include "guest/init/base/port.h"
#include "guest/init/base/rank.h"
#include "guest/init/scx/progs.h"
#include "guest/init/sched.h"
#include "guest/init/scx/scx.h"
#include "guest/init/scx/watchdog.h"
#include "guest/init/session.h"
#include "guest/init/base/uevent.h"
#include "guest/init/work.h"
#include "guest/proto.h"
#include <errno.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, STACK = 128 << 10, HEAP = 96 << 10 /* less than what free() would give back */ };

/* The next chunks of bulk transfers. */
static void bulk_resume(void)
{
	sched_resume();
	session_resume();
}

/* Does what one frame of the host asks for. */
static void request(uint32_t type, const void *data, size_t n)
{
	switch (type) {
	case MSG_FILES:
		files_make(data, n);
		return;
	case MSG_PUSHED:
		files_pushed();
		return;
	case MSG_WATCHDOG:
	case MSG_GROUPS:
		(type == MSG_GROUPS ? groups_make : watchdog_set)(data, n);
		return;
	case MSG_START:
		sched_start(data, n);
		return;
	case MSG_STOP:
		sched_stop(data, n);
		return;
	case MSG_PROGS:
		progs_send();
		return;
	case MSG_WORK:
		work_start(data, n);
		return;
	case MSG_NOW:
		now_set(data, n);
		return;
	case MSG_RUN:
		session_run(data, n);
		return;
	case MSG_IN:
		session_input(data, n);
		return;
	case MSG_WINDOW:
		session_window(data, n);
		return;
	case MSG_DEAF:
		session_deaf(data, n);
		return;
	case MSG_PING:
		port_send(MSG_PONG, NULL, 0);
		return;
	case MSG_CONSOLE:
		console_level(data, n);
		return;
	case MSG_DEADLINE:
		deadline_set(data, n);
		return;
	case MSG_PARK:
		board_park();
		port_want(); /* the host of each guest that goes on from there is the first to speak */
		return;
	case MSG_PORT:
		port_use();
		return;
	case MSG_POWEROFF:
		machine_end();
	default:
		port_failed("unknown request %u", type);
	}
}

static int signals = -1;

static void on_signal(uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(signals, &info, sizeof info) == sizeof info)
		;
	sched_reap();
}

static void signals_watch(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		die("signalfd: %s", strerror(errno));
	watch(signals, EPOLLIN, on_signal);
}

/* Every page that we have or shall need soon is there before the snapshot: in a restored guest the first fault of each kind is
 * some hundred pieces of kernel that an emulator has to translate. */
static void stay(void)
{
	volatile char stack[STACK];
	volatile char *heap = malloc(HEAP);

	for (size_t i = 0; i < sizeof stack; i += PAGE)
		stack[i] = 0;
	for (size_t i = 0; heap && i < HEAP; i += PAGE)
		heap[i] = 0;
	free((void *)heap);
	if (mlockall(MCL_CURRENT) < 0)
		say("memory is not locked: %s", strerror(errno));
}

/* For the first counter of any task the kernel rewrites its own code, on all CPUs, and waits until all have seen it; after the last one it
 * writes it back. One that is always there spares a scenario that in a restored guest (engine/reading.c). Without perf there is none. */
static void count_something(void)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof attr,
					.config = PERF_COUNT_SW_CPU_MIGRATIONS };

	(void)syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

int main(void)
{
	if (getpid() != 1) {
		say("this is PID 1 of a guest, nothing to run by hand");
		return 1;
	}
	crash_handlers();
	umask(0); /* files get exactly the modes they are sent with */
	mounts_first();
	rank_rise();
	loop_open();
	signals_watch();
	uevent_open(); /* before the port is looked for: what happens from here on is not missed */
	mounts_rest();
	port_open(request, bulk_resume);
	scx_watch();
	exit_info_watch();
	calls_watch();
	now_open();
	count_something();
	stay();
	facts_hello();
	loop_run();
}
