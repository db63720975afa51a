/* request.h: tests on kernels and topologies, from the words of a command line to what came of them: what all verbs about tests have in
 * common. What is asked for besides stands in tests_asked (asked.h).
 *
 *   request_open()    the words, this machine            request_make()  the graph, run
 *   request_cells()   tests, kernels, profiles: cells    request_tell()  verdicts, as text or files, and an exit code
 */
#pragma once
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/cargo/package.h"
#include "gen/graph/guest.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/kernels/kernels.h"
#include "gen/matrix/matrix.h"
#include "gen/matrix/program.h"
#include "gen/matrix/rulings.h"
#include "text/argv.h"
#include "verifier/expect.h"
#include <stddef.h>
struct err;

struct request {
	const char *verb; /* start of the build folder's name */
	struct home home;
	struct argv words, scheduler_args; /* scenarios and programs; behind "--" */
	char *scheduler, *base;            /* absolute; NULL: as the texts say; no --diff-bin */
	struct package package;
	struct kernels kernels; /* with --diff-kernel that one is the first */
	struct kernels machine; /* what tests of the host run on */
	struct kernels own;     /* of those the ones that tests run on */
	struct expects expects; /* --expect */
	struct kernels_opts how;
	struct guest_plan guest; /* what all guests have in common */
	struct argv expect_lines, once_more;
	char *busybox; /* for --trace */
	char *again, *again_rest, *flags_file;
	int sidecars;              /* folder for their files; -1: none */
	char *here;                /* topology of this machine, when that is where they run */
	bool ask;                  /* nothing that takes a guest or a build is done (gen/graph/run.h) */
	bool programs;             /* words may name test programs */
	struct test_binary *asked; /* those that were asked */
	size_t n_asked;
	struct matrix matrix;
};

/* What running came to. */
struct made {
	struct plan plan;
	struct run run;
};

/* args: n of them, of which n_tests stand in front of "--". */
int request_open(struct request *q, size_t n, size_t n_tests, const char *const *args, struct err *e);
/* Kernels may be asked for, a package built, a scheduler asked for its flags. */
int request_cells(struct request *q, struct err *e);
/* Behind that, with --list-flags, in place of all the rest: prints what the one scheduler says. */
int request_flags(struct request *q, struct err *e);
/* tests.c, a part of it: the tests of its words, and where each runs. */
int request_tests(struct request *q, struct err *e);
/* Kernels that are missing are built in the same graph. ro: how it is told. */
int request_make(struct request *q, struct made *m, struct run_opts *ro, struct err *e);
/* How a verb tells what came of it. */
struct telling {
	void (*print)(const struct request *q, const struct rulings *all,
		      const struct made *m); /* on stdout, where no other form is asked for */
	void (*told)(const struct request *q, const struct rulings *all, const struct made *m,
		     int code); /* at the end; NULL: nothing */
};

/* Files that are asked for, sidecars among them, and stdout. The exit code, or negative. */
int request_tell(struct request *q, const struct made *m, const struct telling *t, struct err *e);
/* The same of a request that has no cell: whoever reads its files and JSON finds them with no test in them. */
int request_tell_none(const struct request *q, struct err *e);
void made_free(struct made *m);
void request_free(struct request *q);
#define auto_made __attribute__((unused, cleanup(made_free)))
#define auto_request __attribute__((unused, cleanup(request_free)))
