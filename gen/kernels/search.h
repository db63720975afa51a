/* search.h: a request while its questions are open: what its words mean, and what has to be asked before they mean a kernel.
 *
 * settle.h has the questions answered and makes targets of them. */
#pragma once
#include "gen/kernels/ask.h"
#include "gen/kernels/how.h"
#include "kernel/name/id.h"
#include "kernel/name/word.h"

enum asked_kind { ASKED_READY, ASKED_VERSION, ASKED_TREE, ASKED_GIT };

struct asked {
	char *id; /* or NULL */
	enum asked_kind kind;
	struct kernel k; /* READY */
	/* VERSION: what of kernel.org's releases; text NULL: the latest. Its text is id's */
	struct kernel_word version;
	char *text;      /* TREE: the folder; GIT: the address */
	char *ref;       /* GIT */
	size_t question; /* NO_QUESTION: everything is known */
};

#define NO_QUESTION ((size_t)-1)

struct search {
	const struct home *home;
	const struct kernels_opts *o;
	struct build_how how;
	bool boots; /* asked for by a verb that boots kernels, and not to have them built */
	struct ask ask;
	struct kernel_cache cache; /* as it was before anything was asked */
	struct asked *v;           /* one for each word of the request */
	size_t n;
};

int search_open(struct search *s, const struct home *home, const struct kernels_opts *o, struct err *e);
void search_close(struct search *s);
#define auto_search __attribute__((unused, cleanup(search_close)))

/* k is taken over. */
void search_ready(struct search *s, const char *id, struct kernel *k);
/* The releases that w means, the latest if it is NULL. X_USAGE when it is neither a version, a series nor a range. */
int search_version(struct search *s, const struct kernel_word *w, struct err *e);
void search_tree(struct search *s, const char *id, const char *dir);
/* url as the user wrote it: a path becomes absolute, and a password goes to the steps by the environment. */
int search_git(struct search *s, const char *url, const char *ref, struct err *e);
/* The same of a word of kind GIT. */
int search_git_word(struct search *s, const struct kernel_word *w, struct err *e);
