/* search.h: what the parts of kernels.h share: a request while its questions are open.
 *
 * find.c and kernels.c turn ids into words; settle.c has the questions answered and makes targets of them. */
#pragma once
#include "gen/kernels/kernels.h"
#include "gen/kernels/ask.h"
#include "kernel/name/key.h"

/* How a kernel is built, as its key has it. */
struct build_how {
	struct kernel_build_how key;
	char kc[9], extra[9];
	char *kconfig; /* absolute, or NULL */
};

int build_how_of(struct build_how *h, const struct home *home, const struct kernels_opts *o, struct err *e);
void build_how_free(struct build_how *h);
#define auto_how __attribute__((unused, cleanup(build_how_free)))

void target_free(struct target *w);

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
/* Brings what is not READY and was shared by other runs into the cache; how many came (target.fetched). Trouble with the
 * other side is told and is no error. */
int kernels_fetch(struct kernels *w, const struct search *s, struct err *e);
/* The edge that shares the entry of w after it was made, if that is wanted. */
void target_plan_share(struct plan *p, const struct home *home, const struct target *w);
void kernels_tell_shared(const struct kernels *w, const struct run *r, const struct plan *p);
/* Asks, looks into the cache, and fills w: each kernel once, names and labels that differ. */
int search_settle(struct search *s, struct kernels *w, struct err *e);
