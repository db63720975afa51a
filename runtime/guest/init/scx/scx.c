/* scx.c: the state of sched_ext, as the kernel tells it.
 *
 * The kernel announces /kernel/sched_ext/root when a scheduler is attached and when it is gone. "enabling" and
 * "disabling" are not announced; for them, and where events get lost, we look at the file on a timer as long as there
 * is a scheduler. No timer runs otherwise, so an idle guest can be snapshotted and restored at any time. */
#include "guest/init/scx/scx.h"
#include "guest/init/base/crash.h"
#include "guest/init/scx/exit_info.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/mounts.h"
#include "guest/init/base/port.h"
#include "guest/init/base/uevent.h"
#include "guest/proto.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define SCX_DIR "/sys/kernel/sched_ext"

enum { TICK_FAST_MS = 20, TICK_SLOW_MS = 200 };

static const char *const names[] = {
	[SCX_DISABLED] = "disabled",   [SCX_ENABLING] = "enabling",   [SCX_ENABLED] = "enabled",
	[SCX_DISABLING] = "disabling", [SCX_BYPASSING] = "bypassing",
};

static enum proto_scx last = SCX_DISABLED;
static long long start;
static bool alive; /* the scheduler's process */
static int timer = -1, tick_ms;

/* Milliseconds between looks; 0 for none. */
static void tick_set(int ms)
{
	struct itimerspec t = {
		.it_interval = { .tv_sec = 0, .tv_nsec = ms * 1000000L },
		.it_value = { .tv_sec = 0, .tv_nsec = ms * 1000000L },
	};

	if (ms == tick_ms)
		return;
	tick_ms = ms;
	timerfd_settime(timer, 0, &t, NULL);
}

static void state_send(enum proto_scx state, const char *ops)
{
	char buf[sizeof(struct proto_state) + 256];
	struct proto_state s = { .state = state, .ms = (uint32_t)(now_ms() - start) };
	size_t n = strnlen(ops, sizeof buf - sizeof s);

	last = state;
	memcpy(buf, &s, sizeof s);
	memcpy(buf + sizeof s, ops, n);
	port_send(MSG_STATE, buf, sizeof s + n);
}

void scx_check(void)
{
	char text[64], ops[256];

	if (slurp(SCX_DIR "/state", text, sizeof text) == 0) {
		for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
			if (strcmp(text, names[i]) != 0 || i == last)
				continue;
			if (slurp(SCX_DIR "/root/ops", ops, sizeof ops) < 0)
				*ops = '\0';
			if (i == SCX_DISABLED)
				exit_info_tell();
			state_send((enum proto_scx)i, ops);
			break;
		}
	}
	if (!alive && last == SCX_DISABLED)
		tick_set(0);
	else
		tick_set(last == SCX_ENABLED ? TICK_SLOW_MS : TICK_FAST_MS);
}

/* A scheduler that attached and fell off again before we could look is told from the event alone. */
static void on_uevent(uint32_t events)
{
	const char *what, *pairs, *ops;
	bool ours = false;
	size_t n;
	int r;

	(void)events;
	while ((r = uevent_next(&what, &pairs, &n)) != 0) {
		ours |= r < 0 || strstr(what, "@/kernel/sched_ext/");
		if (r < 0 || last == SCX_ENABLED || strcmp(what, "add@/kernel/sched_ext/root") != 0)
			continue;
		if (!alive) /* somebody in the guest started it */
			exit_info_begin();
		ops = uevent_get(pairs, n, "SCXOPS");
		state_send(SCX_ENABLED, ops ? ops : "");
	}
	if (ours)
		scx_check();
}

static void on_tick(uint32_t events)
{
	uint64_t n;

	(void)events;
	(void)!read(timer, &n, sizeof n); /* only to quieten it */
	scx_check();
}

void scx_watch(void)
{
	int fd = uevent_open();

	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer < 0)
		die("no timer");
	watch(timer, EPOLLIN, on_tick);
	if (fd >= 0)
		watch(fd, EPOLLIN, on_uevent);
}

void scx_begin(long long at)
{
	start = at;
	alive = true;
	exit_info_begin();
	scx_check();
}

void scx_end(void)
{
	alive = false;
	scx_check();
	exit_info_tell(); /* one that went too soon to be seen */
}
