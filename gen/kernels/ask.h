/* ask.h: what has to be known about sources before the graph that makes kernels can be written.
 *
 * Questions are collected, then answered by one small graph of its own; each is asked anew each time. */
#pragma once
#include "kernel/name/releases.h"
#include <stdbool.h>
#include <stddef.h>
struct err;
struct home;

enum question_kind { ASK_RELEASES, ASK_REF, ASK_TREE };

struct question {
	enum question_kind kind;
	char *where;   /* address or folder */
	char *ref;     /* ASK_REF */
	bool clean;    /* ASK_TREE: after make mrproper */
	char *name;    /* of its folder and its line of progress; unique */
	char *commit;  /* answers: of ref; of a tree that is a work tree of its own, else NULL */
	char *version; /* of a tree, by its Makefile */
	char *tree;    /* its content's hash */
	bool dirty;
};

struct ask {
	struct question *v;
	size_t n;
	struct releases releases;
};

/* Each returns the question's index; equal ones are asked once. */
size_t ask_releases(struct ask *a);
size_t ask_ref(struct ask *a, const char *url, const char *ref);
/* dir is absolute. */
size_t ask_tree(struct ask *a, const char *dir, bool clean);
/* Answers all; without a question nothing runs. Says so when the list of releases is not today's. */
int ask_run(struct ask *a, const struct home *home, bool explain, struct err *e);
void ask_free(struct ask *a);
#define auto_ask __attribute__((unused, cleanup(ask_free)))
