/* metric.h: what can be expected of a run, by name. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What a number of a metric is in facts, and the unit of a number without one. */
enum metric_unit {
	UNIT_NONE,    /* counts and ratios */
	UNIT_MS,      /* base: ns */
	UNIT_US,      /* base: ns */
	UNIT_NS,      /* base: ns */
	UNIT_PERCENT, /* points of a hundred; "%" may follow */
	UNIT_RATE,    /* per second; "/s" may follow */
	UNIT_WORK,    /* per second of CPU time; "/CPU-s" may follow */
};

/* What must hold when no group is named, and of what the figure is. */
enum metric_scope {
	SCOPE_RUN,    /* the run; no group can be named */
	SCOPE_GROUP,  /* each group */
	SCOPE_WORKER, /* each worker */
};

enum metric_id {
	METRIC_ATTACHED,
	METRIC_CLEAN,
	METRIC_PROGRESS,
	METRIC_ATTACH_MAX,
	METRIC_GAP_MAX,
	METRIC_GAP_CPU,
	METRIC_REAPED,
	METRIC_ISOLATED,
	METRIC_SPREAD,
	METRIC_FAIRNESS,
	METRIC_SHARE_MIN,
	METRIC_ITERATIONS,
	METRIC_RATE,
	METRIC_EFFICIENCY,
	METRIC_RATE_CV,
	METRIC_EFFICIENCY_CV,
	METRIC_LATENCY_P50,
	METRIC_LATENCY_P99,
	METRIC_LATENCY_MAX,
	METRIC_LATENCY_CV,
	METRIC_DELAY_MEAN,
	METRIC_DELAY_MAX,
	METRIC_SLACK_P99,
	METRIC_MIGRATIONS,
	METRIC_MIGRATION_RATIO,
	METRIC_IDLE_WHILE_WAITING,
	METRIC_IMBALANCE,
	METRIC_DSQ_DEPTH,
	METRIC_WAIT_AGE,
	METRIC_RQ_STUCK,
	METRIC_EVENT_RATE, /* before METRIC_EVENT: "event.X.rate" is no event "X.rate" */
	METRIC_EVENT,
	METRIC_PROG_NS,
	METRIC_PROG_RUNS,
	METRIC_VAR,
	METRIC_PROGRAM,
	METRIC_LOG, /* "log has", "log lacks" */
	METRICS_ALL
};

struct metric {
	enum metric_id id;
	const char *name; /* of a named one what stands before the name: "event." */
	const char *tail; /* and behind it: ".rate"; else NULL */
	bool named;       /* event.NAME and the like */
	bool finding;     /* holds or not: no number, no limit */
	bool phases;      /* @ can be said */
	bool time;        /* a time that a vCPU standing still makes longer */
	enum metric_scope scope;
	enum metric_unit unit;
};

const struct metric *metric_get(enum metric_id id);
/* Its figures come from samples of run queues, which are taken only where somebody asks for them. */
bool metric_sampled(const struct metric *m);
/* Of a word; name (may be NULL) is the caller's then: NAME of event.NAME, NULL without. NULL: no such metric. */
const struct metric *metric_find(const char *word, char **name);
/* The nearest one's name; NULL: none is near. */
const char *metric_near(const char *word);
/* The metric as it is written, {name} filled in. The caller frees. */
char *metric_text(const struct metric *m, const char *name);
/* A value in base unit, as people read it: "412.3 ms", "0.98", "12.5 %"; four digits and more, or with exact all that matter. The
 * caller frees. */
char *metric_value(const struct metric *m, double value, bool exact);
/* " ms", "/s", …; "" */
const char *metric_unit_text(const struct metric *m);
/* How many base units one of the unit is that makes up text to its end or a blank; *n: its bytes. Nothing there: the metric's own. 0:
 * another one than this metric has. */
double metric_unit(const struct metric *m, const char *text, size_t *n);
