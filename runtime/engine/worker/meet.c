/* meet.c: futexes, pipes and signals between workers. */
#include "engine/worker/meet.h"
#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a seat says it waits for where that is no cell: nobody tells when, or a signal. */
enum { NOBODY = -1, SIGNALLED = -2 };
enum { SIGNAL = SIGUSR1 };
enum { LOCK_FREE, LOCK_HELD, LOCK_WANTED };

static long futex(uint32_t *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static struct cell *cell_of(const struct actor *a, const struct act *act)
{
	return &a->stage.cells[actor_cell(a, act)];
}

/* The seats of those who may wait at a cell. */
static struct row around(const struct actor *a, const struct act *act)
{
	uint32_t taken = __atomic_load_n(&a->stage.head->taken, __ATOMIC_RELAXED);

	return !act->shared ? a->group : (struct row){ 0, taken < a->stage.n_seats ? taken : a->stage.n_seats };
}

/* Whether it waits there, and in which of its waits. */
static bool waits_at(const struct seat *s, uint32_t here, uint64_t *wait)
{
	*wait = __atomic_load_n(&s->ready_ns, __ATOMIC_SEQ_CST);
	return *wait & SEAT_WAITS && __atomic_load_n(&s->waits, __ATOMIC_SEQ_CST) == here;
}

/* A seat that is in another wait by now stays as it is. */
static void stamp(struct seat *s, uint64_t wait, uint64_t now)
{
	__atomic_compare_exchange_n(&s->ready_ns, &wait, now, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* Writes the time into the seats of those who wait there: of all, or only if it is just one, since of several a pipe lets go
 * only one and does not say which. */
static void stamp_waiting(const struct actor *a, const struct act *act, bool all)
{
	uint32_t here = actor_cell(a, act) + 1;
	struct row r = around(a, act);
	uint64_t now = clock_now(), wait, its = 0;
	struct seat *only = NULL;

	for (unsigned i = 0; i < r.n; i++) {
		struct seat *s = stage_seat(&a->stage, r.first + i);

		if (!waits_at(s, here, &wait))
			continue;
		if (all)
			stamp(s, wait, now);
		else if (only)
			return;
		only = s;
		its = wait;
	}
	if (!all && only)
		stamp(only, its, now);
}

static void begin(struct actor *a, int cell)
{
	struct moment m = moment_now();

	look_waits(a->stage.head, a->seat, &m, cell);
}

/* since_ns 0: it did not have to wait. */
static void end(struct actor *a, uint64_t since_ns)
{
	struct moment m = moment_now();

	if (since_ns)
		look_woken(a->stage.head, a->seat, &a->seat->woken, &m, since_ns);
	else
		look_went_on(a->stage.head, a->seat, &m);
}

/* When somebody did; 0: nobody said. */
static uint64_t let_go_at(const struct actor *a)
{
	uint64_t ns = __atomic_load_n(&a->seat->ready_ns, __ATOMIC_SEQ_CST);

	return ns & SEAT_WAITS ? 0 : ns;
}

void meet_others(struct actor *a)
{
	begin(a, NOBODY);
}

void meet_done(struct actor *a)
{
	end(a, 0);
}

void meet_wake(struct actor *a, const struct act *act)
{
	struct cell *c = cell_of(a, act);

	__atomic_add_fetch(&c->word, 1, __ATOMIC_SEQ_CST);
	stamp_waiting(a, act, true);
	futex(&c->word, FUTEX_WAKE, INT32_MAX);
	actor_look(a, 0);
}

void meet_wait(struct actor *a, const struct act *act)
{
	uint32_t *seen = &a->seen[act->shared][act->slot], now;
	struct cell *c = cell_of(a, act);
	bool waited = false;

	begin(a, (int)actor_cell(a, act));
	while ((now = __atomic_load_n(&c->word, __ATOMIC_SEQ_CST)) == *seen) {
		if (futex(&c->word, FUTEX_WAIT, *seen) == 0)
			waited = true;
	}
	*seen = now;
	end(a, waited ? let_go_at(a) : 0);
}

static const struct duct *duct_of(const struct actor *a, const struct act *act)
{
	return act->shared ? &a->shared_ducts[act->slot] : &a->ducts[act->slot];
}

/* The "byte" is the time at which it was sent: of several readers each knows what it was let go by. A full pipe is waited
 * for, as by any writer, and nobody tells since when there was room. */
void meet_send(struct actor *a, const struct act *act)
{
	uint64_t now;

	begin(a, NOBODY);
	stamp_waiting(a, act, false);
	now = clock_now();
	if (write(duct_of(a, act)->in, &now, sizeof now) != sizeof now)
		actor_fail(a, "writing into a pipe");
	end(a, 0);
}

void meet_receive(struct actor *a, const struct act *act)
{
	uint64_t sent, began;

	begin(a, (int)actor_cell(a, act));
	began = clock_now();
	while (read(duct_of(a, act)->out, &sent, sizeof sent) != sizeof sent) {
		if (errno != EINTR)
			actor_fail(a, "reading from a pipe");
	}
	end(a, sent > began ? sent : 0);
}

/* Drepper's third mutex: a word of three states, so that a lock that nobody wants costs no call. */
void meet_lock(struct actor *a, const struct act *act)
{
	struct cell *c = cell_of(a, act);
	uint32_t was = LOCK_FREE;

	if (__atomic_compare_exchange_n(&c->word, &was, LOCK_HELD, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {
		actor_look(a, 0);
		return;
	}
	begin(a, NOBODY);
	while (__atomic_exchange_n(&c->word, LOCK_WANTED, __ATOMIC_SEQ_CST) != LOCK_FREE)
		futex(&c->word, FUTEX_WAIT, LOCK_WANTED);
	end(a, __atomic_load_n(&c->stamp_ns, __ATOMIC_SEQ_CST));
}

void meet_unlock(struct actor *a, const struct act *act)
{
	struct cell *c = cell_of(a, act);

	__atomic_store_n(&c->stamp_ns, clock_now(), __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&c->word, LOCK_FREE, __ATOMIC_SEQ_CST) == LOCK_WANTED)
		futex(&c->word, FUTEX_WAKE, 1);
	actor_look(a, 0);
}

/* The kernel gives such a lock to one who waits, so the stamp is that one's. */
void meet_pilock(struct actor *a, const struct act *act)
{
	struct cell *c = cell_of(a, act);
	uint32_t free = 0;

	if (__atomic_compare_exchange_n(&c->word, &free, (uint32_t)gettid(), false, __ATOMIC_SEQ_CST,
					__ATOMIC_SEQ_CST)) {
		actor_look(a, 0);
		return;
	}
	begin(a, NOBODY);
	while (futex(&c->word, FUTEX_LOCK_PI, 0) < 0) {
		if (errno != EINTR && errno != EAGAIN)
			actor_fail(a, "FUTEX_LOCK_PI");
	}
	end(a, __atomic_load_n(&c->stamp_ns, __ATOMIC_SEQ_CST));
}

void meet_piunlock(struct actor *a, const struct act *act)
{
	struct cell *c = cell_of(a, act);
	uint32_t mine = (uint32_t)gettid();

	__atomic_store_n(&c->stamp_ns, clock_now(), __ATOMIC_SEQ_CST);
	if (!__atomic_compare_exchange_n(&c->word, &mine, 0, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST) &&
	    futex(&c->word, FUTEX_UNLOCK_PI, 0) < 0)
		actor_fail(a, "FUTEX_UNLOCK_PI");
	actor_look(a, 0);
}

/* Those of role act->a in this worker's group. */
void meet_signal(struct actor *a, const struct act *act)
{
	unsigned first = 0;
	uint64_t wait;

	for (unsigned r = 0; r < act->a; r++)
		first += a->program->roles[r].workers;
	for (unsigned i = 0; i < a->program->roles[act->a].workers; i++) {
		struct seat *s = stage_seat(&a->stage, a->group.first + first + i);

		if (waits_at(s, (uint32_t)(SIGNALLED + 1), &wait))
			stamp(s, wait, clock_now());
		if (s->tid > 0) /* to one thread, which may be one of several of a process */
			syscall(SYS_tkill, s->tid, SIGNAL);
	}
	actor_look(a, 0);
}

void meet_prepare(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
}

void meet_sigwait(struct actor *a, const struct act *act)
{
	sigset_t set;

	(void)act;
	sigemptyset(&set);
	sigaddset(&set, SIGNAL);
	begin(a, SIGNALLED);
	while (sigwaitinfo(&set, NULL) < 0 && errno == EINTR)
		;
	end(a, let_go_at(a));
}
