/* children.c: short lives. */
#include "engine/worker/children.h"
#include "engine/worker/meet.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STACK = 32768 };

static unsigned bounded(const struct act *act)
{
	return act->a < CHILDREN_MAX ? (unsigned)act->a : CHILDREN_MAX;
}

static void make(struct actor *a, unsigned n, void (*child)(void))
{
	pid_t pids[CHILDREN_MAX];
	unsigned made = 0;

	for (unsigned i = 0; i < n; i++) {
		pids[made] = fork();
		if (pids[made] == 0)
			child();
		if (pids[made] > 0)
			made++;
	}
	actor_look(a, made);
	meet_others(a);
	for (unsigned i = 0; i < made; i++) {
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			;
	}
	meet_done(a);
}

static void end_child(void)
{
	_exit(0);
}

static void exec_child(void)
{
	execl("/proc/self/exe", "ktstr-engine", CHILDREN_WORD, (char *)NULL);
	_exit(1);
}

void children_fork(struct actor *a, const struct act *act)
{
	make(a, bounded(act), end_child);
}

void children_exec(struct actor *a, const struct act *act)
{
	make(a, bounded(act), exec_child);
}

static void *end_thread(void *unused)
{
	return unused;
}

void children_thread(struct actor *a, const struct act *act)
{
	pthread_t threads[CHILDREN_MAX];
	unsigned n = bounded(act), made = 0;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK > PTHREAD_STACK_MIN ? STACK : PTHREAD_STACK_MIN);
	for (unsigned i = 0; i < n; i++) {
		if (pthread_create(&threads[made], &attr, end_thread, NULL) == 0)
			made++;
	}
	pthread_attr_destroy(&attr);
	actor_look(a, made);
	meet_others(a);
	for (unsigned i = 0; i < made; i++)
		pthread_join(threads[i], NULL);
	meet_done(a);
}
