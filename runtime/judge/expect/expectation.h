/* expectation.h: what a run must have been, as text of a line each:
 *
 *   METRIC[{GROUP}][@PHASE]                        a finding holds: isolated, progress@2
 *   METRIC[{GROUP}][@PHASE] OP VALUE[UNIT]         <= >= < > ==; without a unit it is the metric's own (metric.h)
 *   METRIC[{GROUP}][@PHASE] OP [F *] METRIC[{GROUP}][@PHASE] of OTHER
 *   METRIC[{GROUP}][@PHASE] off                    not asked; with {GROUP} or @PHASE: not of these
 *   log has "TEXT"   log lacks "TEXT"              the kernel's log or the scheduler's
 *   monitor                                        what the monitor is asked in 0.3.2
 *
 * Without {} each group, or each worker, must hold; with it the group's own figure is meant. Without @ all phases behind settle are
 * one; @2 is the second of them, @settle the time before them, @each each of them by itself. # begins a comment.
 *
 * Layers: of equal metric, group and phase the later layer wins. Within a layer the later line wins as well, but an upper and a lower
 * bound, and bounds of different others, stand side by side. */
#pragma once
#include "judge/expect/metric.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;

enum { EXPECT_TEXT = 64 << 10, EXPECT_MAX = 1024 }; /* bytes of a text; lines of all layers */

enum expect_layer { LAYER_DEFAULT, LAYER_SCHEDULER, LAYER_TEST, LAYER_COMMAND, LAYERS };
enum expect_op { OP_HOLDS, OP_LE, OP_GE, OP_LT, OP_GT, OP_EQ, OP_HAS, OP_LACKS, OP_OFF };
extern const char *const expect_op_names[]; /* "<=", …; "has", "lacks", "off"; "" of OP_HOLDS */

enum { PHASE_ALL = -1, PHASE_EACH = -2 }; /* 0: settle */

/* One side: which figure of which workers in which phases. */
struct expect_side {
	const struct metric *metric;
	char *name;  /* of an event, a program, a variable (metric->named); else NULL */
	char *group; /* NULL: each */
	int phase;   /* or PHASE_ALL, PHASE_EACH */
};

struct expectation {
	struct expect_side left;
	enum expect_op op;
	double value;             /* the limit, in the metric's base unit; with other the factor */
	struct expect_side right; /* metric NULL: the limit is a number */
	char *other;              /* "eevdf", "base", a profile; NULL */
	char *text;               /* of OP_HAS and OP_LACKS */
	enum expect_layer layer;
	unsigned line, column; /* where it stands; 0: a default */
};

struct expectations {
	struct expectation *v;
	size_t n;
};

/* Where a text stands, for messages: "FILE:LINE:COLUMN: …". file may be NULL. line and column: of the text's first character,
 * from 1 on. */
struct expect_place {
	const char *file;
	unsigned line, column;
};

/* The defaults of docs/scenarios.md; without those about a scheduler when there is none but the kernel's own. */
void expectations_default(struct expectations *x, bool scheduler);
/* Lays lines over x; a layer may come in several pieces, but not before a lower one. Hostile text in. X_USAGE with place and a tip; x is
 * then as it was. */
int expectations_add(struct expectations *x, enum expect_layer layer, const char *text, size_t n,
		     const struct expect_place *at, struct err *e);
/* A line that expectations_add() reads back to the same, and its left side alone. The caller frees. */
char *expectation_text(const struct expectation *x);
char *expect_side_text(const struct expect_side *s);
/* That all groups that are named are among these, and phases up to the last one (settle is 0). X_USAGE as above. file may be NULL. */
int expectations_check(const struct expectations *x, const char *const *groups, size_t n, unsigned last_phase,
		       const char *file, struct err *e);
/* All that is compared with, each once, in order; NULL behind the last. The list is the caller's, its texts are x's. */
const char **expectations_others(const struct expectations *x);
/* Whether any of them needs samples of run queues. */
bool expectations_sampled(const struct expectations *x);
void expectations_free(struct expectations *x); /* {0} too, and twice */
#define auto_expectations __attribute__((unused, cleanup(expectations_free)))
