/* line.h: one line of a scenario, as it is written: what happens, to which cgroup. */
#pragma once
#include "scenario/affinity.h"
#include "scenario/memory.h"
#include "scenario/number.h"
#include "scenario/plan.h"
#include "scenario/policy.h"
#include "scenario/set.h"
#include "scenario/worktype.h"
#include <stdbool.h>
#include <stdint.h>

enum line_kind {
	LINE_CGROUP,
	LINE_WORK,
	LINE_HOLD,
	LINE_MARK,
	LINE_EVERY,
	LINE_EACH,
	LINE_END, /* of EVERY or EACH */
	LINE_SET,
	LINE_SWAP,
	LINE_MOVE,
	LINE_STOP,
	LINE_REMOVE,
	LINE_FREEZE,
	LINE_THAW,
	LINE_AFFINITY,
	LINE_NICE,
	LINE_POLICY,
	LINE_CPU,
	LINE_SCHEDULER,
	LINE_PSI,
	LINE_FREEZER,
	LINE_VAR,
	LINE_MAP,
	LINE_PROGRAM,
	LINE_KINDS,
};

struct line_affinity {
	enum affinity_kind kind;
	struct set *set; /* of AFFINITY_SET */
};

/* As struct plan_knobs, before there is a topology. */
struct line_knobs {
	struct plan_knobs plain; /* all but the CPUs */
	struct set *cpuset;      /* NULL with KNOB_CPUSET: inherit */
};

struct line_work {
	struct worktype_use use;
	struct policy policy;
	int nice;
	struct line_affinity affinity;
	struct memory memory;
	char *comm; /* NULL: the type */
	unsigned uid;
	bool threads;
};

enum each_kind { EACH_CPU, EACH_USABLE, EACH_LLC, EACH_NODE, EACH_CORE, EACH_KINDS };

/* Of the numbers 0… of that kind the first max, and of them the part-th of so many parts. */
struct line_each {
	enum each_kind over;
	unsigned max;         /* 0: all */
	unsigned part, parts; /* parts 0: all */
};

/* Names may hold "$" in a block of LINE_EACH. */
struct scenario_line {
	enum line_kind kind;
	unsigned line, column;
	char *name, *other; /* cgroups; NULL: "-". The name of a mark, a variable, a map, a profile */
	struct amount
		amount; /* HOLD, FREEZER, and END of EVERY: how long. WORK, MOVE, PROGRAM: how many, value 0: not said. MAP: where */
	uint64_t every_ns;
	size_t block; /* END: the line it ends */
	struct line_each each;
	struct line_knobs *knobs;      /* CGROUP, SET */
	struct line_work *work;        /* WORK */
	struct line_affinity affinity; /* CPU: its set */
	struct policy policy;
	int nice;
	bool online; /* CPU: they come back */
	enum plan_deed deed;
	int64_t value; /* VAR, MAP */
	char **argv;   /* PROGRAM: path and arguments, NULL-ended */
};

/* Words of lines and blocks, for tips and the writer. */
extern const char *const line_words[LINE_KINDS];
extern const char *const each_words[EACH_KINDS];
extern const char *const affinity_words[]; /* NULL for AFFINITY_SET */

void line_free(struct scenario_line *l);
