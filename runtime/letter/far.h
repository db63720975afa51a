/* far.h: results that other machines made, by a program that has the connections to the server (remote/helper).
 *
 * The generator starts it and puts its abstract address into KTSTR_REMOTE_SOCKET; without that, and by hand, there is only this
 * machine's store. It knows the server and its secrets; we know what we asked for, and look at what came ourselves.
 *
 *   ask     "get" key, path of the draft       → "hit" where from | "miss"      the draft then has the files and "origin": the label
 *   object  "bad" key, why                     behind a hit: it was none
 *   tell    "put" key, path of the result      no answer: it is sent beside whatever comes next
 *
 * One packet each, its fields end with NUL. Nothing of it can fail a step. */
#pragma once
struct err;
struct recipe;
struct store;
struct work;

#define FAR_VARIABLE "KTSTR_REMOTE_SOCKET"
/* How a step that came says so, in front of its origin (origin_shown()). */
#define FAR_CAME "cached from the remote store"
enum { FAR_PACKET = 8192 };

enum { FAR_MISS = 0, FAR_HIT = 1 };
/* w: a draft that is empty, and is so again behind a miss. HIT: it is the result now. Negative: we were told to stop, or the store
 * cannot be used. */
int far_get(struct work *w, struct recipe *r, struct err *e);
/* w is a result. */
void far_put(const struct work *w);
