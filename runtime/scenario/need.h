/* need.h: what a scenario needs of a machine and its kernel, one word each:
 *
 *   cpus:4  cpus:4..64  llcs:2  nodes:2..  numa  smt      of the topology
 *   6.13..  6.12..6.16  ..6.18                            the kernel's version; 6.16 is all of 6.16.x
 *   CONFIG_X=y  CONFIG_X=n                                of its configuration; n: not set
 *   some_function                                         it has a function of that name */
#pragma once
#include "scenario/error.h"
#include "scenario/places.h"
#include <stdbool.h>
#include <stddef.h>
struct scenario;
struct scenario_plan;

/* What is known of a kernel; NULL: nothing about that, and then nothing is lacking. */
struct need_kernel {
	const char *release; /* "7.3.4+deb13-cloud-amd64" */
	const char *config;  /* lines "CONFIG_X=y", config_n bytes */
	size_t config_n;
	bool (*has_function)(void *arg, const char *name);
	void *arg;
};

/* Whether it is such a word. BAD with a tip. */
bool need_check(const char *text, struct scenario_error *e);
/* Whether the topology has it; words that are not about topologies are true. SKIP says what is lacking. */
bool need_places(const char *text, const struct places *p, struct scenario_error *e);
/* Whether the kernel has what the scenario needs, and the controllers and files of cgroups that its plan uses. SKIP, with the line. */
bool need_of_kernel(const struct scenario *s, const struct scenario_plan *plan, const struct need_kernel *k,
		    struct scenario_error *e);
