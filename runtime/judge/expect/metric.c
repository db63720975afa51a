#include "judge/expect/metric.h"
#include "base/mem.h"
#include "text/distance.h"
#include <math.h>

#define OF(i, ...) [i] = { .id = (i), __VA_ARGS__ }
#define NUMBER(n, s, u) .name = (n), .phases = true, .scope = (s), .unit = (u)
#define TIME(n, s, u) NUMBER(n, s, u), .time = true
#define FINDING(n, s) .name = (n), .finding = true, .scope = (s)
#define NAMED(n, t, u) NUMBER(n, SCOPE_RUN, u), .tail = (t), .named = true

static const struct metric metrics[METRICS_ALL] = {
	OF(METRIC_ATTACHED, FINDING("attached", SCOPE_RUN)),
	OF(METRIC_CLEAN, FINDING("clean", SCOPE_RUN)),
	OF(METRIC_PROGRESS, FINDING("progress", SCOPE_WORKER), .phases = true),
	OF(METRIC_ATTACH_MAX, .name = "attach.max", .scope = SCOPE_RUN, .unit = UNIT_MS, .time = true),
	OF(METRIC_GAP_MAX, TIME("gap.max", SCOPE_WORKER, UNIT_MS)),
	OF(METRIC_GAP_CPU, TIME("gap.cpu", SCOPE_WORKER, UNIT_MS)),
	OF(METRIC_REAPED, .name = "reaped", .scope = SCOPE_WORKER, .unit = UNIT_MS, .time = true),
	OF(METRIC_ISOLATED, FINDING("isolated", SCOPE_WORKER), .phases = true),
	OF(METRIC_SPREAD, NUMBER("spread", SCOPE_GROUP, UNIT_PERCENT)),
	OF(METRIC_FAIRNESS, NUMBER("fairness", SCOPE_GROUP, UNIT_NONE)),
	OF(METRIC_SHARE_MIN, NUMBER("share.min", SCOPE_WORKER, UNIT_PERCENT)),
	OF(METRIC_ITERATIONS, NUMBER("iterations", SCOPE_WORKER, UNIT_NONE)),
	OF(METRIC_RATE, NUMBER("rate", SCOPE_WORKER, UNIT_RATE)),
	OF(METRIC_EFFICIENCY, NUMBER("efficiency", SCOPE_WORKER, UNIT_WORK)),
	OF(METRIC_RATE_CV, NUMBER("rate.cv", SCOPE_GROUP, UNIT_NONE)),
	OF(METRIC_EFFICIENCY_CV, NUMBER("efficiency.cv", SCOPE_GROUP, UNIT_NONE)),
	OF(METRIC_LATENCY_P50, TIME("latency.p50", SCOPE_GROUP, UNIT_US)),
	OF(METRIC_LATENCY_P99, TIME("latency.p99", SCOPE_GROUP, UNIT_US)),
	OF(METRIC_LATENCY_MAX, TIME("latency.max", SCOPE_GROUP, UNIT_US)),
	OF(METRIC_LATENCY_CV, NUMBER("latency.cv", SCOPE_GROUP, UNIT_NONE)),
	OF(METRIC_DELAY_MEAN, TIME("delay.mean", SCOPE_GROUP, UNIT_US)),
	OF(METRIC_DELAY_MAX, TIME("delay.max", SCOPE_WORKER, UNIT_US)),
	OF(METRIC_SLACK_P99, TIME("slack.p99", SCOPE_GROUP, UNIT_US)),
	OF(METRIC_MIGRATIONS, NUMBER("migrations", SCOPE_GROUP, UNIT_NONE)),
	OF(METRIC_MIGRATION_RATIO, NUMBER("migration.ratio", SCOPE_GROUP, UNIT_NONE)),
	OF(METRIC_IDLE_WHILE_WAITING, TIME("idle.while.waiting", SCOPE_RUN, UNIT_MS)),
	OF(METRIC_IMBALANCE, NUMBER("imbalance", SCOPE_GROUP, UNIT_NONE)),
	OF(METRIC_DSQ_DEPTH, NUMBER("dsq.depth", SCOPE_RUN, UNIT_NONE)),
	OF(METRIC_WAIT_AGE, TIME("wait.age", SCOPE_RUN, UNIT_MS)),
	OF(METRIC_RQ_STUCK, FINDING("rq.stuck", SCOPE_RUN), .phases = true),
	OF(METRIC_EVENT_RATE, NAMED("event.", ".rate", UNIT_RATE)),
	OF(METRIC_EVENT, NAMED("event.", "", UNIT_NONE)),
	OF(METRIC_PROG_NS, NAMED("prog.", ".ns", UNIT_NS)),
	OF(METRIC_PROG_RUNS, NAMED("prog.", ".runs", UNIT_NONE)),
	OF(METRIC_VAR, NAMED("var.", "", UNIT_NONE)),
	OF(METRIC_PROGRAM, .name = "program.", .tail = "", .named = true, .scope = SCOPE_RUN, .unit = UNIT_NONE),
	OF(METRIC_LOG, FINDING("log", SCOPE_RUN)),
};

/* What 0.3.2 calls them. */
static const struct {
	const char *old, *name;
} olds[] = {
	{ "not_starved", "progress" },
	{ "isolation", "isolated" },
	{ "max_gap_ms", "gap.max" },
	{ "max_spread_pct", "spread" },
	{ "min_iteration_rate", "rate" },
	{ "min_work_rate", "efficiency" },
	{ "max_throughput_cv", "efficiency.cv" },
	{ "max_p99_wake_latency_ns", "latency.p99" },
	{ "max_wake_latency_cv", "latency.cv" },
	{ "max_migration_ratio", "migration.ratio" },
	{ "max_imbalance_ratio", "imbalance" },
	{ "max_local_dsq_depth", "dsq.depth" },
	{ "fail_on_stall", "rq.stuck" },
	{ "max_fallback_rate", "event.SCX_EV_SELECT_CPU_FALLBACK.rate" },
	{ "max_keep_last_rate", "event.SCX_EV_DISPATCH_KEEP_LAST.rate" },
};

const struct metric *metric_get(enum metric_id id)
{
	return &metrics[id];
}

bool metric_sampled(const struct metric *m)
{
	return m->id >= METRIC_IDLE_WHILE_WAITING && m->id <= METRIC_RQ_STUCK;
}

/* Bytes of NAME between what stands before and behind it; 0: word is no such metric. */
static size_t named(const struct metric *m, const char *word, const char **name)
{
	size_t n = strlen(word), head = strlen(m->name), tail = strlen(m->tail);

	if (n <= head + tail || strncmp(word, m->name, head) != 0 || strcmp(word + n - tail, m->tail) != 0)
		return 0;
	*name = word + head;
	return n - head - tail;
}

const struct metric *metric_find(const char *word, char **name)
{
	const char *from;
	size_t n;

	if (name)
		*name = NULL;
	for (size_t i = 0; i < METRIC_LOG; i++) {
		const struct metric *m = &metrics[i];

		if (!m->named && !strcmp(m->name, word))
			return m;
		n = m->named ? named(m, word, &from) : 0;
		if (!n)
			continue;
		if (name)
			*name = xstrndup(from, n);
		return m;
	}
	return NULL;
}

const char *metric_near(const char *word)
{
	const char *best = NULL;
	unsigned least = 1 + (unsigned)strlen(word) / 3, d;

	for (size_t i = 0; i < countof(olds); i++) {
		if (!strcmp(olds[i].old, word))
			return olds[i].name;
	}
	for (size_t i = 0; i < METRIC_LOG; i++) {
		if (metrics[i].named)
			continue;
		d = edit_distance(word, metrics[i].name);
		if (strlen(word) >= 3 && !strncmp(word, metrics[i].name, strlen(word)))
			d = 1;
		if (d < least + !best) {
			least = d;
			best = metrics[i].name;
		}
	}
	return best;
}

char *metric_text(const struct metric *m, const char *name)
{
	return m->named ? xasprintf("%s%s%s", m->name, name, m->tail) : xstrdup(m->name);
}

static const struct {
	enum metric_unit of;
	const char *text;
	double base;
} units[] = {
	{ UNIT_MS, "ms", 1e6 }, { UNIT_MS, "us", 1e3 },   { UNIT_MS, "µs", 1e3 }, { UNIT_MS, "ns", 1 },
	{ UNIT_MS, "s", 1e9 },  { UNIT_PERCENT, "%", 1 }, { UNIT_RATE, "/s", 1 }, { UNIT_WORK, "/CPU-s", 1 },
};

static bool is_time(enum metric_unit u)
{
	return u == UNIT_MS || u == UNIT_US || u == UNIT_NS;
}

static double own_unit(enum metric_unit u)
{
	return u == UNIT_MS ? 1e6 : u == UNIT_US ? 1e3 : 1;
}

double metric_unit(const struct metric *m, const char *text, size_t *n)
{
	*n = strcspn(text, " \t");
	if (!*n)
		return own_unit(m->unit);
	for (size_t i = 0; i < countof(units); i++) {
		if ((units[i].of == m->unit || (units[i].of == UNIT_MS && is_time(m->unit))) &&
		    strlen(units[i].text) == *n && !memcmp(units[i].text, text, *n))
			return units[i].base;
	}
	return 0;
}

const char *metric_unit_text(const struct metric *m)
{
	static const char *const texts[] = {
		[UNIT_NONE] = "",      [UNIT_MS] = " ms",  [UNIT_US] = " µs",      [UNIT_NS] = " ns",
		[UNIT_PERCENT] = " %", [UNIT_RATE] = "/s", [UNIT_WORK] = "/CPU-s",
	};

	return texts[m->unit];
}

/* At least four digits, and none that say nothing. */
static int decimals(double size)
{
	int n = 0;

	while (n < 6 && size < 1000) {
		size *= 10;
		n++;
	}
	return n;
}

char *metric_value(const struct metric *m, double value, bool exact)
{
	bool ms = m->unit == UNIT_US && fabs(value) >= 1e7;
	double v = value / (ms ? 1e6 : own_unit(m->unit));
	char digits[512]; /* a double has at most 309 digits before its point */
	size_t n;

	n = (size_t)snprintf(digits, sizeof(digits), "%.*f", exact ? 9 : decimals(fabs(v)), v);
	if (strchr(digits, '.')) {
		while (digits[n - 1] == '0')
			n--;
		n -= digits[n - 1] == '.';
		digits[n] = '\0';
	}
	return xasprintf("%s%s", digits, ms ? " ms" : metric_unit_text(m));
}
