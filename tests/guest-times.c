/* guest-times.c: load whose tasks tell all they saw of time and CPUs, for tests of virtual time. Static.
 *
 *   guest-times MS            per CPU a task that spins, one that sleeps, and a pair that talks through pipes, for MS
 *   guest-times MS marks      also a line every 10 ms of what each task has seen by then, for tests/diverge.sh
 *
 * Each task hashes every nanosecond it reads and every CPU it is on; a line for each, in the order they were started. Two runs
 * print the same when the same was seen at the same time everywhere. */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TASKS_MAX = 512, MARK_MS = 10, NAP_NS = 700000, KINDS = 4 };

struct seen {
	uint64_t hash, turns, last_ns, longest_ns;
	char pad[32];
};

static const char *const kinds[KINDS] = { "spins", "sleeps", "asks", "answers" };
static struct seen *seen;
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
	}
}

static void mark(int n)
{
	uint64_t hash = 0;

	for (int i = 0; i < n; i++)
		add(&hash, seen[i].hash);
	printf("%" PRIu64 " cpu %d all %016" PRIx64 "\n", now(), sched_getcpu(), hash);
}

int main(int argc, char **argv)
{
	struct sched_param high = { .sched_priority = 10 };
	struct timespec tick = { .tv_nsec = MARK_MS * 1000000 };
	int cpus = (int)sysconf(_SC_NPROCESSORS_ONLN), n = cpus * KINDS, ms = argc > 1 ? atoi(argv[1]) : 0;
	pid_t pid[TASKS_MAX];

	if (ms <= 0 || n > TASKS_MAX) {
		fputs("usage: guest-times MS [marks]\n", stderr);
		return 2;
	}
	seen = mmap(NULL, sizeof(*seen) * (size_t)n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &high);
	for (int i = 0; i < n; i++) {
		if (i % KINDS == 2 && (pipe(from[i / KINDS]) || pipe(to[i / KINDS])))
			return 1;
		pid[i] = fork();
		if (pid[i] == 0)
			task(i % KINDS, i / KINDS, &seen[i]);
	}
	for (int t = 0; t < ms; t += MARK_MS) {
		nanosleep(&tick, NULL);
		if (argc > 2)
			mark(n);
	}
	for (int i = 0; i < n; i++)
		kill(pid[i], SIGKILL);
	for (int i = 0; i < n; i++)
		waitpid(pid[i], NULL, 0);
	for (int i = 0; i < n; i++)
		printf("%-7s %016" PRIx64 " turns %" PRIu64 " longest %" PRIu64 " ns\n", kinds[i % KINDS], seen[i].hash,
		       seen[i].turns, seen[i].longest_ns);
	printf("end %" PRIu64 " ns\n", now());
	return 0;
}
