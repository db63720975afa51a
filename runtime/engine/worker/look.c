/* look.c: gaps, latencies and CPUs, as a worker finds them. */
#include "engine/worker/look.h"
#include <sched.h>
#include <string.h>
#include <time.h>

enum { TRIES = 100 /* of reading while a worker writes, which takes it less than reading takes us */ };

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

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t passed(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static void count_gap(struct seat *w, uint64_t phase, uint64_t from, const struct moment *m)
{
	const struct gaps *old = &w->gaps[w->gaps_turn & 1];
	struct gaps next = old->phase == phase ? *old : (struct gaps){ .phase = phase };
	uint64_t gap = passed(from, m->now_ns), cpu = passed(w->cpu_ns, m->cpu_ns);

	if (old->phase == phase && gap <= old->ns && cpu <= old->cpu_ns)
		return;
	if (gap > next.ns) {
		next.ns = gap;
		next.at_ns = from;
		next.cpu = m->cpu;
	}
	if (cpu > next.cpu_ns)
		next.cpu_ns = cpu;
	w->gaps[(w->gaps_turn + 1) & 1] = next;
	__atomic_store_n(&w->gaps_turn, w->gaps_turn + 1, __ATOMIC_RELEASE);
}

/* What is of a phase begins anew with it. The director reads without stopping anybody, so a worker that is in the middle of a
 * look at a border adds to the next phase, where it goes on. */
static void note(const struct stage_head *s, struct seat *w, const struct moment *m, uint64_t since_ns)
{
	uint64_t since = __atomic_load_n(&s->cpus_since, __ATOMIC_RELAXED);

	count_gap(w, __atomic_load_n(&s->phase, __ATOMIC_RELAXED), later(since_ns, w->thawed_ns), m);
	if (w->since != since) {
		memset(w->cpus, 0, sizeof w->cpus);
		w->since = since;
	}
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

/* The n-th goes where its number is even or odd, and counts once its step does. */
static void count_late(struct latency *l, uint64_t phase, uint64_t late)
{
	struct tally next = l->tallies[l->tallies[1].n > l->tallies[0].n];
	uint32_t *step = &l->steps[histogram_step(late)];

	if (next.phase != phase)
		next.min = next.max = 0;
	next.phase = phase;
	if (late > next.max)
		next.max = late;
	if (!next.min || late < next.min)
		next.min = late;
	next.sum += late;
	next.sq += (double)late * (double)late;
	next.n++;
	l->tallies[next.n & 1] = next;
	__atomic_store_n(step, *step + 1, __ATOMIC_RELEASE);
	/* The next one's tally must not be seen before this. */
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

void look_woken(const struct stage_head *s, struct seat *w, struct latency *l, const struct moment *m,
		uint64_t since_ns)
{
	uint64_t late = passed(later(since_ns, w->thawed_ns), m->now_ns);

	note(s, w, m, since_ns);
	wants_since(w, m->now_ns);
	count_late(l, __atomic_load_n(&s->phase, __ATOMIC_RELAXED), late ? late : 1 /* 0 stands for nothing counted */);
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

struct gaps look_gaps(const struct seat *w)
{
	struct gaps g = { 0 };

	for (unsigned i = 0; i < TRIES; i++) {
		uint32_t turn = __atomic_load_n(&w->gaps_turn, __ATOMIC_ACQUIRE);

		g = w->gaps[turn & 1];
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&w->gaps_turn, __ATOMIC_RELAXED) == turn)
			break;
	}
	return g;
}

static bool same_tally(const struct tally *a, const struct tally *b)
{
	return a->n == b->n && a->sum == b->sum && a->sq == b->sq && a->phase == b->phase && a->min == b->min &&
	       a->max == b->max;
}

static bool belongs(const struct latency *l, struct tally *tally)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < HISTOGRAM_STEPS; i++)
		n += l->steps[i];
	for (unsigned i = 0; i < 2; i++) {
		*tally = l->tallies[i];
		if (tally->n == n)
			return true;
	}
	return false;
}

/* While the tallies are the same before and after, one step at most was counted meanwhile, and they have both sums. */
bool look_latency(struct latency *copy, struct tally *tally, const struct latency *l)
{
	for (unsigned i = 0; i < TRIES; i++) {
		memcpy(copy, l, sizeof *copy);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (same_tally(&copy->tallies[0], &l->tallies[0]) && same_tally(&copy->tallies[1], &l->tallies[1]) &&
		    belongs(copy, tally))
			return true;
	}
	return false;
}
