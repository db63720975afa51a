/* actor_time.c: how a worker spends its time: looks, planned sleep, computing. Workers of test programs do the same with these. */
#include "engine/worker/actor.h"
#include "engine/worker/burn.h"
#include "scenario/random.h"
#include <errno.h>
#include <time.h>

/* A worker that computes looks around this often, so that a gap is not what it did itself. */
#define LOOK_NS 100000u
/* It begins so much later at most, which is what makes another schedule of another seed. */
#define DELAY_NS 2000000u
enum { VARIED = 10 /* one of so many acts of computing takes half to one and a half times as long */ };

void actor_look(struct actor *a, uint64_t work)
{
	struct moment m = moment_now();

	a->seat->work += work;
	look(a->stage.head, a->seat, &m);
}

/* The moment at which it ran again. */
static struct moment sleep_until(struct actor *a, uint64_t due_ns)
{
	struct timespec until = { .tv_sec = (time_t)(due_ns / 1000000000u), .tv_nsec = (long)(due_ns % 1000000000u) };
	struct moment m = moment_now();

	look_sleeps(a->stage.head, a->seat, &m, due_ns);
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
		;
	return moment_now();
}

void actor_sleep_until(struct actor *a, uint64_t due_ns)
{
	struct moment m = sleep_until(a, due_ns);

	look_woken(a->stage.head, a->seat, &a->seat->timed, &m, due_ns);
}

/* No latency of its work: a worker that only computes has none. */
static void put_off(struct actor *a, uint64_t due_ns)
{
	struct moment m = sleep_until(a, due_ns);

	look(a->stage.head, a->seat, &m);
}

void actor_run(struct actor *a, uint64_t ns)
{
	uint64_t left = ns;

	if (++a->runs % VARIED == 0)
		left = left / 2 + random_below(&a->random, left + 1);
	while (left) {
		uint64_t part = left < LOOK_NS ? left : LOOK_NS;

		burn(a->speed, part);
		left -= part;
		actor_look(a, (part + 999) / 1000);
	}
}

void actor_begin(struct actor *a)
{
	a->began_ns = clock_now();
	a->seat->cpu_ns = moment_now().cpu_ns; /* what it took to get here is not the scenario's */
	put_off(a, a->began_ns + random_below(&a->random, DELAY_NS + 1));
}
