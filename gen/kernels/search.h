/* search.h: a request while its questions are open: what its words mean, and what has to be asked before they mean a kernel.
 *
 * settle.h has the questions answered and makes targets of them. */
#pragma once
#include "gen/kernels/ask.h"
#include "gen/kernels/how.h"
#include "kernel/name/id.h"

enum word_kind { WORD_READY, WORD_VERSION, WORD_TREE, WORD_GIT };

struct word {
	char *id; /* or NULL */
	enum word_kind kind;
	struct kernel k; /* READY */
	char *text;      /* VERSION: what it is, NULL the latest; TREE: the folder; GIT: the address */
	char *ref;       /* GIT */
	size_t question; /* NO_QUESTION: everything is known */
};

#define NO_QUESTION ((size_t)-1)

struct search {
	const struct home *home;
	const struct kernels_opts *o;
	struct build_how how;
	struct ask ask;
	struct word *words;
	size_t n;
};

int search_open(struct search *s, const struct home *home, const struct kernels_opts *o, struct err *e);
void search_close(struct search *s);
#define auto_search __attribute__((unused, cleanup(search_close)))

/* k is taken over. */
void search_ready(struct search *s, const char *id, struct kernel *k);
/* X_USAGE when text is neither a version, a prefix nor a range. */
int search_version(struct search *s, const char *id, const char *text, struct err *e);
int search_tree(struct search *s, const char *id, const char *dir, struct err *e);
int search_git(struct search *s, const char *url, const char *ref, struct err *e);
