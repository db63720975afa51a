#include "guest/init/base/loop.h"
#include "guest/init/base/crash.h"
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

enum { FDS_MAX = 256 };

static int loop = -1;
static watch_fn *callback[FDS_MAX];
static void (*idle)(void);

void watch(int fd, uint32_t events, watch_fn *fn)
{
	struct epoll_event ev = { .events = events, .data.fd = fd };

	if (fd >= FDS_MAX || epoll_ctl(loop, EPOLL_CTL_ADD, fd, &ev) < 0)
		die("cannot watch descriptor %d: %s", fd, strerror(errno));
	callback[fd] = fn;
}

void unwatch(int fd)
{
	epoll_ctl(loop, EPOLL_CTL_DEL, fd, NULL);
	callback[fd] = NULL;
}

void before_wait(void (*fn)(void))
{
	idle = fn;
}

void loop_open(void)
{
	loop = epoll_create1(EPOLL_CLOEXEC);
	if (loop < 0)
		die("epoll: %s", strerror(errno));
}

void loop_run(void)
{
	for (;;) {
		struct epoll_event ev;

		if (idle)
			idle();
		/* One at a time: a callback may unwatch what a second event of the batch belongs to. */
		int n = epoll_wait(loop, &ev, 1, -1);

		if (n < 0 && errno != EINTR)
			die("epoll_wait: %s", strerror(errno));
		if (n == 1 && callback[ev.data.fd])
			callback[ev.data.fd](ev.events);
	}
}
