/* program.h: git, run by us: which environment, settings and rights it gets, and how it is waited for.
 *
 * What counts is the user's own configuration (insteadOf, credential helpers, core.sshCommand, proxies; GIT_SSH_COMMAND and
 * its like), never that of a repository further up or of what the environment says about one. No hook, no file system
 * monitor, no maintenance runs; nobody is asked anything on a terminal; of protocols only file, git, http, https and ssh are
 * spoken, and none where no remote was named. All of its processes end with us.
 *
 * Relative paths in the user's commands count from the folder in KTSTR_START_DIR, which the verbs set. */
#pragma once
#include "process/keeper.h"
#include "process/spawn.h"
#include "fetch/git/said.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct git_address;

#define GIT_START_DIR_ENV "KTSTR_START_DIR"

enum { GIT_STALL_MS = 60 * 1000, GIT_TALK_MS = 10 * 60 * 1000 };

struct git_how {
	const char *const *args;          /* "ls-remote", "--symref", …; NULL-ended */
	const char *repository;           /* the folder that has HEAD, or a .git file; NULL: none, wherever we stand */
	const char *work_tree;            /* git runs there; NULL: where the user is */
	const struct git_address *remote; /* whom it may speak with, and by which login; NULL: nobody */
	const char *const *settings;      /* "key", "value", … beside those of all; NULL-ended; may be NULL */
	unsigned stall_ms;                /* longest silence; 0: GIT_STALL_MS */
	unsigned talk_ms;                 /* longest time of nothing but the server's words; 0: GIT_TALK_MS */
	size_t max;                       /* bytes of output */
	/* Called for each line of git's own progress; negative ends it. May be NULL. */
	int (*progress)(void *arg, const struct git_progress *p, struct err *e);
	/* What the server says meanwhile, plain. May be NULL. */
	void (*words)(void *arg, const char *text);
	void *arg;
};

/* Runs it to its end. 0 when it succeeded; *text (may be NULL: not wanted) is NUL-ended and the caller's.
 * Otherwise the error is what git said, with the code its words call for (said.h); X_NO_TOOL without git; X_NETWORK when
 * nothing was heard for stall_ms, or nothing but words of the server for talk_ms. */
int git_run(const struct git_how *h, char **text, size_t *n, struct err *e);

/* One that answers questions: cat-file --batch, check-ignore --stdin. */
struct git_pipe {
	struct child child;
	struct keeper keeper;
	int in, out, err; /* ours: to it, from it */
	char buf[65536];
	size_t at, have;
};
int git_pipe_open(struct git_pipe *p, const struct git_how *h, struct err *e);
int git_pipe_send(struct git_pipe *p, const void *data, size_t n, struct err *e);
/* Up to and without the end character; at most max - 1 bytes. Returns the length. */
int git_pipe_line(struct git_pipe *p, int end, char *line, size_t max, struct err *e);
int git_pipe_read(struct git_pipe *p, void *data, size_t n, struct err *e);
void git_pipe_close(struct git_pipe *p);

/* Whether the user's configuration makes another address of this one. */
int git_rewrites(const char *url, bool *yes, struct err *e);
