/* folder.h: the build folder of a plan: {store}/graphs/{plan name}-{hash of build.ninja}, so equal requests share it. A lock in
 * it makes the second of two wait for the first. */
#pragma once
#include <stdbool.h>
struct err;
struct plan;

struct folder {
	char *path; /* absolute */
	int dir;
	int lock; /* keeps equal requests waiting */
	int used; /* keeps others from clearing results out of it; -1: none */
};

#define FOLDER_NONE ((struct folder){ .dir = -1, .lock = -1, .used = -1 })

/* Makes it unless it is there, waits until it is ours, and writes build.ninja and what is to be known
 * of the tools (plan.h) into it. Fails as plan_check(), or with X_STORE. */
int folder_take(struct folder *b, const struct plan *p, struct err *e);
/* Whether nobody else works with it or its results. It stays ours in either case. */
bool folder_alone(struct folder *b);
/* Others may have it now; its results are still kept from being cleared. */
void folder_unlock(struct folder *b);
void folder_release(struct folder *b); /* FOLDER_NONE too, and twice */
