/* children.c: short lives. */
#include "engine/worker/children.h"
#include "engine/worker/meet.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE = 64 /* more are made in turns */, STACK = 32768 };

static void make(struct actor *a, uint64_t n, void (*child)(void))
{
	for (uint64_t left = n; left;) {
		unsigned part = left < AT_ONCE ? (unsigned)left : AT_ONCE, made = 0;
		pid_t pids[AT_ONCE];

		for (unsigned i = 0; i < part; i++) {
			pids[made] = fork();
			if (pids[made] == 0)
				child();
			if (pids[made] > 0)
				made++;
		}
		left -= part;
		actor_look(a, made);
		meet_others(a);
		for (unsigned i = 0; i < made; i++) {
			while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
				;
		}
		meet_done(a);
	}
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
	make(a, act->a, end_child);
}

void children_exec(struct actor *a, const struct act *act)
{
	make(a, act->a, exec_child);
}

static void *end_thread(void *unused)
{
	return unused;
}

void children_thread(struct actor *a, const struct act *act)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK > PTHREAD_STACK_MIN ? STACK : PTHREAD_STACK_MIN);
	for (uint64_t left = act->a; left;) {
		unsigned part = left < AT_ONCE ? (unsigned)left : AT_ONCE, made = 0;
		pthread_t threads[AT_ONCE];

		for (unsigned i = 0; i < part; i++) {
			if (pthread_create(&threads[made], &attr, end_thread, NULL) == 0)
				made++;
		}
		left -= part;
		actor_look(a, made);
		meet_others(a);
		for (unsigned i = 0; i < made; i++)
			pthread_join(threads[i], NULL);
		meet_done(a);
	}
	pthread_attr_destroy(&attr);
}
