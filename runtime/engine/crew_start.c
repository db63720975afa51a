/* crew_start.c: workers of a work line: forked into their cgroup, given their policy and their CPUs, waiting for the go.
 *
 * What the kernel is asked for on their behalf is asked by the director and before they run, so it does not depend on when the
 * scheduler under test lets them. */
#include "engine/crew.h"
#include "engine/worker/live.h"
#include "engine/worker/ask.h"
#include "engine/worker/look.h"
#include "scenario/random.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define THREADS_NS 10000000000u

/* A work line while its workers are made. */
struct line {
	struct crew *crew;
	const struct plan_step *step;
	const struct plan_work *work;
	struct worker_line shared; /* what its workers get */
	struct row row;            /* seats */
	struct actor *actors;      /* all of the line */
	struct duct *ducts;        /* per group and slot */
	unsigned n_ducts;
	const char *group; /* NULL: none of ours */
	int folder;        /* of that group */
	const struct cpus *cpuset;
};

/* Different numbers for each worker and use, and the same for the same seed. */
static uint64_t generator(uint64_t seed, unsigned id, unsigned use)
{
	uint64_t state = seed ^ ((uint64_t)id << 8 | use) * 0xd1342543de82ef95u;

	(void)random_next(&state);
	return random_next(&state);
}

static void fill_actor(struct line *l, struct actor *a, unsigned i)
{
	const struct program *p = l->work->program;
	struct crew *c = l->crew;
	unsigned group = i / p->group, id = l->row.first + i;

	*a = (struct actor){
		.stage = c->stage,
		.seat = stage_seat(&c->stage, id),
		.plan = c->plan,
		.program = p,
		.role = program_role(p, i % p->group),
		.id = id,
		.group = { l->row.first + group * p->group, p->group },
		.line = l->row,
		.slot_base = l->work->slot_base + group * p->slots,
		.ducts = l->ducts + (size_t)group * p->slots,
		.shared_ducts = c->shared_ducts,
		.cpuset = *l->cpuset,
		.speed = c->speed,
		.random = generator(c->seed, id, 0),
		.file = -1,
		.folder = c->folder,
		.groups = c->cgroups->base,
		.mount = c->cgroups->mount,
	};
}

/* Into its cgroup at once where the kernel can; else it is moved there before it runs. */
static pid_t fork_into(struct line *l)
{
	struct clone_args args = { .exit_signal = SIGCHLD, .flags = CLONE_INTO_CGROUP, .cgroup = (uint64_t)l->folder };
	pid_t pid = -1;

	if (l->folder >= 0) {
		pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
		if (pid >= 0 || errno == EAGAIN || errno == ENOMEM)
			return pid;
	}
	pid = fork();
	if (pid > 0 && l->group && cgroup_enter(l->crew->cgroups, l->group, pid) < 0) {
		int kept = errno;

		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		errno = kept;
		return -1;
	}
	return pid;
}

static struct worker *add_worker(struct line *l, pid_t pid, pid_t tid)
{
	struct crew *c = l->crew;
	struct worker *w = &c->workers[c->n];

	*w = (struct worker){
		.step = l->step,
		.id = c->n,
		.index = c->n - l->row.first,
		.turn = c->turn,
		.group = l->step->group,
		.pid = pid,
		.tid = tid,
		.cpuset = *l->cpuset,
		.random = generator(c->seed, c->n, 1),
		.meter = { -1, -1, false },
	};
	c->n++;
	c->stage.head->taken = c->n;
	return w;
}

static int no_worker(const struct line *l, struct trouble *t)
{
	return trouble(t, ENDS_ENV, "line %u: start a worker in %s: %s", l->step->line,
		       l->group ? l->group : "no cgroup", strerror(errno));
}

static int start_processes(struct line *l, int *refused, struct trouble *t)
{
	for (unsigned i = 0; i < l->row.n; i++) {
		pid_t pid = fork_into(l);

		if (pid == 0)
			worker_live(&l->actors[i], &l->shared);
		if (pid < 0 && (errno == EAGAIN || errno == ENOMEM)) {
			*refused = errno;
			return 0;
		}
		if (pid < 0)
			return no_worker(l, t);
		setpgid(pid, pid);
		crew_ask(l->crew, add_worker(l, pid, pid));
	}
	return 0;
}

/* False: there is none within the time a process that stands above all others may take to make its threads. */
static bool next_thread(int from, int32_t *number, uint64_t until_ns)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	uint64_t now;

	while ((now = clock_now()) < until_ns) {
		if (poll(&p, 1, (int)((until_ns - now) / 1000000) + 1) > 0)
			return read(from, number, sizeof *number) == sizeof *number;
	}
	return false;
}

/* Workers of a process that died before it had its threads die with it. */
static int meet_threads(struct line *l, pid_t pid, int from, int *refused, struct trouble *t)
{
	uint64_t until = clock_now() + THREADS_NS;
	int32_t number;
	unsigned n = 0;

	for (; n < l->row.n && next_thread(from, &number, until); n++) {
		if (number <= 0) {
			*refused = -number;
			return 0;
		}
		crew_ask(l->crew, add_worker(l, pid, number));
	}
	if (n < l->row.n && clock_now() >= until)
		return trouble(t, ENDS_ENV, "line %u: %u threads of %u after %u s; is their cgroup frozen?",
			       l->step->line, n, l->row.n, (unsigned)(THREADS_NS / 1000000000));
	for (; n < l->row.n; n++)
		add_worker(l, pid, pid);
	return 0;
}

static int start_threads(struct line *l, int *refused, struct trouble *t)
{
	static const struct policy above = { .kind = POLICY_FIFO, .priority = 50 };
	int told[2], r = 0;
	pid_t pid;

	if (pipe2(told, O_CLOEXEC) < 0)
		return trouble(t, ENDS_OWN, "line %u: pipe: %s", l->step->line, strerror(errno));
	l->shared.actors = l->actors;
	l->shared.n = l->row.n;
	l->shared.ducts = l->ducts;
	l->shared.n_ducts = l->n_ducts;
	l->shared.told = told[1];
	pid = fork_into(l);
	if (pid == 0)
		worker_live_threads(&l->shared);
	close(told[1]);
	if (pid < 0 && (errno == EAGAIN || errno == ENOMEM)) {
		*refused = errno;
	} else if (pid < 0) {
		r = no_worker(l, t);
	} else {
		setpgid(pid, pid);
		/* It makes them above the scheduler under test; each then gets what its line says. */
		(void)ask_policy(pid, &above);
		r = meet_threads(l, pid, told[0], refused, t);
	}
	close(told[0]);
	return r;
}

static int make_ducts(struct line *l, struct trouble *t)
{
	const struct program *p = l->work->program;
	unsigned groups = l->row.n / p->group;

	for (unsigned i = 0; i < groups * p->slots; i++) {
		int ends[2] = { -1, -1 };

		if (p->slot_kinds[i % p->slots] == SLOT_PIPE && pipe2(ends, O_CLOEXEC) < 0)
			return trouble(t, ENDS_OWN, "line %u: pipe: %s", l->step->line, strerror(errno));
		l->ducts[i] = (struct duct){ .in = ends[1], .out = ends[0] };
		/* A line that starts again finds what its first workers left. */
		l->crew->stage.cells[l->work->slot_base + i] = (struct cell){ 0 };
	}
	l->n_ducts = groups * p->slots;
	return 0;
}

static int start(struct line *l, int *refused, struct trouble *t)
{
	size_t ducts = (size_t)l->row.n / l->work->program->group * l->work->program->slots;

	l->actors = calloc(l->row.n, sizeof *l->actors);
	l->ducts = calloc(ducts + 1, sizeof *l->ducts);
	if (!l->actors || !l->ducts)
		return trouble(t, ENDS_OWN, "out of memory");
	for (size_t i = 0; i < ducts; i++)
		l->ducts[i] = (struct duct){ -1, -1 };
	if (make_ducts(l, t) < 0)
		return -1;
	for (unsigned i = 0; i < l->row.n; i++)
		fill_actor(l, &l->actors[i], i);
	return l->work->threads ? start_threads(l, refused, t) : start_processes(l, refused, t);
}

static void close_line(struct line *l)
{
	for (unsigned i = 0; l->ducts && i < l->n_ducts; i++) {
		if (l->ducts[i].in < 0)
			continue;
		close(l->ducts[i].in);
		close(l->ducts[i].out);
	}
	if (l->folder >= 0)
		close(l->folder);
	free(l->ducts);
	free(l->actors);
}

int crew_start(struct crew *c, const struct plan_step *step, const struct cpus *cpuset, int *refused, struct trouble *t)
{
	struct line l = {
		.crew = c,
		.step = step,
		.work = step->work,
		.shared = { .work = step->work,
			    .director = getpid(),
			    .turn = c->turn,
			    .told = -1,
			    .functions = c->functions,
			    .counters = c->coverage.counters.n ? &c->coverage.counters : NULL,
			    .counters_file = c->coverage.file },
		.row = { c->n, step->work->n },
		.group = step->group == PLAN_NO_GROUP ? NULL : c->plan->groups[step->group].name,
		.folder = -1,
		.cpuset = cpuset,
	};
	int r;

	*refused = 0;
	if (step->work->n > c->max - c->n)
		return trouble(t, ENDS_TEXT, "line %u: more than %u workers", step->line, c->max);
	if (step->work->function && !c->functions)
		return trouble(t, ENDS_TEXT, "line %u: nobody brought the program of %s: the last --program names it",
			       step->line, step->work->text);
	if (l.group)
		l.folder = cgroup_folder(c->cgroups, l.group);
	r = start(&l, refused, t);
	close_line(&l);
	return r;
}
