/* live.c: what a worker is before it works. */
#include "engine/worker/live.h"
#include "engine/worker/ask.h"
#include "engine/worker/meet.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, SLACK_NS = 50000 };

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

/* A worker has nothing of the director's but its pipes. */
static void close_others(const struct actor *a)
{
	int kept[4 * PROGRAM_SLOTS_MAX], from = STDERR_FILENO + 1;
	unsigned n = keep(kept, 0, a->ducts, a->program->slots);

	n = keep(kept, n, a->shared_ducts, a->plan->shared.n);
	qsort(kept, n, sizeof *kept, by_number);
	for (unsigned i = 0; i < n; i++) {
		if (kept[i] > from)
			close_from_to(from, (unsigned)kept[i] - 1);
		from = kept[i] + 1;
	}
	close_from_to(from, UINT_MAX);
}

static void become(struct actor *a, const struct worker_line *line)
{
	const struct plan_work *w = line->work;
	sigset_t none;
	int null;

	close_others(a);
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

static long futex(uint32_t *word, int op, uint32_t value)
{
	return syscall(SYS_futex, word, op, value, NULL, NULL, 0);
}

static void __attribute__((noreturn)) begin(struct actor *a, uint32_t turn)
{
	uint32_t *go = &a->stage.head->go, now;

	/* fork() leaves pages of shared memory to be faulted in, which is not to be a part of the work. */
	for (size_t i = 0; i < sizeof *a->seat; i += PAGE)
		(void)*((volatile char *)a->seat + i);
	__atomic_store_n(&a->seat->tid, gettid(), __ATOMIC_SEQ_CST);
	while ((now = __atomic_load_n(go, __ATOMIC_SEQ_CST)) < turn)
		futex(go, FUTEX_WAIT, now);
	actor_work(a);
}

void worker_live(struct actor *a, const struct worker_line *line)
{
	become(a, line);
	begin(a, line->turn);
}
