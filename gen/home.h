/* home.h: where the tool's own parts are, in the build tree ("out/ktstr-step", "rules/") or installed below
 * {prefix}/lib/ktstr. */
#pragma once
struct err;

struct home {
	char *step;     /* ktstr-step */
	char *source;   /* ktstr-source: the steps that fetch and build kernel sources */
	char *init;     /* ktstr-init */
	char *rules;    /* folder of *.ninja */
	char *fragment; /* ktstr.kconfig */
};

int home_find(struct home *h, struct err *e);
void home_free(struct home *h);
#define auto_home __attribute__((unused, cleanup(home_free)))
