#include "gen/replay/debugger.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "gen/replay/again.h"
#include "gen/replay/stand.h"
#include "process/spawn.h"
#include "progress/log.h"
#include "progress/term.h"
#include "system/kill.h"
#include "text/argv.h"
#include "text/text.h"

enum { SAID_MAX = 1 << 20, SHOWN = 1500, END_MS = 20000 };

struct guest {
	char *dir, *socket, *ready; /* the folder; QEMU's; what the step writes when that listens */
	struct child run;           /* ktstr run */
	int said;                   /* what that said */
};

/* It ends its guest and its steps by itself, when it is asked to. */
static void end_run(struct child *c)
{
	struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

	if (c->pid > 0 && kill(c->pid, SIGTERM) == 0)
		(void)poll_fds(&p, 1, END_MS);
	spawn_kill(c);
}

static void guest_end(struct guest *g)
{
	struct err ignored;

	end_run(&g->run);
	if (g->said >= 0)
		close(g->said);
	if (g->dir)
		(void)rmtree(AT_FDCWD, g->dir, &ignored);
	free(g->dir);
	free(g->socket);
	free(g->ready);
}
#define auto_guest __attribute__((unused, cleanup(guest_end)))

static int make_folder(struct guest *g, struct err *e)
{
	if (!(g->dir = tmpdir_make("gdb", e)))
		return -1;
	g->socket = xasprintf("%s/gdb", g->dir);
	g->ready = xasprintf("%s.halted", g->socket);
	if (strpbrk(g->socket, " \t,\"\\") || strlen(g->socket) >= sizeof(((struct sockaddr_un *)0)->sun_path))
		return err_set(
			e, X_USAGE,
			"%s can be no socket of QEMU's gdbstub: TMPDIR is to be a short path without blanks and commas",
			g->socket);
	return 0;
}

static int start(struct guest *g, const struct stand *s, struct err *e)
{
	auto_argv struct argv words = { 0 }, more = { 0 };
	auto_free char *result = xasprintf("%s/result.json", g->dir);
	const char *const env[] = { "KTSTR_SIDECAR_DIR", NULL };

	argv_opt(&more, "--halt", "%" PRIu64, s->halt);
	argv_opt(&more, "--gdb", "%s", g->socket);
	if (again_command(&words, s->cell, &more, result, e) < 0)
		return -1;
	g->said = memory_file("what ktstr run says", 0, 0, e);
	if (g->said < 0)
		return -1;
	const struct spawn run = {
		.argv = (const char *const *)words.v, .env = env, .in = SPAWN_NULL, .out = g->said, .err = g->said
	};

	return spawn_start(&run, &g->run, e);
}

/* The guest never came to stand. */
static int ended(struct guest *g, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	int status;

	if (spawn_wait(&g->run, -1, &status, e) < 0)
		return -1;
	(void)lseek(g->said, 0, SEEK_SET);
	if (file_read_fd(g->said, "what ktstr run said", SAID_MAX, &text, &n, e) < 0)
		return -1;
	size_t from = n > SHOWN ? n - SHOWN : 0;
	auto_free char *words = text_plain(text + from, n - from, TEXT_LINES);

	return err_set(e, WIFEXITED(status) && WEXITSTATUS(status) > X_USAGE ? WEXITSTATUS(status) : X_VM,
		       "the guest ended before a debugger was there:\n%s", words);
}

static int await(struct guest *g, int watch, struct err *e)
{
	while (!file_exists(g->ready)) {
		struct pollfd p[] = { { .fd = watch, .events = POLLIN }, { .fd = g->run.pidfd, .events = POLLIN } };
		char events[4096];

		if (stop_poll(p, countof(p), -1, e) < 0)
			return -1;
		if (p[0].revents)
			(void)!read(watch, events, sizeof(events));
		else if (p[1].revents)
			return ended(g, e);
	}
	return 0;
}

static int bring(struct guest *g, const struct stand *s, struct err *e)
{
	if (make_folder(g, e) < 0)
		return -1;
	auto_close int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (watch < 0 || inotify_add_watch(watch, g->dir, IN_CREATE | IN_MOVED_TO) < 0)
		return err_sys(e, "watch %s", g->dir);
	return start(g, s, e) < 0 ? -1 : await(g, watch, e);
}

/* Keys of the terminal go to gdb alone, Ctrl-C among them, as long as it runs. */
static void give_terminal(pid_t to)
{
	sigset_t out, was;

	sigemptyset(&out);
	sigaddset(&out, SIGTTOU);
	sigprocmask(SIG_BLOCK, &out, &was);
	(void)tcsetpgrp(STDIN_FILENO, to);
	sigprocmask(SIG_SETMASK, &was, NULL);
}

static int run_gdb(const struct debugger *d, const struct guest *g, struct err *e)
{
	auto_argv struct argv a = { 0 };
	auto_kill struct child c = { 0 };
	auto_term struct term t = { .fd = -1 };
	bool terminal = !d->n && isatty(STDIN_FILENO);
	int status;

	argv_add(&a, "gdb");
	argv_add(&a, "-q");
	if (d->n)
		argv_add(&a, "-batch");
	argv_add(&a, "-ex");
	argv_fmt(&a, "target remote %s", g->socket);
	for (size_t i = 0; i < d->n; i++) {
		argv_add(&a, "-ex");
		argv_add(&a, d->commands[i]);
	}
	if (d->vmlinux)
		argv_add(&a, d->vmlinux);
	const struct spawn s = { .argv = (const char *const *)a.v, .in = terminal ? SPAWN_INHERIT : SPAWN_NULL };

	term_save(&t, STDIN_FILENO);
	if (spawn_start(&s, &c, e) < 0)
		return -1;
	if (terminal) {
		give_terminal(c.pid);
		(void)kill(-c.pid, SIGCONT); /* it may have asked for the terminal before */
	}
	int r = spawn_wait(&c, -1, &status, e);

	if (terminal)
		give_terminal(getpgrp());
	if (r < 0)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Somebody connects from elsewhere. */
static int wait_for_others(const struct debugger *d, struct guest *g, const char *why, struct err *e)
{
	auto_free char *vmlinux = shell_quote(d->vmlinux ? d->vmlinux : "VMLINUX");
	int status;

	log_info("%s: connect from another terminal, and end it here by Ctrl-C\n  gdb %s -ex 'target remote %s'", why,
		 vmlinux, g->socket);
	return spawn_wait(&g->run, -1, &status, e) < 0 ? -1 : 0;
}

int debugger_run(const struct debugger *d, const struct stand *s, struct err *e)
{
	auto_guest struct guest g = { .said = -1 };
	auto_free char *gdb = spawn_find("gdb");

	if (d->n && !gdb)
		return err_set(e, X_NO_TOOL, "gdb is not installed: apt install gdb");
	if (bring(&g, s, e) < 0)
		return -1;
	if (!gdb)
		return wait_for_others(d, &g, "gdb is not installed (apt install gdb)", e);
	if (!d->n && !isatty(STDIN_FILENO))
		return wait_for_others(d, &g, "standard input is no terminal", e);
	return run_gdb(d, &g, e);
}
