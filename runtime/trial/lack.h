/* lack.h: what a scenario needs of a kernel, and that does not have, found out before anything boots. */
#pragma once
#include <stddef.h>
struct err;

struct lack_asked {
	const char *boot;         /* folder of the bootable step */
	const char *text;         /* file: the scenario as it is run */
	const char *topology;     /* "N,L,C,T" */
	const char *const *needs; /* its words (scenario/need.h) */
	size_t n_needs;
};

/* *why: what is lacking, for the caller to free; NULL: nothing that is known. */
int lack_find(const struct lack_asked *a, char **why, struct err *e);
