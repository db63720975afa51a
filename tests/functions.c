/* functions.c: a test program with work functions: good ones, and such as do to themselves what a function can do. */
#include <ktstr.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

KTSTR_WORK(steady)
{
	ktstr_worker_run(w, 200);
	ktstr_worker_sleep(w, 300);
}

/* What it is told of itself, and memory that stays. */
KTSTR_WORK(counts)
{
	uint64_t *passes = ktstr_worker_state(w, 2 * sizeof(*passes));

	if (!passes || ktstr_worker_state(w, 2 << 20) || ktstr_worker_count(w) != 2 || ktstr_worker_index(w) > 1)
		ktstr_worker_fail(w, "worker %u of %u", ktstr_worker_index(w), ktstr_worker_count(w));
	if (passes[0] && passes[1] != passes[0] * 3)
		ktstr_worker_fail(w, "what was kept is lost");
	passes[0]++;
	passes[1] = passes[0] * 3;
	ktstr_worker_did(w, 5);
	ktstr_worker_run(w, 50 + ktstr_worker_random(w) % 50);
}

/* Sleep of its own, and children that are waited for. */
KTSTR_WORK(naps)
{
	struct timespec t = { 0, 20000000 };
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	nanosleep(&t, NULL);
	ktstr_worker_run(w, 100);
}

static unsigned passes;

KTSTR_WORK(crashes)
{
	ktstr_worker_run(w, 1000);
	if (++passes == 3)
		raise(SIGSEGV);
}

KTSTR_WORK(spins)
{
	ktstr_worker_run(w, 1000);
	while (passes == 3)
		__asm__ volatile("");
	passes++;
}

KTSTR_WORK(sleeps)
{
	ktstr_worker_run(w, 1000);
	while (++passes > 3)
		pause();
}

KTSTR_WORK(ends)
{
	ktstr_worker_run(w, 1000);
	exit(0);
}

KTSTR_WORK(gives_up)
{
	ktstr_worker_run(w, 1000);
	ktstr_worker_fail(w, "\xff\" is\n%d", 5);
}

KTSTR_WORK(forks)
{
	ktstr_worker_run(w, 1000);
	(void)!fork();
}

KTSTR_WORK(forks_on)
{
	for (;;)
		if (fork() < 0)
			ktstr_worker_did(w, 1);
}

/* Nothing that would keep it from being ended. */
KTSTR_WORK(clings)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGTERM, SIG_IGN);
	setsid();
	ktstr_worker_run(w, 1000);
}

KTSTR_WORK(prints)
{
	for (unsigned i = 0; i < 1000; i++)
		puts("the same again and again, for as long as it may");
	ktstr_worker_did(w, 1);
}

KTSTR_WORK(scribbles)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];

	ktstr_worker_run(w, 1000);
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long from, to;

		if (strstr(line, "ktstr-stage") && sscanf(line, "%lx-%lx rw-s", &from, &to) == 2 &&
		    strstr(line, "rw-s"))
			memset((void *)from, 0xff, to - from);
	}
	if (f)
		fclose(f);
}

/* For ever. */
KTSTR_WORK(rests)
{
	ktstr_worker_sleep(w, UINT64_MAX);
}

#define WRONG(name) \
	KTSTR_SCENARIO(wrong_##name, .duration_ms = 1200, .settle_ms = 50, \
		       .scenario = "cgroup a pids=300\nwork a fn:" #name " n=1\nwork - fn:steady n=1\nhold 100%")

KTSTR_SCENARIO(
	good, .duration_ms = 600, .settle_ms = 50, .expect = "gap.max <= 100ms\niterations{a} >= 20",
	.scenario =
		"cgroup a\nwork a fn:counts n=2 uid=65534\nwork a fn:steady n=1 policy=batch\nwork - fn:naps n=1\nhold 100%");
KTSTR_SCENARIO(
	all_wrong, .duration_ms = 1200, .settle_ms = 50,
	.scenario = "cgroup a\nwork a fn:crashes n=1\nwork a fn:spins n=1\nwork a fn:sleeps n=1\nwork - fn:ends n=1\n"
		    "work a fn:gives_up n=1\nwork a fn:forks n=1\nwork - fn:clings n=1\nwork a fn:scribbles n=1\n"
		    "work a fn:steady n=1\nhold 100%");
KTSTR_SCENARIO(without, .duration_ms = 300, .settle_ms = 50, .scenario = "work - spin n=1\nhold 100%");
WRONG(crashes);
WRONG(spins);
WRONG(sleeps);
WRONG(forks_on);
WRONG(prints);
KTSTR_MAIN
