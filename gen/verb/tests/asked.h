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
	struct opt_list kernels, topologies, presets, cells, expect_lines, launchers;
	const char *shard, *payload;
	struct profile_opts profiles;
	struct guest_asked guest;
	struct build_asked missing;
	uint64_t seed, shift, timeout, duration, workers, jobs, audit, budget;
	const char *core, *gdb;
	uint64_t halt;
	bool spy, trace, unrecorded;
	struct verdict_rules rules;
	bool list_flags, json, markdown, force, explain, host, monitor, dense, rerun_failed, ignored;
};

/* One process is one request. */
extern struct tests_asked tests_asked;

#define ASKED_SEEDS_OPTS \
	{ \
		.name = "seeds", \
		.type = OPT_STR, \
		.out = &tests_asked.seeds, \
		.arg = "N|A..B", \
		.conflicts = "seed", \
		.help = "so many seeds, or these, in place of what the scenario says: each is another schedule, and all must pass" \
	}, \
	{ \
		.name = "seed", .type = OPT_U64, .out = &tests_asked.seed, .arg = "N", .max = UINT64_MAX / 2, \
		.help = "this one seed" \
	}

#define ASKED_CLOCK_OPTS \
	{ .name = "clock", \
	  .type = OPT_STR, \
	  .out = &tests_asked.clock, \
	  .arg = "WHICH", \
	  .choices = "real virtual", \
	  .help = "virtual: time is counted in instructions, and a run is repeated to the nanosecond; what the scenario says, or " \
		  "virtual, unless given" }, \
	{ \
		.name = "shift", .type = OPT_U64, .out = &tests_asked.shift, .arg = "N", .max = CLOCK_SHIFT_MAX, \
		.help = "virtual time: an instruction takes 2^N ns; 1, or 0 with more than 8 CPUs, unless given" \
	}

/* asked: a struct with duration and workers. */
#define ASKED_WORK_OPTS(asked) \
	{ .name = "duration", \
	  .type = OPT_U64, \
	  .out = &(asked).duration, \
	  .arg = "SECONDS", \
	  .min = 1, \
	  .max = 3600, \
	  .help = "what percentages of hold are of, in place of what the scenario says" }, \
	{ \
		.name = "workers", .type = OPT_U64, .out = &(asked).workers, .arg = "N", .min = 1, .max = 4096, \
		.help = "workers of a line that does not say how many, in place of what the scenario says" \
	}

#define ASKED_EXPECT_OPTS \
	{ .name = "expect-line", \
	  .type = OPT_LIST, \
	  .out = &tests_asked.expect_lines, \
	  .arg = "TEXT", \
	  .help = "expect this as well, as behind the word \"expect\" of a scenario; of equal ones this counts" }, \
	{ \
		.name = "expect", .type = OPT_STR, .out = &tests_asked.expect, .arg = "FILE", \
		.help = "a list of known failures, and until when each is expected" \
	}

#define ASKED_RULES_OPTS \
	{ .name = "allow-inconclusive", \
	  .type = OPT_FLAG, \
	  .out = &tests_asked.rules.allow_inconclusive, \
	  .help = "end with 0 also when nothing can be said about an expectation" }, \
	{ \
		.name = "no-skip", .type = OPT_FLAG, .out = &tests_asked.rules.no_skip, \
		.help = "end with 1 when a topology or kernel cannot have a scenario" \
	}

#define ASKED_TELL_OPTS \
	{ .name = "json", .type = OPT_FLAG, .out = &tests_asked.json, .help = "print verdicts and figures as JSON" }, \
		{ .name = "markdown", \
		  .type = OPT_FLAG, \
		  .out = &tests_asked.markdown, \
		  .conflicts = "json", \
		  .help = "print what came of it as Markdown, for a job's summary" }, \
		{ .name = "json-file", \
		  .type = OPT_STR, \
		  .out = &tests_asked.json_file, \
		  .arg = "FILE", \
		  .help = "write the same JSON into this file, whatever is printed" }, \
		{ .name = "junit", \
		  .type = OPT_STR, \
		  .out = &tests_asked.junit, \
		  .arg = "FILE", \
		  .help = "write what came of it as JUnit's XML into this file as well" }, \
	{ \
		.name = "sidecar-dir", .type = OPT_STR, .out = &tests_asked.sidecars, .arg = "DIR", \
		.help = "write a sidecar file for each run into this folder, for test-stats; KTSTR_SIDECAR_DIR, or a new one below " \
			"target/ktstr, unless given" \
	}

/* The options that belong to every cell, for the command that runs one again: all but those that name a cell. base and
 * base_kernel: what they are compared with, by names that hold in any folder; NULL: nothing. Caller frees. */
char *tests_asked_words(const char *scheduler, const char *base, const char *base_kernel);
