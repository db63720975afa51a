/* spawn.h: child processes that never outlive us.
 *
 * A child gets its own process group, a parent-death SIGKILL, an empty signal mask, default signal actions (but SIGHUP
 * stays ignored where nohup made it so), and no descriptor but 0-2 and those it was promised. No shell is ever involved. (posix_spawn cannot set the
 * parent-death signal, so this is clone(CLONE_VM|CLONE_VFORK|CLONE_PIDFD) with the same cost. Where that or close_range is
 * refused, the second ways of base/syscalls.h are taken.) */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
struct err;

#define SPAWN_INHERIT 0 /* as we have it; the zero value of struct spawn */
#define SPAWN_NULL (-1) /* /dev/null */

struct spawn {
	const char *const *argv; /* argv[0] is looked up in PATH unless it holds a slash */
	const char *const *env;  /* NULL-ended "NAME=value" added to or replacing ours ("NAME" alone: removed) */
	const char *const
		*pass;    /* NULL: all of our environment, else names, NULL-ended, of what goes on ("CCACHE_*") */
	const char *cwd;  /* NULL: ours */
	int in, out, err; /* SPAWN_INHERIT, SPAWN_NULL or a descriptor (>2), which stays the caller's */
	const int *keep;  /* descriptors the child keeps under the same numbers */
	size_t n_keep;
	bool same_group;  /* stay in our process group (programs that need the terminal) */
	bool own_session; /* no terminal: nobody can be asked anything */
	bool family;      /* spawn_capture: what the child starts must not outlive us either (keeper.h) */
	const char *less; /* spawn_capture: what whoever writes more than max bytes is told besides; NULL: nothing */
};

struct child {
	pid_t pid; /* 0: none */
	int pidfd; /* readable once it ended: a pidfd, or a pipe that tells (base/syscalls.h) */
};

/* Starts it. X_NO_TOOL with the program's name when there is no such program. */
int spawn_start(const struct spawn *s, struct child *c, struct err *e);

enum { SPAWN_ENDED = 0, SPAWN_DEADLINE = 1 };
/* Waits until it ended (*status as waitpid gives it; c is back to zero), the deadline (now_ms() scale, -1 none)
 * passed, or we were told to stop (negative). The child runs on in the last two cases. */
int spawn_wait(struct child *c, long long deadline, int *status, struct err *e);

/* SIGKILL to the group, then reap. Harmless on {0}. */
void spawn_kill(struct child *c);

/* Runs to the end with stdout (and stderr when both is set) captured, at most max bytes (more is an error).
 * *text is NUL-ended and the caller's. A child that ends badly is no error here: look at *status. */
int spawn_capture(const struct spawn *s, bool both, size_t max, int timeout_ms, char **text, size_t *n, int *status,
		  struct err *e);

/* As err_sys, of a fork or clone that failed: says which limits there are to processes. */
int spawn_err(struct err *e, const char *what);

/* "exit status 3", "killed by SIGKILL" … for messages. Static storage is not used: buf is the caller's. */
const char *spawn_status(int status, char *buf, size_t n);

/* The path execvp would run, or NULL. Caller frees. */
char *spawn_find(const char *program);

static inline void drop_child_(struct child *c)
{
	spawn_kill(c);
}
#define auto_kill __attribute__((unused, cleanup(drop_child_)))
