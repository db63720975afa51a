/* asked.h: what a verb about tests is asked for on its command line. Rows of option tables that several of them have are macros. */
#pragma once
#include "gen/cargo/package.h"
#include "gen/sweep/flags.h"
#include "gen/verb/opts.h"
#include "judge/verdict.h"
#include <stdbool.h>
#include <stdint.h>

struct tests_asked {
	const char *scheduler, *seeds, *clock, *filter, *sidecars, *diff_bin, *diff_kernel, *expect, *json_file, *junit;
	struct package_opts package;
	struct opt_list kernels, topologies, presets, cells, expect_lines;
	const char *shard;
	struct profile_opts profiles;
	struct guest_asked guest;
	struct build_asked missing;
	uint64_t seed, shift, timeout, duration, workers, jobs, audit, budget;
	struct verdict_rules rules;
	bool json, markdown, force, explain, host, monitor, dense, rerun_failed, ignored;
};

/* One process is one request. */
extern struct tests_asked tests_asked;

/* The options that belong to every cell, for the command that runs one again: all but those that name a cell. base and
 * base_kernel: what they are compared with, by names that hold in any folder; NULL: nothing. Caller frees. */
char *tests_asked_words(const char *scheduler, const char *base, const char *base_kernel);
