/* built.h: the scheduler of a commit: the commit's files in a draft of the store, a command of the user's run in them, and the program kept
 * there as any other result, as is that the command failed.
 *
 * Recipe: the tree's id, the command, the program's name, the folder it runs in. What else the command goes by (compilers, its environment) is not
 * in it: force builds again. */
#pragma once
#include <stdbool.h>
struct commits;
struct err;

struct built_how {
	const char *command; /* for sh -c */
	const char *program; /* what it makes, relative to the folder it runs in */
	const char *into;    /* folder that gets a folder for each commit, with the program under its own name */
	bool force;
};

enum { BUILT = 0, BUILT_NOT = 1 };

struct built {
	char *program; /* absolute; BUILT */
	char *why;     /* one line; BUILT_NOT */
	int code;      /* BUILT_NOT: X_BUILD, X_TIMEOUT */
};

/* X_USAGE for a program that is to lie outside of the tree. A build that is not done by until (now_ms() scale) is ended, and nothing kept of it.
 * b is to be freed in any case. */
int built_make(struct built *b, const struct commits *c, const char *id, const struct built_how *how, long long until,
	       struct err *e);
void built_free(struct built *b);
#define auto_built __attribute__((unused, cleanup(built_free)))
