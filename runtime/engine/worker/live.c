/* live.c: what a worker is before it works. */
#include "engine/worker/live.h"
#include "engine/worker/ask.h"
#include "engine/worker/function.h"
#include "engine/worker/meet.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, SLACK_NS = 50000, STACK = 1 << 20 /* for a worker with functions of a user's */ };

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static unsigned keep(int *kept, unsigned n, const struct duct *d, unsigned ducts)
{
	for (unsigned i = 0; i < ducts; i++) {
		if (d[i].in < 0)
			continue;
		kept[n++] = d[i].in;
		kept[n++] = d[i].out;
	}
	return n;
}

/* Both included. Hosts before Linux 5.9 and profiles of old containers have no close_range. */
static void close_from_to(int from, unsigned to)
{
	if (syscall(SYS_close_range, from, to, 0) == 0)
		return;
	long limit = sysconf(_SC_OPEN_MAX);

	for (int fd = from; fd < limit && (unsigned)fd <= to; fd++)
		close(fd);
}

/* A worker has nothing of the director's but its pipes, what it tells it by, and as another program the stage. */
static void close_others(struct actor *a, const struct worker_line *line)
{
	bool all = line->told >= 0;
	unsigned ducts = all ? line->n_ducts : a->program->slots, n;
	int *kept = malloc((2 * (ducts + a->plan->shared.n) + 3) * sizeof *kept), from = STDERR_FILENO + 1;

	if (!kept)
		actor_fail(a, "memory");
	n = keep(kept, 0, all ? line->ducts : a->ducts, ducts);
	n = keep(kept, n, a->shared_ducts, a->plan->shared.n);
	if (all)
		kept[n++] = line->told;
	if (line->work->function)
		kept[n++] = a->stage.file;
	if (line->work->function && line->counters)
		kept[n++] = line->counters_file;
	qsort(kept, n, sizeof *kept, by_number);
	for (unsigned i = 0; i < n; i++) {
		if (kept[i] > from)
			close_from_to(from, (unsigned)kept[i] - 1);
		from = kept[i] + 1;
	}
	close_from_to(from, UINT_MAX);
	free(kept);
}

static void become(struct actor *a, const struct worker_line *line)
{
	const struct plan_work *w = line->work;
	sigset_t none;
	int null;

	close_others(a, line);
	/* What the engine prints, and is told, is the director's. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	null = open("/dev/null", O_RDONLY);
	dup2(null, STDIN_FILENO);
	if (null > STDIN_FILENO)
		close(null);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	meet_prepare();
	/* What every process has that is no child of one above; that has none, which a child inherits. */
	prctl(PR_SET_TIMERSLACK, SLACK_NS);
	prctl(PR_SET_NAME, w->comm);
	if (ask_memory(&w->memory) < 0)
		actor_fail(a, "memory policy");
	if (w->uid && (setresgid(w->uid, w->uid, w->uid) < 0 || setresuid(w->uid, w->uid, w->uid) < 0))
		actor_fail(a, "uid");
	/* Behind the change of user, which would take it back. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != line->director)
		_exit(1);
}

static void __attribute__((noreturn)) begin(struct actor *a, uint32_t turn)
{
	/* fork() leaves pages of shared memory to be faulted in, which is not to be a part of the work. */
	for (size_t i = 0; i < sizeof *a->seat; i += PAGE)
		(void)*((volatile char *)a->seat + i);
	__atomic_store_n(&a->seat->tid, gettid(), __ATOMIC_SEQ_CST);
	function_wait(a->stage.head, turn);
	actor_work(a);
}

/* A thread while it is made. */
struct birth {
	struct actor *actor;
	uint32_t turn;
	int32_t tid;
	sem_t *born;
};

static void *live_thread(void *arg)
{
	struct birth *b = arg;
	struct actor *a = b->actor;
	uint32_t turn = b->turn;

	b->tid = gettid();
	sem_post(b->born);
	begin(a, turn);
}

/* Threads but for the first, which we are. How many there are with it; fewer than asked for: *error. */
static unsigned make_threads(struct birth *births, const struct worker_line *line, int *error)
{
	unsigned made = 1;
	pthread_attr_t attr;
	pthread_t thread;
	sem_t born;

	sem_init(&born, 0, 0);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	births[0].tid = gettid();
	for (; made < line->n; made++) {
		births[made] = (struct birth){ &line->actors[made], line->turn, 0, &born };
		*error = pthread_create(&thread, &attr, live_thread, &births[made]);
		if (*error)
			break;
	}
	pthread_attr_destroy(&attr);
	for (unsigned i = 1; i < made; i++)
		while (sem_wait(&born) < 0)
			;
	sem_destroy(&born);
	return made;
}

static void tell(int to, int32_t number)
{
	(void)!write(to, &number, sizeof number);
}

void worker_live_threads(const struct worker_line *line)
{
	struct birth *births = calloc(line->n, sizeof *births);
	int error = 0;
	unsigned made;

	become(&line->actors[0], line);
	if (!births)
		actor_fail(&line->actors[0], "memory for threads");
	made = make_threads(births, line, &error);
	for (unsigned i = 0; i < made; i++)
		tell(line->told, births[i].tid);
	if (error)
		tell(line->told, -error);
	close(line->told);
	free(births);
	begin(&line->actors[0], line->turn);
}

/* Goes on as the test program. */
static void __attribute__((noreturn)) hand_over(struct actor *a, const struct worker_line *line)
{
	const struct plan_work *w = line->work;
	const struct function_call call = { .abi = STAGE_ABI,
					    .file = a->stage.file,
					    .place = stage_place(&a->stage, a->id),
					    .turn = line->turn,
					    .index = a->id - a->line.first,
					    .count = a->line.n,
					    .speed = a->speed,
					    .random = a->random };
	char words[FUNCTION_WORDS_MAX], env[sizeof words + sizeof FUNCTION_ENV], comm[64];
	char place[COUNTERS_WORDS_MAX], counts[sizeof place + sizeof COUNTERS_ENV];
	const char *argv[] = { line->functions, FUNCTION_WORD, w->function, NULL };
	const char *envp[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", env, comm, NULL, NULL, NULL };

	function_call_write(words, &call);
	snprintf(env, sizeof env, FUNCTION_ENV "=%s", words);
	snprintf(comm, sizeof comm, FUNCTION_COMM_ENV "=%s", w->comm);
	fcntl(a->stage.file, F_SETFD, 0);
	if (line->counters) {
		counters_words(place, line->counters_file, counters_place(line->counters, a->id));
		snprintf(counts, sizeof counts, COUNTERS_ENV "=%s", place);
		envp[4] = counts;
		envp[5] = "LLVM_PROFILE_FILE=/dev/null"; /* its own way to tell, when it ends by itself */
		fcntl(line->counters_file, F_SETFD, 0);
	}
	execve(line->functions, (char *const *)argv, (char *const *)envp);
	actor_fail(a, errno == ENOENT ? "its program, or the interpreter of that" : "its program");
}

void worker_live(struct actor *a, const struct worker_line *line)
{
	become(a, line);
	if (line->work->function)
		hand_over(a, line);
	begin(a, line->turn);
}
