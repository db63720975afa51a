/* work.c: tasks for the attached scheduler to run, and how they fared.
 *
 * On every CPU one that only computes; beside them, free to run anywhere, some that sleep and some that yield, so that all of a
 * scheduler's callbacks have something to do. Each writes what it saw into a page of its own, which is all there is to read when
 * the scheduler never runs it again. We are above the scheduler ourselves, and need no thread of the kernel's that it would have to
 * run, so the end comes in time whatever it does. The scenario "probe" has such tasks, too; why it does not do for this:
 * docs/architecture.md. */
#include "guest/init/work.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/loop.h"
#include "guest/init/base/mounts.h"
#include "guest/init/base/port.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#ifndef SCHED_EXT
#define SCHED_EXT 7 /* Linux 6.12 */
#endif

enum { TASKS_MAX = 512, HELPERS_MIN = 2, HELPERS_MAX = 16, TICK_MS = 5, ROUND = 2000, NAP_NS = 1000000, PAGE = 4096 };

/* Written by the task alone. */
struct seat {
	struct proto_task t;
	uint64_t begun_ns, last_ns;
};

static struct {
	pid_t pid[TASKS_MAX];
	char *seats; /* a page per task; NULL: nothing is running */
	unsigned n;
	struct proto_work ask;
	long long start;
} w;
static int timer = -1;

static struct seat *seat(unsigned i)
{
	return (struct seat *)(w.seats + (size_t)i * PAGE);
}

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* After each turn: how long since the last one, and where. */
static void note(struct seat *s, int *cpu)
{
	uint64_t now = clock_ns(CLOCK_MONOTONIC);
	int here = sched_getcpu();

	if (now - s->last_ns > s->t.gap_ns) {
		s->t.gap_ns = now - s->last_ns;
		s->t.gap_cpu = (uint32_t)here;
	}
	s->last_ns = now;
	s->t.wall_ns = now - s->begun_ns;
	if (here != *cpu) {
		s->t.migrations++;
		*cpu = here;
	}
	s->t.cpu = (uint32_t)here;
	s->t.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	atomic_thread_fence(memory_order_release);
	s->t.turns++;
}

static void turn(enum proto_kind kind)
{
	static const struct timespec nap = { .tv_nsec = NAP_NS };

	if (kind == TASK_SLEEPS)
		nanosleep(&nap, NULL);
	else if (kind == TASK_YIELDS)
		sched_yield();
	for (volatile unsigned i = 0; i < ROUND; i++)
		;
}

static void __attribute__((noreturn)) task(struct seat *s)
{
	struct sched_param none = { 0 };
	cpu_set_t set;
	int cpu;

	/* Those of a scheduler that only takes who asks for it; for others this changes nothing. */
	(void)sched_setscheduler(0, SCHED_EXT, &none);
	if (s->t.kind == TASK_SPINS) {
		CPU_ZERO(&set);
		CPU_SET(s->t.cpu, &set);
		(void)sched_setaffinity(0, sizeof set, &set);
	}
	cpu = sched_getcpu();
	s->begun_ns = s->last_ns = clock_ns(CLOCK_MONOTONIC);
	for (;;) {
		turn((enum proto_kind)s->t.kind);
		note(s, &cpu);
	}
}

/* Whether no spinning task is without a turn. */
static bool all_ran(void)
{
	for (unsigned i = 0; i < w.n; i++) {
		if (seat(i)->t.kind == TASK_SPINS && !seat(i)->t.turns)
			return false;
	}
	return true;
}

static void finish(bool attached)
{
	size_t n = sizeof(struct proto_worked) + w.n * sizeof(struct proto_task);
	char *msg = calloc(1, n);
	struct proto_worked head = { .ms = (uint32_t)(now_ms() - w.start), .attached = attached };

	if (!msg)
		die("out of memory");
	memcpy(msg, &head, sizeof head);
	for (unsigned i = 0; i < w.n; i++)
		memcpy(msg + sizeof head + i * sizeof(struct proto_task), &seat(i)->t, sizeof(struct proto_task));
	for (unsigned i = 0; i < w.n; i++)
		kill(w.pid[i], SIGKILL);
	munmap(w.seats, (size_t)w.n * PAGE);
	w.seats = NULL;
	unwatch(timer);
	close(timer);
	timer = -1;
	port_send(MSG_WORKED, msg, n);
	free(msg);
}

/* What the tasks did is looked at before the state: with the scheduler gone, another one would run them. */
static void on_tick(uint32_t events)
{
	long long passed = now_ms() - w.start;
	uint64_t n;
	char state[64];
	bool ran = all_ran(), attached;

	(void)events;
	(void)!read(timer, &n, sizeof n); /* only to quieten it */
	attached = slurp("/sys/kernel/sched_ext/state", state, sizeof state) == 0 && !strcmp(state, "enabled");
	if (!attached || (passed >= w.ask.ms && ran) || passed >= (long long)w.ask.ms + w.ask.patience_ms)
		finish(attached);
}

static void seats_fill(const cpu_set_t *cpus, unsigned spinners)
{
	unsigned at = 0;

	for (unsigned cpu = 0; cpu < CPU_SETSIZE && at < spinners; cpu++) {
		if (CPU_ISSET(cpu, cpus))
			seat(at++)->t = (struct proto_task){ .kind = TASK_SPINS, .cpu = cpu };
	}
	for (; at < w.n; at++)
		seat(at)->t.kind = (at - spinners) % 2 ? TASK_YIELDS : TASK_SLEEPS;
}

static bool prepare(void)
{
	unsigned spinners, helpers;
	cpu_set_t cpus;

	if (sched_getaffinity(0, sizeof cpus, &cpus) < 0)
		return false;
	spinners = (unsigned)CPU_COUNT(&cpus);
	helpers = spinners / 2 < HELPERS_MIN ? HELPERS_MIN : spinners / 2;
	if (helpers > HELPERS_MAX)
		helpers = HELPERS_MAX;
	if (spinners > TASKS_MAX - HELPERS_MAX)
		spinners = TASKS_MAX - HELPERS_MAX;
	w.n = spinners + helpers;
	w.seats = mmap(NULL, (size_t)w.n * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1,
		       0);
	if (w.seats == MAP_FAILED) {
		w.seats = NULL;
		return false;
	}
	seats_fill(&cpus, spinners);
	return true;
}

void work_start(const void *data, size_t n)
{
	struct itimerspec tick = { .it_interval.tv_nsec = TICK_MS * 1000000L, .it_value.tv_nsec = TICK_MS * 1000000L };

	if (n != sizeof w.ask || w.seats) {
		port_failed(n != sizeof w.ask ? "WORK without its times" : "there is work already");
		return;
	}
	memcpy(&w.ask, data, sizeof w.ask);
	if (!prepare()) {
		port_failed("tasks for the scheduler: %s", strerror(errno));
		return;
	}
	for (unsigned i = 0; i < w.n; i++) {
		w.pid[i] = fork();
		if (w.pid[i] < 0)
			die("fork: %s", strerror(errno));
		if (w.pid[i] == 0)
			task(seat(i));
	}
	w.start = now_ms();
	timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (timer < 0)
		die("no timer");
	timerfd_settime(timer, 0, &tick, NULL);
	watch(timer, EPOLLIN, on_tick);
}
