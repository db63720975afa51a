/* verdict.h: what came of a test on one kernel, topology and profile, over all its seeds, as verdict.json. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;
struct jsonw;

/* Worst first. */
enum judgement { JUDGED_BROKEN, JUDGED_FAIL, JUDGED_INCONCLUSIVE, JUDGED_PASS, JUDGED_SKIP, JUDGEMENTS };
extern const char *const judgement_names[JUDGEMENTS]; /* "broken", "fail", … */

/* The worse of the two. */
enum judgement judgement_worse(enum judgement a, enum judgement b);

struct verdict_rules {
	bool allow_inconclusive; /* --allow-inconclusive */
	bool no_skip;            /* --no-skip */
	bool timed_out;          /* what is broken is so because a deadline passed */
};
enum { JUDGED_EXIT_INCONCLUSIVE = 2 };
/* Exit code of one test: docs/exit-codes.md. Broken: X_VM or X_TIMEOUT. */
int judgement_exit(enum judgement j, const struct verdict_rules *rules);

/* One expectation on one seed. */
struct verdict_check {
	char *metric;             /* as it is written; of log: "log has" */
	char *group, *op, *other; /* NULL: none */
	char *words;              /* one line for people; never NULL */
	char *sight;              /* a second one: what stood in run queues then; NULL: nobody looked */
	int phase;                /* or PHASE_ALL, PHASE_EACH (expectation.h): what was asked */
	uint64_t seed;
	bool value_known, limit_known, at_known;
	double value, limit; /* in the metric's base unit */
	uint64_t at_ns;      /* when it began, since go */
	enum judgement verdict;
};

struct verdict_seed {
	uint64_t seed;
	enum judgement verdict;
	char *words; /* why it is broken or skipped; NULL else */
};

/* A figure over all seeds that have it. */
struct verdict_figure {
	char *metric, *group;
	size_t n;
	double min, median, max; /* the median of an even number: the lower of the two */
};

struct ruling {
	char *test, *kernel, *topology, *preset, *profile, *scheduler; /* NULL: not known */
	char *again; /* the command that repeats the first failure; NULL */
	char *command,
		*command_rest; /* that runs it with all its seeds, and what belongs behind further options; NULL: not known */
	enum judgement verdict;
	struct verdict_seed *seeds;
	size_t n_seeds;
	struct verdict_check *checks; /* by seed, then as the expectations */
	size_t n_checks;
	struct verdict_figure *figures;
	size_t n_figures;
};

/* The first seed that was judged as the whole was; NULL: there is none. */
const struct verdict_seed *verdict_worst_seed(const struct ruling *v);
/* The check that a report begins with: of that seed's failures (or what is inconclusive) the one that began first. NULL: none. */
const struct verdict_check *verdict_first(const struct ruling *v);

void verdict_write(FILE *to, const struct ruling *v);
/* The same members, into an object that is open. */
void verdict_members(struct jsonw *w, const struct ruling *v);
/* Hostile text in; words, sights and metrics come out of the filter of text/text.h. X_FAIL, naming the member. */
int verdict_read(struct ruling *v, const char *text, size_t n, struct err *e);
void verdict_free(struct ruling *v); /* {0} too, and twice */
#define auto_verdict __attribute__((unused, cleanup(verdict_free)))
