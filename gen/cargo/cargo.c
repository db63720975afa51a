#include "gen/cargo/cargo.h"

#include "text/argv.h"
#include "base/err.h"
#include "system/kill.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/stop.h"
#include "progress/term.h"
#include "host/needs.h"
#include "gen/base/home.h"
#include "gen/base/remote.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

/* A runner stops its tests within this, or is stopped itself: nextest gives them 10 s. */
enum { ANSWER_MS = 20000, OUTPUT_MAX = 1 << 20, STOP_MS = 60000 };

char *cargo_program(struct err *e)
{
	const char *named = getenv("CARGO");
	char *path = spawn_find(named && *named ? named : "cargo");

	if (path)
		return path;
	if (named && *named)
		err_set(e, X_NO_TOOL, "CARGO=%s: there is no such program", named);
	else
		err_set(e, X_NO_TOOL, "cargo is not installed, or not in PATH: https://rustup.rs");
	return NULL;
}

/* Where cargo install puts programs; cargo finds them there when PATH does not have it. NULL: nowhere. Caller frees. */
static char *own_folder(void)
{
	const char *root = getenv("CARGO_HOME"), *home = getenv("HOME");

	if (root && *root)
		return xasprintf("%s/bin", root);
	return home && *home ? xasprintf("%s/.cargo/bin", home) : NULL;
}

/* The file that cargo runs for a subcommand; NULL: none. Caller frees. */
static char *file_of(const char *subcommand)
{
	auto_free char *name = xasprintf("cargo-%s", subcommand);
	auto_free char *dir = own_folder();
	char *found = spawn_find(name);

	if (found || !dir)
		return found;
	found = xasprintf("%s/%s", dir, name);
	if (access(found, X_OK) == 0)
		return found;
	free(found);
	return NULL;
}

int cargo_needs(const char *cargo, const char *subcommand, const char *install, struct err *e)
{
	const char *const argv[] = { cargo, subcommand, "--version", NULL };
	struct spawn s = { .argv = argv, .in = SPAWN_NULL };
	auto_free char *text = NULL, *file = file_of(subcommand);
	int status;

	if (needs_check(NEEDS_CARGO, e) < 0)
		return -1;
	if (file)
		return 0;
	if (spawn_capture(&s, true, OUTPUT_MAX, ANSWER_MS, &text, NULL, &status, e) < 0)
		return err_in(e, "cargo %s --version", subcommand);
	return status ? err_set(e, X_NO_TOOL, "cargo has no subcommand %s; install it: %s", subcommand, install) : 0;
}

int cargo_build_once(const char *kernel, struct err *e)
{
	auto_free char *nextest = file_of("nextest"), *shims = nextest ? home_cargo(e) : NULL, *own = own_folder();
	const char *path = getenv("PATH");

	if (!nextest || !shims)
		return nextest ? -1 : 0;
	/* cargo puts its own folder before a PATH without it, and before the shims then. */
	auto_free char *new =
		xasprintf("%s:%s%s%s", shims, path ? path : "/usr/bin:/bin", own ? ":" : "", own ? own : "");

	if (setenv("KTSTR_NEXTEST", nextest, 1) < 0 || setenv("KTSTR_BUILD_KERNEL", kernel, 1) < 0 ||
	    setenv("PATH", new, 1) < 0)
		return err_sys(e, "set KTSTR_BUILD_KERNEL");
	return 0;
}

int cargo_exec(const struct argv *a, struct err *e)
{
	if (remote_begin(e) < 0)
		return -1;
	remote_stays();
	log_command((const char *const *)a->v);
	(void)fflush(stdout); /* empty, and checked by whoever wrote to it */
	stop_undo();
	execv(a->v[0], a->v);
	err_sys(e, "exec %s", a->v[0]);
	e->code = X_NO_TOOL;
	return -1;
}

/* Keys of the terminal reach the runner without us. */
static bool terminal_tells_it(int sig)
{
	return sig != SIGTERM && isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) == getpgrp();
}

/* It ends in its own way, and its end is waited for although we are to stop. */
static int wind_down(struct child *c, int *status, struct err *e)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
	int sig = stop_pending();

	if (!terminal_tells_it(sig))
		kill_process(c->pid, sig);
	if (poll_fds(&p, 1, STOP_MS) == 0 && kill_process(c->pid, SIGKILL) < 0)
		return err_sys(e, "end cargo");
	if (reap_child(c->pid, status, 0) < 0)
		return err_sys(e, "wait for cargo");
	close(c->pidfd);
	*c = (struct child){ 0 };
	return 0;
}

int cargo_run(const struct argv *a, int *code, bool *stopped, struct err *e)
{
	struct spawn s = { .argv = (const char *const *)a->v, .same_group = true };
	auto_kill struct child c = { 0 };
	auto_term struct term t = { .fd = -1 };
	int status;

	if (remote_begin(e) < 0)
		return -1;
	log_command((const char *const *)a->v);
	(void)fflush(stdout);
	term_save(&t, STDIN_FILENO);
	if (spawn_start(&s, &c, e) < 0)
		return err_in(e, "cargo");
	*stopped = false;
	if (spawn_wait(&c, -1, &status, e) < 0) {
		if (e->code != X_INTERRUPTED || wind_down(&c, &status, e) < 0)
			return -1;
		*stopped = true;
	}
	*code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}
