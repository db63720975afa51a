/* look.c: gaps, latencies and CPUs, as a worker finds them. */
#include "engine/worker/look.h"
#include <sched.h>
#include <string.h>
#include <time.h>

static uint64_t clock_of(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_now(void)
{
	return clock_of(CLOCK_MONOTONIC);
}

struct moment moment_now(void)
{
	/* The C library reads the CPU from where the kernel leaves it at each return to user space (rseq). */
	int cpu = sched_getcpu();

	return (struct moment){ clock_now(), clock_of(CLOCK_THREAD_CPUTIME_ID), cpu < 0 ? SEAT_CPUS : (unsigned)cpu };
}

/* What is of a phase begins anew with it. The director reads without stopping anybody, so a worker that is in the middle of a
 * look at a border adds to the next phase, where it goes on. */
static void turn_page(const struct stage_head *s, struct seat *w)
{
	uint64_t phase = __atomic_load_n(&s->phase, __ATOMIC_RELAXED);
	uint64_t since = __atomic_load_n(&s->cpus_since, __ATOMIC_RELAXED);

	if (w->phase != phase) {
		w->gap_ns = w->gap_at_ns = w->gap_cpu_ns = 0;
		w->gap_cpu = 0;
		w->woken.min = w->woken.max = w->timed.min = w->timed.max = 0;
		w->phase = phase;
	}
	if (w->since != since) {
		memset(w->cpus, 0, sizeof w->cpus);
		w->since = since;
	}
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t passed(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static void note(const struct stage_head *s, struct seat *w, const struct moment *m, uint64_t since_ns)
{
	uint64_t from = later(since_ns, w->thawed_ns), gap = passed(from, m->now_ns);
	uint64_t cpu = passed(w->cpu_ns, m->cpu_ns);

	turn_page(s, w);
	if (gap > w->gap_ns) {
		w->gap_ns = gap;
		w->gap_at_ns = from;
		w->gap_cpu = m->cpu;
	}
	if (cpu > w->gap_cpu_ns)
		w->gap_cpu_ns = cpu;
	w->cpu_ns = m->cpu_ns;
	w->cpu = m->cpu;
	if (m->cpu < SEAT_CPUS)
		w->cpus[m->cpu / 64] |= (uint64_t)1 << m->cpu % 64;
}

static void wants_since(struct seat *w, uint64_t ns)
{
	w->waits = 0;
	__atomic_store_n(&w->ready_ns, ns, __ATOMIC_SEQ_CST);
}

void look(const struct stage_head *s, struct seat *w, const struct moment *m)
{
	note(s, w, m, w->ready_ns);
	wants_since(w, m->now_ns);
}

void look_sleeps(const struct stage_head *s, struct seat *w, const struct moment *m, uint64_t due_ns)
{
	note(s, w, m, w->ready_ns);
	wants_since(w, due_ns);
}

void look_waits(const struct stage_head *s, struct seat *w, const struct moment *m, int cell)
{
	note(s, w, m, w->ready_ns);
	__atomic_store_n(&w->ready_ns, SEAT_WAITS | ++w->waited, __ATOMIC_SEQ_CST);
	__atomic_store_n(&w->waits, (uint32_t)(cell + 1), __ATOMIC_SEQ_CST);
}

void look_went_on(const struct stage_head *s, struct seat *w, const struct moment *m)
{
	note(s, w, m, m->now_ns);
	wants_since(w, m->now_ns);
}

void look_woken(const struct stage_head *s, struct seat *w, struct latency *l, const struct moment *m,
		uint64_t since_ns)
{
	uint64_t late = passed(later(since_ns, w->thawed_ns), m->now_ns);

	note(s, w, m, since_ns);
	wants_since(w, m->now_ns);
	if (!late)
		late = 1; /* 0 stands for nothing counted */
	if (late > l->max)
		l->max = late;
	if (!l->min || late < l->min)
		l->min = late;
	l->sum += late;
	l->sq += (double)late * (double)late;
	l->steps[histogram_step(late)]++;
}

void look_iterated(struct seat *w)
{
	__atomic_store_n(&w->iterations, w->iterations + 1, __ATOMIC_RELEASE);
}

uint64_t look_open(const struct seat *w, uint64_t now_ns)
{
	uint64_t since = __atomic_load_n(&w->ready_ns, __ATOMIC_ACQUIRE);

	return since & SEAT_WAITS ? 0 : passed(later(since, w->thawed_ns), now_ns);
}
