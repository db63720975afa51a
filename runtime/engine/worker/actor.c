/* actor.c: acts of a worker's program: those it does alone. */
#include "engine/worker/actor.h"
#include "engine/worker/children.h"
#include "engine/worker/kernel.h"
#include "engine/worker/meet.h"
#include "engine/worker/roam.h"
#include "engine/worker/ask.h"
#include "scenario/random.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096 };

void actor_fail(struct actor *a, const char *what)
{
	snprintf(a->seat->error, sizeof a->seat->error, "%s: %s", what, strerror(errno));
	/* Of a process with other workers only this thread ends. */
	for (;;)
		syscall(SYS_exit, 1);
}

unsigned actor_cell(const struct actor *a, const struct act *act)
{
	return act->shared ? a->plan->slots + act->slot : a->slot_base + act->slot;
}

static void act_run(struct actor *a, const struct act *act)
{
	actor_run(a, act->a);
}

static void act_sleep(struct actor *a, const struct act *act)
{
	actor_sleep_until(a, clock_now() + act->a);
}

/* Multiples that have passed meanwhile are left out, as a timer leaves them out. */
static void act_timer(struct actor *a, const struct act *act)
{
	uint64_t passed = clock_now() - a->began_ns;

	actor_sleep_until(a, a->began_ns + (passed / act->a + 1) * act->a);
}

static void act_yield(struct actor *a, const struct act *act)
{
	(void)act;
	sched_yield();
	actor_look(a, 1);
}

char *actor_buffer(struct actor *a, uint64_t kib)
{
	size_t size = (size_t)kib * 1024;

	if (size > a->buffer_size) {
		char *grown = realloc(a->buffer, size);

		if (!grown)
			actor_fail(a, "memory to work on");
		memset(grown, 0, size);
		a->buffer = grown;
		a->buffer_size = size;
	}
	return a->buffer;
}

static void act_touch(struct actor *a, const struct act *act)
{
	volatile char *b = actor_buffer(a, act->a);
	size_t size = (size_t)act->a * 1024;
	uint64_t n = 0;

	for (size_t i = 0; i < size; i += act->b, n++)
		b[i]++;
	actor_look(a, n);
}

static void act_fault(struct actor *a, const struct act *act)
{
	size_t size = (size_t)act->a * 1024;
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		actor_fail(a, "memory to fault in");
	for (size_t i = 0; i < size; i += PAGE)
		*(volatile char *)(at + i) = 1;
	munmap(at, size);
	actor_look(a, size / PAGE);
}

/* Without a name where the file system can; else the name goes at once. */
static int open_file(struct actor *a)
{
	char path[4096];
	int fd = open(a->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0)
		return fd;
	snprintf(path, sizeof path, "%s/ktstr-io.XXXXXX", a->folder);
	fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		actor_fail(a, "a file to write to");
	unlink(path);
	return fd;
}

static void act_write(struct actor *a, const struct act *act)
{
	size_t size = (size_t)act->a * 1024;
	char *b = actor_buffer(a, act->a);

	if (a->file < 0)
		a->file = open_file(a);
	if (pwrite(a->file, b, size, 0) < 0)
		actor_fail(a, "writing");
	actor_look(a, act->a);
}

static void act_sync(struct actor *a, const struct act *act)
{
	(void)act;
	if (a->file >= 0)
		fsync(a->file);
	actor_look(a, 0);
}

static void act_nice(struct actor *a, const struct act *act)
{
	int low = (int)(int64_t)act->a, high = (int)(int64_t)act->b;

	ask_nice(0, low + (int)random_below(&a->random, (uint64_t)(high - low) + 1));
	actor_look(a, 0);
}

/* What the kernel refuses leaves the policy as it was. */
static void act_policy(struct actor *a, const struct act *act)
{
	static const enum policy_kind kinds[] = { POLICY_NORMAL, POLICY_BATCH, POLICY_IDLE, POLICY_EXT };
	struct policy p = { .kind = kinds[random_below(&a->random, sizeof kinds / sizeof *kinds)] };

	(void)act;
	(void)ask_policy(0, &p);
	actor_look(a, 0);
}

static void act_affinity(struct actor *a, const struct act *act)
{
	static const struct affinity half = { .kind = AFFINITY_RANDOM };
	struct row who = act->a ? a->line : (struct row){ a->id, 1 };
	struct cpus mask;

	for (unsigned i = 0; i < who.n; i++) {
		int tid = stage_seat(&a->stage, who.first + i)->tid;

		/* 0 is ourselves to the kernel: a worker that has not begun. */
		if (tid > 0 && affinity_mask(&half, &a->plan->places, &a->cpuset, i, &a->random, &mask))
			(void)ask_cpus(tid, &mask);
	}
	actor_look(a, 0);
}

static void (*const does[ACT_KINDS])(struct actor *a, const struct act *act) = {
	[ACT_RUN] = act_run,
	[ACT_SLEEP] = act_sleep,
	[ACT_TIMER] = act_timer,
	[ACT_YIELD] = act_yield,
	[ACT_WAKE] = meet_wake,
	[ACT_WAIT] = meet_wait,
	[ACT_SEND] = meet_send,
	[ACT_RECEIVE] = meet_receive,
	[ACT_LOCK] = meet_lock,
	[ACT_UNLOCK] = meet_unlock,
	[ACT_PILOCK] = meet_pilock,
	[ACT_PIUNLOCK] = meet_piunlock,
	[ACT_TOUCH] = act_touch,
	[ACT_FAULT] = act_fault,
	[ACT_WRITE] = act_write,
	[ACT_SYNC] = act_sync,
	[ACT_FORK] = children_fork,
	[ACT_EXEC] = children_exec,
	[ACT_THREAD] = children_thread,
	[ACT_NICE] = act_nice,
	[ACT_POLICY] = act_policy,
	[ACT_AFFINITY] = act_affinity,
	[ACT_SIGNAL] = meet_signal,
	[ACT_SIGWAIT] = meet_sigwait,
	[ACT_MIGRATE] = roam_migrate,
	[ACT_CHURN] = roam_churn,
	[ACT_KWORK] = kernel_kwork,
	[ACT_NODE] = kernel_node,
};

void actor_pass(struct actor *a)
{
	uint64_t work = a->seat->work;

	for (unsigned i = 0; i < a->role->n; i++) {
		const struct act *act = &a->program->acts[a->role->first + i];

		does[act->kind](a, act);
	}
	if (a->seat->work == work)
		a->seat->work++;
	look_iterated(a->seat);
}

void actor_work(struct actor *a)
{
	actor_begin(a);
	for (;;)
		actor_pass(a);
}
