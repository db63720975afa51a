#include "guest/init/deadline.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/port.h"
#include "guest/proto.h"
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static int timer = -1;

static void on_late(uint32_t events)
{
	uint64_t n;

	(void)events;
	(void)!read(timer, &n, sizeof n); /* only to quieten it */
	port_send(MSG_LATE, NULL, 0);
}

void deadline_set(const void *data, size_t n)
{
	struct itimerspec t = { 0 };
	uint32_t ms;

	if (n != sizeof ms) {
		port_failed("DEADLINE without its time");
		return;
	}
	memcpy(&ms, data, sizeof ms);
	if (timer < 0) {
		timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
		if (timer < 0)
			die("no timer");
		watch(timer, EPOLLIN, on_late);
	}
	t.it_value.tv_sec = ms / 1000;
	t.it_value.tv_nsec = ms % 1000 * 1000000L;
	timerfd_settime(timer, 0, &t, NULL);
}
