/* history.h: what came of cells before, in the store, below "history"; who loses it loses estimates and an order, and no result.
 *
 *   history/cells      "ktstr cells 1", then a line each: name, verdict, ms, day ("2027-03-31"), with tabs between
 *   history/runs/ID    "ktstr run 1", facts of the request as "key value" lines, an empty line, then a line per cell: name, verdict, ms, how
 *                      ("ran", "kept", "skipped")
 *
 *   history/last       folders of cells that did not pass in the last request of any verb (last.h)
 *
 * ID is the time and the process that made it, so that names are in order. The last 50 runs are kept, as far as 64 MB hold them and at least
 * one, and the 200,000 cells heard of last. `cache gc` takes what is old. Files are written whole or not at all. What is no line of ours is
 * passed over. */
#pragma once
#include "gen/base/index.h"
#include "judge/verdict.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct run;
struct rulings;

/* The last of a cell. */
struct past {
	const char *name;
	enum judgement verdict;
	uint64_t ms; /* that its guests took together, when they ran last; 0: not known */
	char day[11];
};

struct history {
	char *text; /* what names point into */
	struct past *v;
	size_t n;
	struct index by_name;
};

enum past_how { PAST_RAN, PAST_KEPT, PAST_SKIPPED, PAST_HOWS };
extern const char *const past_hows[PAST_HOWS];

/* One run as it was written down. */
struct past_cell {
	const char *name;
	enum judgement verdict;
	uint64_t ms;
	enum past_how how;
};

struct past_run {
	char *id, *text;
	const char *began, *took_ms, *exit, *command; /* in text; "" where it is not said */
	struct past_cell *v;
	size_t n;
};

/* Without a file it is empty. Negative: the store cannot be used. */
int history_read(struct history *h, struct err *e);
/* NULL: it was never heard of. */
const struct past *history_find(const struct history *h, const char *name);
void history_free(struct history *h);

/* After a request: a run more, and its cells. command: as it was given; code: what it ends with; began: seconds since 1970. */
int history_add(const struct rulings *all, const struct run *r, const char *command, int code, int64_t began,
		uint64_t took_ms, struct err *e);

/* Ids of runs, the last first, for the caller to free with their list. */
int history_runs(char ***ids, size_t *n, struct err *e);
/* id: NULL: the last. X_NO_INPUT: there is none such. r is to be freed in any case. */
int past_run_read(struct past_run *r, const char *id, struct err *e);
void past_run_free(struct past_run *r);
#define auto_history __attribute__((unused, cleanup(history_free)))
#define auto_past_run __attribute__((unused, cleanup(past_run_free)))
