/* trial.h: the options of steps that run a scenario, in a guest or here. */
#pragma once
#include "options/opt.h"
#include <stdint.h>

struct trial_opts {
	const char *engine, *text, *topology;
	struct opt_list programs;
	uint64_t seed, ms;
};

/* Entries for a step's option table; x must be static. where: whose topology it is. */
#define TRIAL_OPTS(x, where) \
	{ .name = "engine", .type = OPT_STR, .out = &(x).engine, .arg = "FILE", .help = "ktstr-engine" }, \
		{ .name = "text", \
		  .type = OPT_STR, \
		  .out = &(x).text, \
		  .arg = "FILE", \
		  .help = "output of the scenario step" }, \
		{ .name = "topology", .type = OPT_STR, .out = &(x).topology, .arg = "N,L,C,T", .help = "of " where }, \
		{ .name = "seed", \
		  .type = OPT_U64, \
		  .out = &(x).seed, \
		  .arg = "N", \
		  .max = UINT64_MAX, \
		  .help = "of virtual time, and of what workers draw" }, \
		{ .name = "program", \
		  .type = OPT_LIST, \
		  .out = &(x).programs, \
		  .arg = "FILE", \
		  .help = "the scenario's first program, its second, and so on, in " where }, \
	{ \
		.name = "ms", .type = OPT_U64, .out = &(x).ms, .arg = "MS", .min = 1, .max = 24 * 60 * 60 * 1000, \
		.help = "how long the scenario takes by its own words" \
	}
