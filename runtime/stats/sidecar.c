#include "stats/sidecar.h"
#include "base/err.h"
#include "json/read.h"
#include "base/mem.h"
#include <inttypes.h>

const struct metric_name metric_names[METRICS] = {
	[M_SPREAD] = { "spread", "spread" },
	[M_GAP_MS] = { "gap_ms", "gap_ms" },
	[M_MIGRATIONS] = { "migrations", "migrations" },
	[M_MIGRATION_RATIO] = { "migration_ratio", "migration_ratio" },
	[M_IMBALANCE] = { "imbalance", "imbalance_ratio" },
	[M_DSQ_DEPTH] = { "dsq_depth", "max_dsq_depth" },
	[M_STALLS] = { "stalls", "stall_count" },
	[M_FALLBACK] = { "fallback", "fallback_count" },
	[M_KEEP_LAST] = { "keep_last", "keep_last_count" },
	[M_P99_WAKE_US] = { "p99_wake_lat_us", "p99_wake_latency_us" },
	[M_WAKE_CV] = { "wake_latency_cv", "wake_latency_cv" },
	[M_MEAN_DELAY_US] = { "mean_run_delay_us", "mean_run_delay_us" },
	[M_WORST_DELAY_US] = { "worst_run_delay_us", "worst_run_delay_us" },
	[M_MEDIAN_WAKE_US] = { "median_wake_lat_us", "median_wake_latency_us" },
	[M_ITERATIONS] = { "iterations", "total_iterations" },
	[M_IMBALANCE_DELTA] = { "imbalance_delta", "worst_imbalance_delta" },
	[M_DSQ_DELTA] = { "dsq_delta", "worst_dsq_delta" },
	[M_FALLBACK_DELTA] = { "fallback_delta", "worst_fallback_delta" },
	[M_KEEP_LAST_DELTA] = { "keep_last_delta", "worst_keep_last_delta" },
	[M_DEGRADATIONS] = { "degradations", "degradation_count" },
};

const char *const kvm_counter_names[KVM_COUNTERS] = {
	[K_EXITS] = "exits",
	[K_HALT_EXITS] = "halt_exits",
	[K_HALT_WAIT_NS] = "halt_wait_ns",
	[K_POLL_OK] = "halt_successful_poll",
	[K_POLL_TRIED] = "halt_attempted_poll",
	[K_PREEMPTED] = "preemption_reported",
	[K_SIGNAL_EXITS] = "signal_exits",
	[K_HYPERCALLS] = "hypercalls",
};

enum type { U64, I64, F64, BOOL, LIST };
enum { NOWHERE = -1 };

/* Members of an object that are numbers or the like; metric: where the value goes. */
struct member {
	const char *name;
	enum type type;
	bool required;
	int metric;
};

static const struct member stats_members[] = {
	{ "cgroups", LIST, true, NOWHERE },
	{ "total_workers", U64, true, NOWHERE },
	{ "total_cpus", U64, true, NOWHERE },
	{ "total_migrations", U64, true, M_MIGRATIONS },
	{ "worst_spread", F64, true, M_SPREAD },
	{ "worst_gap_ms", U64, true, M_GAP_MS },
	{ "worst_gap_cpu", U64, true, NOWHERE },
	{ "worst_migration_ratio", F64, false, M_MIGRATION_RATIO },
	{ "p99_wake_latency_us", F64, false, M_P99_WAKE_US },
	{ "median_wake_latency_us", F64, false, M_MEDIAN_WAKE_US },
	{ "wake_latency_cv", F64, false, M_WAKE_CV },
	{ "total_iterations", U64, false, M_ITERATIONS },
	{ "mean_run_delay_us", F64, false, M_MEAN_DELAY_US },
	{ "worst_run_delay_us", F64, false, M_WORST_DELAY_US },
	{ 0 },
};

static const struct member monitor_members[] = {
	{ "total_samples", U64, true, NOWHERE },
	{ "max_imbalance_ratio", F64, true, M_IMBALANCE },
	{ "max_local_dsq_depth", U64, true, M_DSQ_DEPTH },
	{ "stall_detected", BOOL, true, M_STALLS },
	{ 0 },
};

static const struct member event_members[] = {
	{ "total_fallback", I64, true, M_FALLBACK },
	{ "total_dispatch_keep_last", I64, true, M_KEEP_LAST },
	{ 0 },
};

/* Of the file itself: what 0.3.2 leaves to its own runs. */
static const struct member own_members[] = {
	{ "worst_imbalance_delta", F64, false, M_IMBALANCE_DELTA },
	{ "worst_dsq_delta", F64, false, M_DSQ_DELTA },
	{ "worst_fallback_delta", F64, false, M_FALLBACK_DELTA },
	{ "worst_keep_last_delta", F64, false, M_KEEP_LAST_DELTA },
	{ "degradation_count", U64, false, M_DEGRADATIONS },
	{ 0 },
};

/* 0, 1 for null, negative. */
static int value(const struct json *j, int tok, enum type type, double *out, struct err *e)
{
	uint64_t u = 0;
	int64_t i = 0;
	bool b = false;
	int r;

	switch (type) {
	case U64:
		r = json_u64(j, tok, &u, e);
		*out = (double)u;
		return r;
	case I64:
		r = json_i64(j, tok, &i, e);
		*out = (double)i;
		return r;
	case BOOL:
		r = json_bool(j, tok, &b, e);
		*out = b;
		return r;
	case LIST:
		if (json_kind(j, tok) == JSON_ARRAY)
			return 0;
		return err_set(e, X_FAIL, "a list was expected");
	case F64:
		break;
	}
	*out = 0;
	return json_double(j, tok, out, e) < 0 ? -1 : 0;
}

static int members(struct row *row, const struct json *j, int obj, const struct member *m, struct err *e)
{
	for (; m->name; m++) {
		int tok = json_get(j, obj, m->name), r;
		double v = 0;

		if (tok < 0 && !m->required)
			continue;
		if (tok < 0)
			return err_set(e, X_FAIL, "%s is missing", m->name);
		r = value(j, tok, m->type, &v, e);
		if (r < 0)
			return err_in(e, "%s", m->name);
		if (r > 0 && m->required)
			return err_set(e, X_FAIL, "%s is null", m->name);
		if (m->metric != NOWHERE)
			row->m[m->metric] = v;
	}
	return 0;
}

/* A member that is a text; with otherwise it may be missing. */
static int get_text(const char **out, struct names *names, const struct json *j, int obj, const char *key,
		    const char *otherwise, struct err *e)
{
	auto_free char *s = NULL;
	int tok = json_get(j, obj, key);

	if (json_str(j, tok, &s, e) < 0)
		return err_in(e, "%s", key);
	if (!s && !otherwise)
		return err_set(e, X_FAIL, "%s is missing", key);
	*out = names_keep(names, s ? s : otherwise);
	return 0;
}

static int get_u64(const struct json *j, int obj, const char *key, uint64_t *out, struct err *e)
{
	int r = json_u64(j, json_get(j, obj, key), out, e);

	if (r < 0)
		return err_in(e, "%s", key);
	return r ? err_set(e, X_FAIL, "%s is missing", key) : 0;
}

/* NULL for none of ours. */
static int optional(const char **out, struct names *names, const struct json *j, const char *key, struct err *e)
{
	if (get_text(out, names, j, 0, key, "", e) < 0)
		return -1;
	if (!**out)
		*out = NULL;
	return 0;
}

/* Which guest it was: the preset's name when there is one, else what the guest really had. */
static int get_topology(struct row *row, struct names *names, const struct json *j, struct err *e)
{
	const char *preset, *actual;

	if (get_text(&row->topology, names, j, 0, "topology", NULL, e) < 0 ||
	    optional(&preset, names, j, "preset", e) < 0 || optional(&actual, names, j, "actual_topology", e) < 0)
		return -1;
	if (preset || actual)
		row->topology = preset ? preset : actual;
	return 0;
}

static int get_strings(struct row *row, struct names *names, const struct json *j, struct err *e)
{
	if (get_text(&row->scenario, names, j, 0, "test_name", NULL, e) < 0 || get_topology(row, names, j, e) < 0 ||
	    get_text(&row->scheduler, names, j, 0, "scheduler", NULL, e) < 0 ||
	    get_text(&row->work_type, names, j, 0, "work_type", "CpuSpin", e) < 0 ||
	    get_text(&row->flags, names, j, 0, "flags", "", e) < 0 ||
	    get_text(&row->op, names, j, 0, "worst_degradation_op", "", e) < 0)
		return -1;
	return optional(&row->kernel, names, j, "kernel", e);
}

static int get_callback(struct callback *c, struct names *names, const struct json *j, int obj, struct err *e)
{
	int per_call = json_get(j, obj, "nsecs_per_call");

	if (get_text(&c->name, names, j, obj, "name", NULL, e) < 0 || get_u64(j, obj, "cnt", &c->cnt, e) < 0 ||
	    get_u64(j, obj, "nsecs", &c->nsecs, e) < 0)
		return -1;
	if (per_call < 0)
		return err_set(e, X_FAIL, "nsecs_per_call is missing");
	return json_double(j, per_call, &c->nsecs_per_call, e) < 0 ? err_in(e, "nsecs_per_call") : 0;
}

/* A list that may be missing or null; its length, or negative. */
static int list(const struct json *j, int tok, struct err *e)
{
	if (json_kind(j, tok) == JSON_NULL)
		return 0;
	return json_kind(j, tok) == JSON_ARRAY ? json_count(j, tok) : err_set(e, X_FAIL, "a list was expected");
}

static int get_callbacks(struct sidecar *s, struct names *names, const struct json *j, int tok, struct err *e)
{
	int n = list(j, tok, e);

	if (n <= 0)
		return n;
	s->callbacks = xcalloc((size_t)n, sizeof(*s->callbacks));
	s->n_callbacks = (size_t)n;
	for (int i = 0; i < n; i++) {
		if (get_callback(&s->callbacks[i], names, j, json_at(j, tok, i), e) < 0)
			return err_in(e, "program %d", i);
	}
	return 0;
}

static int get_insns(struct sidecar *s, struct names *names, const struct json *j, int tok, struct err *e)
{
	int n = list(j, tok, e);

	if (n <= 0)
		return n;
	s->insns = xcalloc((size_t)n, sizeof(*s->insns));
	s->n_insns = (size_t)n;
	for (int i = 0; i < n; i++) {
		int obj = json_at(j, tok, i);
		uint64_t v = 0;

		if (get_text(&s->insns[i].program, names, j, obj, "name", NULL, e) < 0 ||
		    get_u64(j, obj, "verified_insns", &v, e) < 0)
			return err_in(e, "program %d", i);
		if (v > UINT32_MAX)
			return err_set(e, X_FAIL, "program %d: %" PRIu64 " is out of range", i, v);
		s->insns[i].verified = (uint32_t)v;
	}
	return 0;
}

static int get_monitor(struct sidecar *s, struct names *names, const struct json *j, int tok, struct err *e)
{
	int events = json_get(j, tok, "event_deltas");

	if (json_kind(j, tok) == JSON_NULL)
		return 0;
	if (json_kind(j, tok) != JSON_OBJECT)
		return err_set(e, X_FAIL, "an object was expected");
	if (members(&s->row, j, tok, monitor_members, e) < 0)
		return -1;
	if (json_kind(j, events) != JSON_NULL && members(&s->row, j, events, event_members, e) < 0)
		return err_in(e, "event_deltas");
	if (get_callbacks(s, names, j, json_get(j, tok, "prog_stats_deltas"), e) < 0)
		return err_in(e, "prog_stats_deltas");
	return 0;
}

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static int get_kvm(struct sidecar *s, const struct json *j, int tok, struct err *e)
{
	int arr = json_get(j, tok, "per_vcpu");

	if (json_kind(j, tok) == JSON_NULL)
		return 0;
	if (json_kind(j, arr) != JSON_ARRAY)
		return err_set(e, X_FAIL, "per_vcpu: a list was expected");
	s->has_kvm = true;
	s->vcpus = (uint64_t)json_count(j, arr);
	for (int i = 0; i < json_count(j, arr); i++) {
		int obj = json_at(j, arr, i);

		if (json_kind(j, obj) != JSON_OBJECT)
			return err_set(e, X_FAIL, "per_vcpu: vCPU %d: an object was expected", i);
		for (int k = 0; k < KVM_COUNTERS; k++) {
			uint64_t v = 0;

			if (json_u64(j, json_get(j, obj, kvm_counter_names[k]), &v, e) < 0)
				return err_in(e, "per_vcpu: %s", kvm_counter_names[k]);
			s->kvm[k] = add(s->kvm[k], v);
		}
	}
	return 0;
}

static int get_scalars(struct row *row, const struct json *j, struct err *e)
{
	int r = json_bool(j, json_get(j, 0, "passed"), &row->passed, e);

	if (r != 0)
		return r < 0 ? err_in(e, "passed") : err_set(e, X_FAIL, "passed is missing");
	row->replica = 1;
	if (json_u64(j, json_get(j, 0, "replica"), &row->replica, e) < 0)
		return err_in(e, "replica");
	return members(row, j, 0, own_members, e);
}

static int get_all(struct sidecar *s, struct names *names, const struct json *j, struct err *e)
{
	int stats = json_get(j, 0, "stats");

	if (json_kind(j, 0) != JSON_OBJECT)
		return err_set(e, X_FAIL, "not an object");
	if (get_strings(&s->row, names, j, e) < 0 || get_scalars(&s->row, j, e) < 0)
		return -1;
	if (stats < 0)
		return err_set(e, X_FAIL, "stats is missing");
	if (members(&s->row, j, stats, stats_members, e) < 0)
		return err_in(e, "stats");
	if (json_kind(j, json_get(j, 0, "stimulus_events")) != JSON_ARRAY)
		return err_set(e, X_FAIL, "stimulus_events is missing");
	if (get_monitor(s, names, j, json_get(j, 0, "monitor"), e) < 0)
		return err_in(e, "monitor");
	if (get_insns(s, names, j, json_get(j, 0, "verifier_stats"), e) < 0)
		return err_in(e, "verifier_stats");
	if (get_kvm(s, j, json_get(j, 0, "kvm_stats"), e) < 0)
		return err_in(e, "kvm_stats");
	return 0;
}

int sidecar_parse(struct sidecar *s, struct names *names, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };
	struct sidecar got = { 0 };

	if (json_parse(&j, text, n, e) < 0)
		return -1;
	if (get_all(&got, names, &j, e) < 0) {
		sidecar_free(&got);
		return -1;
	}
	*s = got;
	return 0;
}

void sidecar_free(struct sidecar *s)
{
	free(s->callbacks);
	free(s->insns);
	*s = (struct sidecar){ 0 };
}
