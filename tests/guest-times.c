/* guest-times.c: load whose tasks tell all they saw of time and CPUs, for tests of virtual time. Static.
 *
 *   guest-times MS [LOAD] [marks]
 *
 * Tasks for each CPU, for MS: one that spins, one that sleeps, a pair that talks through pipes; LOAD is idle, spin, sleep or pipe:
 * none, or only those; or touch: one that keeps memory in use, in ways that QEMU's TLB is made larger for. marks: also a line every 10 ms of what all have seen by then, for tests/diverge.sh.
 *
 * Each task hashes every nanosecond it reads and every CPU it is on, and so does the first one, which wakes every 10 ms; a line
 * for each, in the order they were started. Two runs print the same when the same was seen at the same time everywhere. */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TASKS_MAX = 512, MARK_MS = 10, NAP_NS = 700000, KINDS = 5, PAGE = 4096, TOUCHED = 2000 * PAGE };

struct seen {
	uint64_t hash, turns, last_ns, longest_ns;
	char pad[32];
};

static const char *const kinds[KINDS] = { "spins", "sleeps", "asks", "answers", "touches" };
static const struct {
	const char *name;
	int first, end; /* of kinds */
} loads[] = { { "all", 0, 4 },   { "idle", 0, 0 }, { "spin", 0, 1 },
	      { "sleep", 1, 2 }, { "pipe", 2, 4 }, { "touch", 4, 5 } };
static struct seen *seen; /* of the tasks, and behind them of the first one */
static int from[TASKS_MAX][2], to[TASKS_MAX][2];

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void add(uint64_t *hash, uint64_t v)
{
	*hash = (*hash ^ v) * 0x100000001b3u;
}

static void look(struct seen *s)
{
	uint64_t ns = now();

	add(&s->hash, ns);
	add(&s->hash, (uint64_t)sched_getcpu());
	if (s->turns && ns - s->last_ns > s->longest_ns)
		s->longest_ns = ns - s->last_ns;
	s->last_ns = ns;
	s->turns++;
}

static void touch(volatile char *at)
{
	for (size_t i = 0; i < TOUCHED; i += PAGE)
		at[i]++;
}

/* Twelve times everything, and the TLB emptied while all of it is in use; then 40 ms in which nothing empties it. */
static void touch_all(struct seen *s)
{
	static char *at;
	uint64_t start;

	if (!at) {
		at = mmap(NULL, TOUCHED, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (at == MAP_FAILED || madvise(at, TOUCHED, MADV_NOHUGEPAGE))
			_exit(1);
	}
	for (int i = 0; i < 12; i++) {
		touch(at);
		mprotect(at, TOUCHED, PROT_READ);
		mprotect(at, TOUCHED, PROT_READ | PROT_WRITE);
	}
	for (start = now(); now() - start < 40000000; look(s))
		touch(at);
}

static void __attribute__((noreturn)) task(int kind, int pair, struct seen *s)
{
	static const struct timespec nap = { .tv_nsec = NAP_NS };
	char byte = 0;

	for (;;) {
		look(s);
		if (kind == 0)
			for (volatile int i = 0; i < 2000; i++)
				;
		if (kind == 1)
			nanosleep(&nap, NULL);
		if (kind == 2 && (write(to[pair][1], &byte, 1) != 1 || read(from[pair][0], &byte, 1) != 1))
			_exit(1);
		if (kind == 3 && (read(to[pair][0], &byte, 1) != 1 || write(from[pair][1], &byte, 1) != 1))
			_exit(1);
		if (kind == 4)
			touch_all(s);
	}
}

static void mark(int n)
{
	uint64_t hash = 0;

	for (int i = 0; i <= n; i++)
		add(&hash, seen[i].hash);
	printf("%" PRIu64 " cpu %d all %016" PRIx64 "\n", now(), sched_getcpu(), hash);
}

static void tell(const char *kind, const struct seen *s)
{
	printf("%-7s %016" PRIx64 " turns %" PRIu64 " longest %" PRIu64 " ns\n", kind, s->hash, s->turns,
	       s->longest_ns);
}

/* Returns how many were started, pid of each; -1: could not. */
static int start(int cpus, int first, int end, pid_t pid[])
{
	int n = 0;

	for (int cpu = 0; cpu < cpus; cpu++)
		for (int kind = first; kind < end; kind++, n++) {
			if (kind == 2 && (pipe(from[cpu]) || pipe(to[cpu])))
				return -1;
			pid[n] = fork();
			if (pid[n] == 0)
				task(kind, cpu, &seen[n]);
		}
	return n;
}

static int usage(void)
{
	fputs("usage: guest-times MS [all|idle|spin|sleep|pipe|touch] [marks]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct sched_param high = { .sched_priority = 10 };
	struct timespec tick = { .tv_nsec = MARK_MS * 1000000 };
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), ms = argc > 1 ? atoi(argv[1]) : 0, n;
	bool marks = argc > 2 && !strcmp(argv[argc - 1], "marks");
	pid_t pid[TASKS_MAX];
	size_t load = 0;

	if (ms <= 0 || argc > 3 + marks || cpus * KINDS > TASKS_MAX)
		return usage();
	if (argc == 3 + marks)
		while (strcmp(argv[2], loads[load].name))
			if (++load == sizeof(loads) / sizeof(*loads))
				return usage();
	seen = mmap(NULL, sizeof(*seen) * (TASKS_MAX + 1), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &high);
	n = start(cpus, loads[load].first, loads[load].end, pid);
	if (n < 0)
		return 1;
	for (int t = 0; t < ms; t += MARK_MS) {
		nanosleep(&tick, NULL);
		look(&seen[n]);
		if (marks)
			mark(n);
	}
	for (int i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < n; i++)
		waitpid(pid[i], NULL, 0);
	for (int i = 0; i < n; i++)
		tell(kinds[loads[load].first + i % (loads[load].end - loads[load].first)], &seen[i]);
	tell("wakes", &seen[n]);
	printf("end %" PRIu64 " ns\n", now());
	return 0;
}
