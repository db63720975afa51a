#include "test/work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/worker/actor.h"
#include "engine/worker/counters.h"
#include "engine/worker/function.h"
#include "engine/worker/look.h"
#include "scenario/random.h"
#include "test/works.h"

/* Beyond this what the kernel knows of a wait is worth asking for. */
#define DOUBT_NS 1000000u
/* No scenario lasts longer. */
#define LONGEST_US 1000000000000u
enum { STATE_MAX = 1 << 20 };

struct ktstr_worker {
	struct actor actor; /* stage.head, seat, speed, random; it has no program */
	struct function_call call;
	pid_t pid;
	int schedstat;       /* of this thread; -1: the kernel has none */
	uint64_t delayed_ns; /* that it had waited for a CPU, when that was read last */
	void *state;
};

bool work_is_asked(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[1], FUNCTION_WORD);
}

static void __attribute__((noreturn, format(printf, 1, 2))) refuse(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("error: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	_exit(FUNCTION_REFUSED);
}

static void take_call(struct function_call *c)
{
	const char *text = getenv(FUNCTION_ENV);

	if (!text)
		refuse(FUNCTION_WORD " is what ktstr says to this program in a guest");
	if (!function_call_read(c, text))
		refuse("\"" FUNCTION_ENV "=%s\" is not understood", text);
	if (c->abi != STAGE_ABI)
		refuse("this program has version %d of what its work functions and ktstr-engine say to each other, and the engine "
		       "has %u: link it again, with the libktstr that belongs to ktstr",
		       STAGE_ABI, c->abi);
}

/* The words may be anybody's: beyond a file's end memory can be mapped, and not read. */
static bool is_in_file(const struct function_call *c)
{
	struct stat st;

	return fstat(c->file, &st) == 0 && st.st_size >= (off_t)(sizeof(struct stage_head) + SEAT_SIZE) &&
	       c->place <= (uint64_t)st.st_size - SEAT_SIZE;
}

/* No more of the stage than what this worker is to write, or what it must read. */
static void map_stage(struct actor *a, const struct function_call *c)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), into = c->place % page;
	char *head, *seat;

	if (!is_in_file(c))
		refuse("the memory that is shared with ktstr-engine is not there");
	head = mmap(NULL, sizeof(*a->stage.head), PROT_READ, MAP_SHARED | MAP_POPULATE, c->file, 0);
	seat = mmap(NULL, SEAT_SIZE + into, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, c->file,
		    (off_t)(c->place - into));

	if (head == MAP_FAILED || seat == MAP_FAILED)
		refuse("map the memory that is shared with ktstr-engine: %s", strerror(errno));
	close(c->file);
	a->stage.head = (struct stage_head *)head;
	a->stage.file = -1;
	a->seat = (struct seat *)(seat + into);
	if (a->seat->guard != SEAT_GUARD || a->seat->guard_end != SEAT_GUARD)
		refuse("the memory that is shared with ktstr-engine is not what it should be");
}

/* Only of a program that has counters. */
static void count_there(void)
{
	const char *words = getenv(COUNTERS_ENV);

	if (words && !counters_lend(words))
		refuse("\"" COUNTERS_ENV "=%s\": %s", words, strerror(errno));
	unsetenv(COUNTERS_ENV);
}

static uint64_t delay_of(const struct ktstr_worker *w)
{
	char text[96];
	ssize_t n = w->schedstat < 0 ? -1 : pread(w->schedstat, text, sizeof(text) - 1, 0);
	unsigned long long delay;

	if (n <= 0)
		return UINT64_MAX;
	text[n] = '\0';
	return sscanf(text, "%*u %llu", &delay) == 1 ? delay : UINT64_MAX;
}

/* What the function did since the last look is no gap: neither its computing nor, where the kernel says how long it waited for a CPU,
 * its sleep. */
static void around(struct ktstr_worker *w, uint64_t work)
{
	struct seat *s = w->actor.seat;
	struct moment m = moment_now();
	uint64_t wall = m.now_ns > s->ready_ns ? m.now_ns - s->ready_ns : 0;
	uint64_t cpu = m.cpu_ns - s->cpu_ns, gap = wall > cpu ? wall - cpu : 0;

	if (gap >= DOUBT_NS) {
		uint64_t delay = delay_of(w), since = delay - w->delayed_ns;

		if (delay != UINT64_MAX) {
			gap = since < gap ? since : gap;
			w->delayed_ns = delay;
		}
	}
	s->ready_ns = m.now_ns - gap;
	actor_look(&w->actor, work);
}

/* A child of the function that came back from it would count as if it were the worker. */
static void stay_one(const struct ktstr_worker *w)
{
	if (getpid() == w->pid)
		return;
	snprintf(w->actor.seat->error, sizeof(w->actor.seat->error),
		 "a process that it forked came back from the function");
	_exit(1);
}

static void __attribute__((noreturn)) work(struct ktstr_worker *w, const struct ktstr_work_function *f)
{
	struct seat *s = w->actor.seat;

	for (;;) {
		uint64_t before = s->work;

		f->pass(w);
		stay_one(w);
		around(w, s->work == before);
		look_iterated(s);
	}
}

void work_live(const struct ktstr_program *p, const char *name)
{
	static struct ktstr_worker w;
	const struct ktstr_work_function *f;
	const char *comm = getenv(FUNCTION_COMM_ENV);

	take_call(&w.call);
	map_stage(&w.actor, &w.call);
	count_there();
	w.actor.speed = w.call.speed;
	w.actor.random = w.call.random;
	w.pid = getpid();
	w.schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	prctl(PR_SET_NAME, comm ? comm : name);
	unsetenv(FUNCTION_ENV);
	unsetenv(FUNCTION_COMM_ENV);
	/* It will be killed, and what it prints is wanted before. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	f = works_find(p, name);
	if (!f)
		ktstr_worker_fail(&w, "the program has no work function of that name");
	__atomic_store_n(&w.actor.seat->tid, w.pid, __ATOMIC_SEQ_CST);
	function_wait(w.actor.stage.head, w.call.turn);
	w.delayed_ns = delay_of(&w);
	actor_begin(&w.actor);
	work(&w, f);
}

uint32_t ktstr_worker_index(const struct ktstr_worker *w)
{
	return w->call.index;
}

uint32_t ktstr_worker_count(const struct ktstr_worker *w)
{
	return w->call.count;
}

uint64_t ktstr_worker_random(struct ktstr_worker *w)
{
	return random_next(&w->actor.random);
}

void ktstr_worker_did(struct ktstr_worker *w, uint64_t work)
{
	around(w, work);
}

static uint64_t ns_of(uint64_t us)
{
	return (us < LONGEST_US ? us : LONGEST_US) * 1000;
}

void ktstr_worker_run(struct ktstr_worker *w, uint64_t us)
{
	around(w, 0);
	actor_run(&w->actor, ns_of(us));
}

void ktstr_worker_sleep(struct ktstr_worker *w, uint64_t us)
{
	around(w, 0);
	actor_sleep_until(&w->actor, clock_now() + ns_of(us));
}

void *ktstr_worker_state(struct ktstr_worker *w, size_t size)
{
	if (size > STATE_MAX)
		return NULL;
	if (!w->state) {
		void *at = mmap(NULL, STATE_MAX, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		w->state = at == MAP_FAILED ? NULL : at;
	}
	return w->state;
}

void ktstr_worker_fail(struct ktstr_worker *w, const char *fmt, ...)
{
	struct seat *s = w->actor.seat;
	va_list ap, whole;

	va_start(ap, fmt);
	va_copy(whole, ap);
	vsnprintf(s->error, sizeof(s->error), fmt, ap);
	vfprintf(stderr, fmt, whole);
	fputc('\n', stderr);
	va_end(whole);
	va_end(ap);
	_exit(1);
}
