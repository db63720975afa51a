#include "guest/init/base/rank.h"
#include "guest/init/base/crash.h"
#include <errno.h>
#include <sched.h>
#include <string.h>

static void set(int flags)
{
	struct sched_param p = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO | flags, &p) < 0)
		say("no real-time priority: %s", strerror(errno));
}

void rank_rise(void)
{
	set(SCHED_RESET_ON_FORK);
}

void rank_children(bool above)
{
	set(above ? 0 : SCHED_RESET_ON_FORK);
}
