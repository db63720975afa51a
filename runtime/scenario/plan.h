/* plan.h: a scenario on a topology: every CPU set, count and time is a number. What the engine executes. */
#pragma once
#include "scenario/affinity.h"
#include "scenario/error.h"
#include "scenario/memory.h"
#include "scenario/places.h"
#include "scenario/policy.h"
#include "scenario/program.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct scenario;

enum { PLAN_PROGRAMS_MAX = 256 /* started in all */ };
enum { PLAN_WORKERS_MAX = 4096, PLAN_GROUPS_MAX = 512, PLAN_STEPS_MAX = 16384, PLAN_NO_GROUP = -1 };

enum plan_kind {
	PLAN_CGROUP, /* make group; its parent is there. knobs */
	PLAN_WORK,   /* start workers in group. work */
	PLAN_HOLD,   /* let ns pass. Outside of blocks this ends a phase */
	PLAN_MARK,   /* name */
	PLAN_EVERY, /* steps up to the END that belongs to it, each ns anew until for_ns passed since the first. Ends a phase, as a
			* hold does. When a pass took longer than ns the next one follows at once */
	PLAN_END,  /* of EVERY; first: where its steps begin */
	PLAN_SET,  /* knobs of group */
	PLAN_SWAP, /* group and other get each other's cpuset, as it is then */
	PLAN_MOVE, /* n workers of group to other; n 0: all. The first started go first. apart: threads go one by one, else their
			* process goes, which is in group whole */
	PLAN_STOP,      /* all workers of group and of those in it end; they are judged */
	PLAN_REMOVE,    /* stop, then remove group; nothing is below it */
	PLAN_FREEZE,    /* group */
	PLAN_THAW,      /* group */
	PLAN_AFFINITY,  /* affinity of group's live workers */
	PLAN_NICE,      /* nice of group's live workers */
	PLAN_POLICY,    /* policy of group's live workers */
	PLAN_OFFLINE,   /* knobs.cpus go; CPU 0 is none of them */
	PLAN_ONLINE,    /* knobs.cpus come back; some of them may be there */
	PLAN_SCHEDULER, /* deed; name: the profile of REPLACE */
	PLAN_PSI, /* a trigger of group's CPU pressure, or the machine's, is held open, in place of the one before */
	PLAN_FREEZER, /* all tasks are frozen for ns, as for a suspend, and thawed */
	PLAN_VAR,     /* the attached scheduler's global name becomes value */
	PLAN_PROGRAM, /* copies of argv, number n of the plan's programs, start in group */
	PLAN_MAP,     /* the 32 bits at n of the first entry of the map whose name ends in name become value */
};

/* What is done to the scheduler under test by whoever runs the engine. Nothing, when there is none. */
enum plan_deed { DEED_ATTACH, DEED_DETACH, DEED_RESTART, DEED_REPLACE, DEEDS };
extern const char *const plan_deeds[DEEDS]; /* "attach", … */

enum plan_knob {
	KNOB_CPUSET = 1, /* cpus; none at all: nothing of its own, the parent's */
	KNOB_MEMS = 2,   /* NUMA nodes, likewise */
	KNOB_WEIGHT = 4,
	KNOB_MAX = 8,
	KNOB_IDLE = 16,
	KNOB_THREADED = 32,
	KNOB_PIDS = 64,
};

struct plan_knobs {
	unsigned given; /* bits of enum plan_knob */
	struct cpus cpus, mems;
	unsigned weight;              /* 1…10000 */
	uint64_t quota_ns, period_ns; /* quota 0: no limit */
	bool idle, threaded;
	unsigned pids; /* 0: no limit */
};

struct plan_work {
	char *text;           /* "bursty:run=5ms,sleep=5ms": the type as it is written canonically, for reports */
	const char *type;     /* "bursty", "prog", "fn:NAME" */
	const char *function; /* the NAME of "fn:NAME"; NULL: the work is the program's acts */
	const struct program *program; /* the scenario's, which must live as long as the plan */
	unsigned n; /* workers, whole groups of program->group: worker i is number i % group of group i / group */
	unsigned slot_base;   /* the slot of an act that is not shared: slot_base + group * program->slots + act.slot */
	struct policy policy; /* where a role has none of its own */
	int nice;
	struct affinity affinity;
	struct memory memory;
	char comm[16];
	unsigned uid; /* 0: root, as the engine is */
	bool threads; /* of one process, and not a process each */
};

struct plan_step {
	enum plan_kind kind;
	unsigned line;    /* of the text */
	int group, other; /* indices of plan.groups, PLAN_NO_GROUP: no cgroup of ours ("-") */
	uint64_t ns, for_ns;
	size_t first;
	unsigned n;
	char *name; /* of MARK, SCHEDULER, VAR, MAP, else NULL */
	enum plan_deed deed;
	bool apart;
	int64_t value;
	char *const *argv; /* of PROGRAM, the scenario's; NULL-ended */
	unsigned copies;
	struct plan_knobs knobs;
	struct plan_work *work; /* NULL but for PLAN_WORK */
	struct policy policy;
	struct affinity affinity;
	int nice;
};

/* A group may be removed and made again; it stays one. */
struct plan_group {
	char *name; /* "a/b" */
	int parent; /* PLAN_NO_GROUP: none of ours */
};

struct scenario_plan {
	uint64_t duration_ns, settle_ns;
	struct plan_step *steps;
	size_t n_steps;
	struct plan_group *groups;
	size_t n_groups;
	unsigned workers;           /* all that lines start, each line once */
	unsigned slots;             /* for all groups of workers; shared ones are apart */
	enum slot_kind *slot_kinds; /* of slots */
	struct slots shared;
	unsigned phases;       /* without settle */
	uint64_t hold_ns;      /* what all holds take */
	unsigned controllers;  /* bits of enum plan_knob that any line uses */
	const char **programs; /* of the host, as the text names them, each once; behind them that of functions */
	size_t n_programs;
	unsigned
		functions; /* line of the first work that is a function; 0: none is. Their program is the last of programs, and has
			     * an empty name when the text does not name it */
	unsigned copies; /* of all of them, by each line once */
	bool freezes, hotplug, psi, freezer;
	bool schedules; /* it has lines about the scheduler */
	bool later;     /* and begins without one */
	struct places places;
};

/* The scenario must live as long as the plan. SCENARIO_OK, or e is filled: SKIP when the topology lacks an index, CPUs for parts, or what "needs" says; BAD for empty sets,
 * counts that a group does not divide, and bounds passed. scenario_plan_free() in either case. */
enum scenario_fault scenario_plan_make(struct scenario_plan *plan, const struct scenario *s, const struct places *p,
				       struct scenario_error *e);
void scenario_plan_free(struct scenario_plan *plan);
/* Whether a worker of it does such an act. */
bool plan_does(const struct scenario_plan *plan, enum act_kind kind);
/* Whether anything of it is in a cgroup of ours, or makes one. */
bool plan_uses_cgroups(const struct scenario_plan *plan);
/* What of it cannot be done to a machine that is not ours, in words ("a freezer pass"); NULL: all can. */
const char *plan_guests_only(const struct scenario_plan *plan);
