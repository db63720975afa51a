/* matrix.h: tests on kernels and topologies, with profiles and seeds, as edges of one graph.
 *
 *   scenarios/X/{text,test}   tests/S/K/T[/P]/seed-N/{run.json,console.log,sched.log}   tests/S/K/T[/P]/verdict.json
 *   schedulers/N[-ARCH]/payload.pack   eevdf/S/K/T/seed-N/…: what "of eevdf" compares with; base/S/K/T[/P]/seed-N/…: "of base"
 *   audits/S/K/T[/P]/seed-N/…: the same run once more (audit.h)
 *   apart/S/K/T[/P]/seed-N/verdict.json: of that seed alone, in place of the verdict of all
 *
 * The slug of a test is S, and so is X, unless a test has several texts; kernels, topologies and profiles are those of a sweep (gen/sweep/sweep.h). */
#pragma once
#include "gen/matrix/fit.h"
#include "gen/matrix/test.h"
#include "gen/sweep/flags.h"
#include "gen/sweep/sweep.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct edge;
struct err;
struct home;
struct kernels;
struct plan;
struct program_test;

struct seeds {
	uint64_t first;
	size_t n;
};
enum { SEEDS_MAX = 1000 };

/* What expectations compare with, beside profiles: the kernel's own scheduler, and what the request says to compare with. */
#define EEVDF "eevdf"
#define BASE "base"

/* One test on one kernel and topology with one profile, and all its seeds. */
struct matrix_cell {
	const struct matrix_test *test;
	const struct sweep_cell *on;
	const char *preset;         /* a name of the topology; NULL */
	const struct fit *fit;      /* skip NULL: it runs */
	int rank;                   /* of its edges (gen/graph/plan.h) */
	bool out;                   /* the request leaves it out: it may still run, for others that compare with it */
	char *dir;                  /* below the build folder */
	const struct edge **runs;   /* one per seed; after matrix_plan() */
	bool *twice;                /* one per seed: it is audited */
	const struct edge **audits; /* … by this edge; NULL: it is not */
	const struct edge *judge;   /* NULL: its seeds are judged apart */
	const struct edge **apart;  /* one per seed, where they are judged apart: by this edge */
};

struct matrix_test {
	struct test test;
	char *text; /* its folder below "scenarios": the slug, or that with what tells texts of one test apart */
	const char *program;           /* the test program that it is of, absolute; NULL: of none */
	const struct program_test *of; /* what that says of it */
	bool judged;                   /* a function of that program judges it besides */
	bool host;                     /* a function of that program on this machine is all of it: no text, no guest */
	bool real;                     /* by a real clock */
	struct profile_opts profiles;
	const char *flags;       /* file with flags of its scheduler, absolute; NULL: none */
	uint64_t timeout;        /* seconds to attach in; 0: as the step has it */
	struct argv words;       /* options that a command needs to run it again, beside those of the request */
	struct sweep sweep;      /* its kernels, topologies and profiles; scheduler NULL: the kernel's own */
	const char *const *args; /* of its scheduler, NULL-ended: what sweep.o.args is */
	struct seeds seeds;
	struct argv sysctls, kargs;           /* what its guests are booted with */
	struct argv goes_on;                  /* profiles that its lines replace the scheduler by; sweep.asked */
	char *payload;                        /* folder of its scheduler below the build folder */
	const struct matrix_test *payload_of; /* the first test with that scheduler, after whom its edge is called */
	struct fit *fits;                     /* one per guest of the sweep */
	struct matrix_cell *cells;
	size_t n;
};

struct matrix {
	const struct home *home;
	struct matrix_test *tests;
	size_t n;
	const char *payload;              /* in place of what is packed of the scheduler, absolute; NULL: that */
	const char *base;                 /* --diff-bin, absolute; NULL: the scheduler of the test */
	const struct target *base_kernel; /* --diff-kernel; NULL: the kernel of the cell */
	const char *const *expect_lines;  /* NULL-ended */
	const char *again;                /* options of the request that a command needs to run a cell again; "" none */
	const char *again_rest;           /* "-- ARGS", which stands behind all others; "" none */
	uint64_t duration, workers;       /* as test_opts have them */
	const char *trace; /* a static busybox, by which all guests of these have their kernel trace; NULL: none does */
	const char *const
		*once_more; /* NULL-ended words for what is audited, when it runs once more: to look into it */
	uint64_t sample_ms; /* of guest time between two looks at run queues; 0: where something asks for them */
	bool force;
	bool apart; /* each seed has a verdict of its own as soon as it ran */
	bool here;  /* no guests: this machine (here.h) */
};

/* "N" (so many, from first on), "A..B". X_USAGE. */
int seeds_parse(struct seeds *s, const char *text, uint64_t first, struct err *e);

/* The cell of the same kernel and topology with that profile; NULL: there is none. */
const struct matrix_cell *matrix_profile(const struct matrix_cell *c, const char *name);
/* Memory and names of a test's guests, behind sweep_topologies(): one graph has the guests of all tests, so what tells two of a kind apart
 * is in their names. asked_mb: what the request gives each; 0: what the test and its CPUs need. */
void matrix_guests(struct matrix_test *t, uint64_t asked_mb, bool here);
/* A cell's name, which is its folder without "tests/": TEST/KERNEL/TOPOLOGY[/PROFILE]. It is the same in each request that has the cell. */
const char *matrix_name(const struct matrix_cell *c);
/* The command that runs it again, without its seed. Caller frees. */
char *matrix_again(const struct matrix *m, const struct matrix_cell *c);
/* X_USAGE when two tests have one name. */
int matrix_names(const struct matrix *m, struct err *e);
/* option: what the request says to compare with; NULL: nothing. X_USAGE when no test does. */
int matrix_compared(const struct matrix *m, const char *option, struct err *e);
/* Cells of all tests, whose sweeps have their cells. X_USAGE for a text that is wrong on one of its topologies, for "of OTHER" that there
 * is not, and for a cell that there is twice. */
int matrix_cells(struct matrix *m, struct err *e);
/* Folder of a seed's own verdict, below the build folder. Caller frees. */
char *matrix_apart(const struct matrix_cell *c, size_t seed);
/* The largest guest. */
void matrix_largest(const struct matrix *m, uint64_t *memory_mb, unsigned *cpus);
/* Edges for all that is not skipped. kernels_plan() has been called. Fails as guest_plan_allows(). */
int matrix_plan(struct plan *p, struct matrix *m, struct err *e);
void matrix_free(struct matrix *m);
