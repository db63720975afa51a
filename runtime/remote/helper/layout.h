/* layout.h: how a server has results (docs/sharing.md). Each function is one job of one thread. */
#pragma once
#include <stdbool.h>
struct err;
struct wire;

struct job {
	char key[65];
	int dir;         /* of the draft to be filled, or of the result */
	long long began; /* run_ms() */
};

/* Whether it is in the draft now, with its label as "origin". What is wrong with it was told. */
bool bazel_get(struct wire *w, const struct job *j);
bool flat_get(struct wire *w, const struct job *j);
/* Whether it is there now. */
bool bazel_put(struct wire *w, const struct job *j);
bool flat_put(struct wire *w, const struct job *j);
