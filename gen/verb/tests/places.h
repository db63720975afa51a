/* places.h: where a matrix is, as options: kernels, topologies, profiles. */
#pragma once
#include "gen/verb/opts.h"
#include "gen/verb/tests/asked.h"
struct err;

#define PLACES_ASKED_OPTS \
	{ .name = "kernel", \
	  .type = OPT_LIST, \
	  .out = &tests_asked.kernels, \
	  .arg = "ID", \
	  .help = "kernel to run on: path, version, range or cache key; the newest of the cache unless given" }, \
		{ .name = "preset", \
		  .type = OPT_LIST, \
		  .out = &tests_asked.presets, \
		  .arg = "T", \
		  .help = "a topology's name (ktstr topo), or \"all\" that a test's bounds allow; where each test says unless given" }, \
		{ .name = "profiles", \
		  .type = OPT_LIST, \
		  .out = &tests_asked.profiles.named, \
		  .arg = "LIST", \
		  .help = "these combinations of flags of the tests' schedulers: default,a,a+b; what each test requires unless given" }, \
	{ \
		.name = "all-profiles", .type = OPT_FLAG, .out = &tests_asked.profiles.all, .conflicts = "profiles", \
		.help = "every combination of the schedulers' flags" \
	}

/* Names of presets become topologies of files. X_USAGE: there is none such. */
int places_settle(struct err *e);
