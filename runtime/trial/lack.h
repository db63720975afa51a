/* lack.h: what a scenario needs of a kernel, or names of a scheduler, and these do not have, found out before anything runs. */
#pragma once
#include <stddef.h>
struct err;

struct lack_asked {
	const char *snapshot;     /* folder of the guest */
	const char *boot;         /* folder of the bootable step */
	const char *text;         /* file: the scenario as it is run */
	const char *topology;     /* "N,L,C,T" */
	const char *const *needs; /* its words (scenario/need.h) */
	size_t n_needs;
	const char *pack; /* payload with the scheduler; NULL: the kernel's own, of which nothing is named */
};

enum lack { LACK_NOTHING, LACK_KERNEL, LACK_SCHEDULER, LACK_SCENARIO };

/* LACK_SCENARIO: it asks the kernel for what that refuses (booted.h). *what: which of them lacks something, *why: what that is, for the caller to free; LACK_NOTHING, NULL: nothing that is known. */
int lack_find(const struct lack_asked *a, enum lack *what, char **why, struct err *e);
