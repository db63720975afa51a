/* opts.h: options that several verbs have, with one wording and one meaning.
 *
 * Each macro stands for rows of a verb's option table; the variable it is given must be static. The functions turn what was
 * said into what the parts behind the verbs want. */
#pragma once
#include "options/opt.h"
#include "gen/kernels/kernels.h"
#include "clock/clock.h"
#include <stdbool.h>
#include <stdint.h>
struct argv;
struct err;
struct guest_plan;

/* The guests of a verb that boots some. */
struct guest_asked {
	const char *accel;  /* NULL: not given */
	uint64_t memory_mb; /* 0: not given */
	bool require_kvm, perf_mode, no_perf_mode;
};

#define GUEST_ASKED_OPTS(v) \
	{ .name = "accel", \
	  .type = OPT_STR, \
	  .out = &(v).accel, \
	  .arg = "WHICH", \
	  .choices = "auto kvm tcg", \
	  .help = "auto (KVM where it works), kvm or tcg" }, \
		{ .name = "require-kvm", \
		  .type = OPT_FLAG, \
		  .out = &(v).require_kvm, \
		  .help = "the same as --accel kvm: fail where KVM does not work, and say why" }, \
		{ .name = "perf-mode", \
		  .type = OPT_FLAG, \
		  .out = &(v).perf_mode, \
		  .conflicts = "no-perf-mode", \
		  .help = "give each guest host CPUs of its own, and steady its figures in other ways" }, \
		{ .name = "no-perf-mode", \
		  .type = OPT_FLAG, \
		  .out = &(v).no_perf_mode, \
		  .help = "leave it to the host's scheduler where guests run, which is the default" }, \
	{ \
		.name = "memory-mb", .alias = "memory-mib", .type = OPT_U64, .out = &(v).memory_mb, .arg = "MB", \
		.min = 128, .max = 65536, \
		.help = "memory of each guest; 1024 (or what its topology says) unless given" \
	}

/* Into accel, memory_mb (0: not given) and perf_mode of g. X_USAGE when they contradict each other. */
int guest_asked_plan(struct guest_plan *g, const struct guest_asked *v, struct err *e);
/* The words of a command line that say the same. */
void guest_asked_words(struct argv *a, const struct guest_asked *v);

/* The clock of a verb's guests. */
struct clock_asked {
	const char *clock;    /* NULL: not given */
	uint64_t seed, shift; /* CLOCK_UNSAID: not given */
};

#define CLOCK_ASKED_INIT \
	{ \
		.seed = CLOCK_UNSAID, .shift = CLOCK_UNSAID \
	}

#define CLOCK_ASKED_OPTS(v) \
	{ \
		.name = "clock", \
		.type = OPT_STR, \
		.out = &(v).clock, \
		.arg = "WHICH", \
		.choices = "real virtual", \
		.help = "virtual: time is counted in instructions, and a run is repeated to the nanosecond; real unless given" \
	}, \
		{ .name = "seed", \
		  .type = OPT_U64, \
		  .out = &(v).seed, \
		  .arg = "N", \
		  .max = UINT64_MAX - 1, \
		  .help = "virtual time: another number is another schedule; 0 unless given" }, \
	{ \
		.name = "shift", .type = OPT_U64, .out = &(v).shift, .arg = "N", .max = CLOCK_SHIFT_MAX, \
		.help = "virtual time: an instruction takes 2^N ns; 1, or 0 with more than 8 CPUs, unless given" \
	}

#define AUDIT_HELP \
	"virtual time: make the snapshot anew from nothing, run from both, and fail (exit code 30) when memory or output differ"

/* Into g, behind guest_asked_plan(). X_USAGE when it contradicts what the guests are. */
int clock_asked_plan(struct guest_plan *g, const struct clock_asked *v, struct err *e);
void clock_asked_words(struct argv *a, const struct clock_asked *v);

/* What is to become of kernels that are not there. */
struct build_asked {
	bool build, no_build;
};

#define BUILD_ASKED_OPTS(v) \
	{ .name = "build", \
	  .type = OPT_FLAG, \
	  .out = &(v).build, \
	  .conflicts = "no-build", \
	  .help = "build kernels that are not in the cache, without asking" }, \
	{ \
		.name = "no-build", .type = OPT_FLAG, .out = &(v).no_build, \
		.help = "never build a kernel, and do not ask" \
	}

enum kernels_build build_asked(const struct build_asked *v);

/* The scheduler of a verb that runs one: p is a struct package_opts (gen/cargo/package.h), path what names a binary.
 * profile_needs: the option that --release and --profile are nothing without; NULL: the verb says so itself. */
#define SCHEDULER_ASKED_OPTS(p, path, package_help, path_help, profile_needs) \
	{ .name = "scheduler", \
	  .type = OPT_STR, \
	  .out = &(p).spec, \
	  .arg = "PKG", \
	  .conflicts = "scheduler-bin", \
	  .help = (package_help) }, \
		{ .name = "bin", \
		  .type = OPT_STR, \
		  .out = &(p).bin, \
		  .arg = "NAME", \
		  .needs = "scheduler", \
		  .help = "which of the package's binaries" }, \
		{ .name = "release", \
		  .type = OPT_FLAG, \
		  .out = &(p).release, \
		  .needs = (profile_needs), \
		  .conflicts = "profile", \
		  .help = "build the package with cargo's release profile" }, \
		{ .name = "profile", \
		  .type = OPT_STR, \
		  .out = &(p).profile, \
		  .arg = "NAME", \
		  .needs = (profile_needs), \
		  .help = "build the package with this cargo profile (--profiles is for flags of the scheduler)" }, \
	{ \
		.name = "scheduler-bin", .type = OPT_STR, .out = &(path), .arg = "PATH", .help = (path_help) \
	}

/* Its absolute path, which the caller frees. X_NO_INPUT: there is none; X_BAD_SCHED: it is no regular file. */
int scheduler_binary(const char *given, char **path, struct err *e);

/* With which of its flags it runs: v is a struct profile_opts (gen/sweep). */
#define PROFILES_ASKED_OPTS(v) \
	{ .name = "all-profiles", \
	  .type = OPT_FLAG, \
	  .out = &(v).all, \
	  .conflicts = "profiles", \
	  .help = "run with every combination of the scheduler's flags" }, \
		{ .name = "profiles", \
		  .type = OPT_LIST, \
		  .out = &(v).named, \
		  .arg = "LIST", \
		  .help = "run with these combinations of flags: default,a,a+b" }, \
		{ .name = "flags-file", \
		  .type = OPT_STR, \
		  .out = &(v).file, \
		  .arg = "FILE", \
		  .help = "read the flags, as --ktstr-list-flags prints them, from here instead of asking the scheduler" }, \
	{ \
		.name = "max-profiles", .type = OPT_U64, .out = &(v).max, .arg = "N", .min = 1, .max = 65536, \
		.help = "refuse a sweep of more profiles than this, 1024 unless given" \
	}

/* How steps are run elsewhere (launch/command.h): list is a struct opt_list. */
#define LAUNCHER_OPT(list) \
	{ \
		.name = "launcher", .type = OPT_LIST, .out = &(list), .arg = "[STEP=]CMD", \
		.help = "words in front of each step that takes a guest or builds a kernel, or of one such step: srun, ssh (docs/sharing.md)" \
	}

/* What was said, else KTSTR_LAUNCHER; steps of graphs that run from now on have it. X_USAGE; X_NO_TOOL: there is no such program. */
int launcher_asked(const struct opt_list *list, struct err *e);

#define EXPLAIN_OPT(flag) \
	{ \
		.name = "explain", .type = OPT_FLAG, .out = &(flag), .help = "say why each step ran" \
	}

#define JOBS_OPT(n, most, text) \
	{ \
		.name = "jobs", .letter = 'j', .type = OPT_U64, .out = &(n), .arg = "N", .min = 1, .max = (most), \
		.help = (text) \
	}
