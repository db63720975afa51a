#include "base/still.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "system/procstat.h"

#define MS 1000000LL
/* A busy host wakes us late, by tenths of a second. */
#define LATE (2000 * MS)
/* Where we did not wait we may have computed, which CPU time tells, or a disk may have been slow, which nothing tells. */
#define BUSY (10000 * MS)
#define ASLEEP (1000 * MS)
#define CHILD_MOST (600 * 1000 * MS)
#define SAMPLE (200 * MS)

static struct {
	struct still s;
	long long sampled; /* when the rest was asked for: */
	long long cpu;
	bool stopped;
	pid_t child;
	bool (*frozen)(pid_t);
} here;

static long long own_gap(const struct still *s, const struct still_look *l, long long passed)
{
	long long busy = l->cpu - s->cpu;

	if (l->asked >= 0)
		return passed - l->asked > LATE ? passed - l->asked : 0;
	return passed - busy > BUSY ? passed - busy : 0;
}

void still_take(struct still *s, const struct still_look *l)
{
	long long slept = l->boot - l->now;

	if (s->last) {
		long long passed = l->now - s->last, gap = own_gap(s, l, passed), left = CHILD_MOST - s->child;

		if (s->stopped && passed > gap && left > 0) {
			long long more = passed - gap < left ? passed - gap : left;

			s->child += more;
			gap += more;
		}
		s->gap += gap;
		if (slept - s->slept > ASLEEP)
			s->suspended += slept - s->slept;
		if (gap || slept - s->slept > ASLEEP)
			s->ended = l->now - s->gap;
	}
	s->last = l->now;
	s->cpu = l->cpu;
	s->slept = slept;
	s->stopped = l->stopped;
}

static long long read_clock(clockid_t id)
{
	struct timespec t;

	return clock_gettime(id, &t) < 0 ? 0 : t.tv_sec * 1000 * MS + t.tv_nsec;
}

static bool is_stopped(void)
{
	struct procstat p;

	if (here.child <= 0 || !procstat_read(here.child, &p))
		return false;
	return p.state == 'T' || p.state == 't' || (here.frozen && p.state != 'R' && here.frozen(here.child));
}

static void look(long long asked)
{
	struct still_look l = { .now = read_clock(CLOCK_MONOTONIC),
				.boot = read_clock(CLOCK_BOOTTIME),
				.asked = asked };

	if (!here.sampled || l.now - here.sampled >= SAMPLE) {
		here.sampled = l.now;
		here.cpu = read_clock(CLOCK_PROCESS_CPUTIME_ID);
		here.stopped = is_stopped();
	}
	l.cpu = here.cpu;
	l.stopped = here.stopped;
	still_take(&here.s, &l);
}

long long now_ns(void)
{
	look(-1);
	return here.s.last - here.s.gap;
}

long long now_ms(void)
{
	return now_ns() / MS;
}

long long still_ms(void)
{
	look(-1);
	return (here.s.gap + here.s.suspended) / MS;
}

long long still_ago_ms(void)
{
	long long now = now_ns();

	return here.s.ended ? (now - here.s.ended) / MS : -1;
}

void still_woke(int asked_ms)
{
	look(asked_ms * MS);
}

void still_watch(pid_t pid, bool (*frozen)(pid_t))
{
	here.child = pid;
	here.frozen = frozen;
	here.sampled = 0;
	here.stopped = here.s.stopped = false;
}

bool still_stands(void)
{
	return here.s.stopped;
}
