/* hunt.h: the first bad one of many, found by halves, as git does: what cannot be told is passed over.
 *
 * Who asks says what may still be it, and tries one. Equal answers give equal tries in an equal order, so that a hunt which is begun again finds
 * what it tried before among results that are kept. */
#pragma once
#include "text/argv.h"
#include <stddef.h>
#include <stdint.h>
struct err;

enum mark { MARK_GOOD, MARK_BAD, MARK_SKIP, MARKS };
extern const char *const mark_names[MARKS]; /* "good", "bad", "skip" */

struct tried {
	char *id;    /* of a commit, whole; of a kernel what --kernel takes */
	char *title; /* its subject, its release: plain text */
	char *words; /* why it is bad, or cannot be told, one line of plain text; NULL: it is good */
	char *again; /* the command that tries it; NULL: it came to none */
	int code;    /* MARK_SKIP: what came in between, as an exit code (base/err.h) */
	uint64_t ms; /* that it took */
	enum mark mark;
};

struct hunt {
	const char *one, *many; /* what they are, for people: "commit", "commits" */
	int id_shown;           /* characters of an id that people see in front of its title; 0: the title is enough */
	void *arg;
	/* Adds those that are no ancestors of h->good and are before h->bad, without that one: first those that tell most. */
	int (*left)(void *arg, const struct hunt *h, struct argv *ids, struct err *e);
	/* Fills t but for id and ms. */
	int (*test)(void *arg, struct tried *t, struct err *e);
	/* What came of it. */
	struct argv good;
	char *bad; /* the first one that is known to be */
	struct tried *v;
	size_t n;
	struct argv suspects; /* HUNT_UNTOLD: one of these, h->bad among them */
};

/* Tries both. X_FAIL when the good one is bad or the bad one is good; what kept one from being tried has its own code. */
int hunt_ends(struct hunt *h, const char *good, const char *bad, struct err *e);
/* One that good and bad have in common, where good is no ancestor of bad: X_FAIL when it is bad, for then what is looked for was mended, not broken.
 * That it cannot be told is a warning. */
int hunt_base(struct hunt *h, const char *id, struct err *e);

enum { HUNT_FOUND = 0, HUNT_UNTOLD = 1 };
/* Behind hunt_ends(). HUNT_FOUND: it is h->bad. */
int hunt_run(struct hunt *h, struct err *e);
/* NULL: it was not tried. */
const struct tried *hunt_find(const struct hunt *h, const char *id);
void hunt_free(struct hunt *h);
#define auto_hunt __attribute__((unused, cleanup(hunt_free)))
