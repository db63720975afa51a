/* run_asked.h: what `run` is asked for on its command line. */
#pragma once
#include "gen/cargo/package.h"
#include "gen/sweep/flags.h"
#include "gen/verb/opts.h"
#include "judge/verdict.h"
#include <stdbool.h>
#include <stdint.h>

struct run_asked {
	const char *scheduler, *seeds, *clock, *filter, *sidecars, *diff_bin, *diff_kernel, *expect, *json_file, *junit;
	struct package_opts package;
	struct opt_list kernels, topologies, expect_lines;
	struct profile_opts profiles;
	struct guest_asked guest;
	struct build_asked missing;
	uint64_t seed, shift, timeout, duration, workers, jobs, audit;
	struct verdict_rules rules;
	bool json, markdown, force, explain, host, monitor, dense;
};

/* One process is one request. */
extern struct run_asked run_asked;
extern const struct opt run_opts[];

/* The options that belong to every cell, for the command that runs one again: all but those that name a cell. base and
 * base_kernel: what they are compared with, by names that hold in any folder; NULL: nothing. Caller frees. */
char *run_asked_words(const char *scheduler, const char *base, const char *base_kernel);
