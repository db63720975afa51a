/* store.h: finished steps, found again by the key of their recipe.
 *
 *   {root}/format                "ktstr store 2" (format.h: where another program's results lie, all of this is in {root}/v2)
 *   {root}/objects/ab/{key}/      files of the result (mode 0444; 0555 when executable), "recipe", "content"
 *                                 and "origin" (letter/origin.h)
 *   {root}/drafts/{key}.{pid}/    work in progress; collected when the key's lock is free
 *   {root}/locks/{key}            flock'd by whoever works on that key
 *   {root}/hashes/                content hashes by stat (hashes.h)
 *   {root}/graphs/{name}-{hash}/  build folders of requests; deleting one costs milliseconds. "lock": whose ninja runs;
 *                                 "used": shared flock of whoever works with its files (gc.h)
 *   {root}/private/               which folders in there must not stay (private.h)
 *   {root}/host/                  what is true until the next boot of the host (host/accel.h)
 *   {root}/releases/ sums/        lists as published (step releases, fetch/tarball/tarball.h)
 *   {root}/texts/                scenarios of test programs (test/ask.c), by program and scheduler
 *   {root}/history/              what came of cells of matrices (gen/matrix/history.h)
 *   {root}/trees/                 objects of kernel builds, so that the next one is incremental
 *
 * The root is $KTSTR_STORE, else $XDG_CACHE_HOME/ktstr/store, else $HOME/.cache/ktstr/store. Results are never
 * edited. A result folder appears by one rename, so there is no such thing as half of one. */
#pragma once
#include "store/digest.h"
#include <stdbool.h>
#include <stdint.h>
struct err;
struct hashes;
struct recipe;

struct store {
	char *path; /* absolute */
	int dir;    /* open on path; -1: closed */
};

/* Creates the folders when missing; X_STORE with the reason and the variable to set when it cannot be used.
 * NULL: the default place. Collects drafts, locks and private folders of processes that are gone. */
int store_open(struct store *st, const char *path, struct err *e);
void store_close(struct store *st); /* may run twice */
#define auto_store __attribute__((unused, cleanup(store_close)))

enum { STORE_HIT = 0, STORE_MISS = 1 };

/* One result being looked up or made. {.lock = -1, .dir = -1} is none. */
struct work {
	struct store *st;
	char key[KEY_LEN + 1];
	int lock;     /* flock held while we make it; -1: it is a result */
	int dir;      /* HIT: the result; MISS: the draft to fill */
	char *path;   /* of dir, absolute */
	char *origin; /* ours: where and when a draft was made (letter/origin.h); NULL: nobody says */
};

/* Looks the recipe up. HIT: w->dir is the result, which nobody throws out (gc.h) before work_drop. MISS: we hold the key's lock and w->dir is an empty draft; finish
 * with work_publish or work_drop. When another process is making the same key, waits for it (a stop ends the wait)
 * and then hits. force: always MISS (the present result is replaced at publish). */
int store_begin(struct store *st, struct recipe *r, bool force, struct work *w, struct err *e);
/* Makes the draft the result: files read-only and linked nowhere else, "recipe" and "content" (content.h) added, fsync,
 * rename. w->dir is the result afterwards. Only files and folders can be stored. */
int work_publish(struct work *w, struct recipe *r, struct err *e);
/* The same of a draft that came from elsewhere and must have the files of list (content_text()), and nothing else: X_BAD_ARCHIVE, and
 * it is still a draft. */
int work_publish_as(struct work *w, struct recipe *r, const char *list, struct err *e);
/* The draft is empty again. */
int work_clear(struct work *w, struct err *e);
/* Places every file of the result into folder out (created): untouched when equal, else replaced by a read-only file
 * younger than what was there: a hard link from 1 MiB on, where possible (whose time moves for all its links), else a
 * copy. "recipe" comes along, "content" does not. *changed (may be NULL) counts the files that were not already there.
 * h (may be NULL) learns the hashes of what was placed, so that the next step's recipe_file() costs a stat. */
int work_place(struct work *w, struct hashes *h, const char *out, unsigned *changed, struct err *e);
void work_drop(struct work *w);
#define auto_work __attribute__((unused, cleanup(work_drop)))

/* File name of out turned out to be of no use: it goes, and the result it was placed from, so that the next request makes it
 * again. */
void store_spoil(struct store *st, const char *out, const char *name);
/* The result of that key, whatever its recipe says. HIT as above, or MISS: nothing is there, or it is damaged, or just thrown out. */
int store_find(struct store *st, const char *key, struct work *w, struct err *e);
/* Makes a result of what came from another store: the files in the folder draft (below the store), and nothing else, held against recipe, of which key is
 * the hash, and content, the list of the other store. It stays in draft. X_BAD_ARCHIVE: they do not belong together. */
int store_seal(struct store *st, const char *draft, const char *key, const char *recipe, const char *content,
	       struct err *e);
/* Puts that in place by one rename. HIT: the store has that result by now, which stays, and so does the draft; MISS: it is new. */
int store_adopt(struct store *st, const char *draft, const char *key, struct err *e);

/* Marks a result as used now (mtime of its recipe) for gc.h. */
void work_touch(struct work *w);
