#include "stats/sidecar.h"
#include "base/err.h"
#include "base/mem.h"
#include "stats/shape.h"
#include <math.h>

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

/* The members that 0.3.2 reads, and those of ours and of newer versions that say more. Required is what all of them write. */

enum { VALUES_MAX = 4 << 20 }; /* of one file */
#define HAS(seen, i) ((seen) >> (i)&1)

static const struct shape ext_metrics = { .others = SHAPE_F64 };

static const struct shape_member cgroup_members[] = {
	{ SHAPE_NAME("num_workers"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("num_cpus"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("avg_off_cpu_pct"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("min_off_cpu_pct"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("max_off_cpu_pct"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("spread"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("max_gap_ms"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("max_gap_cpu"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_migrations"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("migration_ratio"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("p99_wake_latency_us"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("median_wake_latency_us"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("wake_latency_cv"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("total_iterations"), .type = SHAPE_U64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("mean_run_delay_us"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("worst_run_delay_us"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("ext_metrics"), .type = SHAPE_OBJECT, .of = &ext_metrics },
};
static const struct shape cgroup = { cgroup_members, countof(cgroup_members), SHAPE_ANY, NULL };

static const struct shape_member stats_members[] = {
	{ SHAPE_NAME("cgroups"), .type = SHAPE_LIST, .rules = SHAPE_REQUIRED, .of = &cgroup },
	{ SHAPE_NAME("total_workers"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_cpus"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_migrations"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED, .number = 1 + M_MIGRATIONS },
	{ SHAPE_NAME("worst_spread"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED, .number = 1 + M_SPREAD },
	{ SHAPE_NAME("worst_gap_ms"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED, .number = 1 + M_GAP_MS },
	{ SHAPE_NAME("worst_gap_cpu"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("worst_migration_ratio"), .type = SHAPE_F64, .number = 1 + M_MIGRATION_RATIO },
	{ SHAPE_NAME("p99_wake_latency_us"), .type = SHAPE_F64, .number = 1 + M_P99_WAKE_US },
	{ SHAPE_NAME("median_wake_latency_us"), .type = SHAPE_F64, .number = 1 + M_MEDIAN_WAKE_US },
	{ SHAPE_NAME("wake_latency_cv"), .type = SHAPE_F64, .number = 1 + M_WAKE_CV },
	{ SHAPE_NAME("total_iterations"), .type = SHAPE_U64, .number = 1 + M_ITERATIONS },
	{ SHAPE_NAME("mean_run_delay_us"), .type = SHAPE_F64, .number = 1 + M_MEAN_DELAY_US },
	{ SHAPE_NAME("worst_run_delay_us"), .type = SHAPE_F64, .number = 1 + M_WORST_DELAY_US },
	{ SHAPE_NAME("ext_metrics"), .type = SHAPE_OBJECT, .of = &ext_metrics },
};
static const struct shape stats = { stats_members, countof(stats_members), SHAPE_ANY, NULL };

static const struct shape_member events_members[] = {
	{ SHAPE_NAME("total_fallback"), .type = SHAPE_I64, .rules = SHAPE_REQUIRED, .number = 1 + M_FALLBACK },
	{ SHAPE_NAME("fallback_rate"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("max_fallback_burst"), .type = SHAPE_I64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_dispatch_offline"), .type = SHAPE_I64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_dispatch_keep_last"), .type = SHAPE_I64, .rules = SHAPE_REQUIRED,
	  .number = 1 + M_KEEP_LAST },
	{ SHAPE_NAME("keep_last_rate"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_enq_skip_exiting"), .type = SHAPE_I64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_enq_skip_migration_disabled"), .type = SHAPE_I64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
};
static const struct shape events = { events_members, countof(events_members), SHAPE_ANY, NULL };

static const struct shape_member schedstat_members[] = {
	{ SHAPE_NAME("total_run_delay"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("run_delay_rate"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("total_pcount"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_sched_count"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("sched_count_rate"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("total_yld_count"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_sched_goidle"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_ttwu_count"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("total_ttwu_local"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
};
static const struct shape schedstat = { schedstat_members, countof(schedstat_members), SHAPE_ANY, NULL };

/* Room for one more in an array that is full at the powers of two. */
#define ROOM(v, n) ((n) & ((n)-1) ? (v) : xreallocarray((v), (n) ? (n)*2 : 1, sizeof(*(v))))

enum { CALLBACK_NAME, CALLBACK_CNT, CALLBACK_NSECS, CALLBACK_PER_CALL };
static const struct shape_member callback_members[] = {
	{ SHAPE_NAME("name"), .type = SHAPE_TEXT, .rules = SHAPE_REQUIRED },
	{ SHAPE_NAME("cnt"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED },
	{ SHAPE_NAME("nsecs"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED },
	{ SHAPE_NAME("nsecs_per_call"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED },
};

static void take_callback(struct reading *r, const union shape_value *v, uint64_t seen)
{
	struct sidecar *s = r->to;

	(void)seen;
	s->callbacks = ROOM(s->callbacks, s->n_callbacks);
	s->callbacks[s->n_callbacks++] = (struct callback){ v[CALLBACK_NAME].text, v[CALLBACK_CNT].u,
							    v[CALLBACK_NSECS].u, v[CALLBACK_PER_CALL].d };
	s->missing += isnan(v[CALLBACK_PER_CALL].d) != 0;
}

static const struct shape callback = { callback_members, countof(callback_members), SHAPE_ANY, take_callback };

enum { MONITOR_STALL_DETECTED = 3, MONITOR_STUCK_COUNT };
static const struct shape_member monitor_members[] = {
	{ SHAPE_NAME("total_samples"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("max_imbalance_ratio"), .type = SHAPE_F64, .rules = SHAPE_REQUIRED, .number = 1 + M_IMBALANCE },
	{ SHAPE_NAME("max_local_dsq_depth"), .type = SHAPE_U32, .rules = SHAPE_REQUIRED, .number = 1 + M_DSQ_DEPTH },
	{ SHAPE_NAME("stall_detected"), .type = SHAPE_BOOL, .number = 1 + M_STALLS },
	{ SHAPE_NAME("stuck_count"), .type = SHAPE_U64, .number = 1 + M_STALLS },
	{ SHAPE_NAME("avg_imbalance_ratio"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("avg_nr_running"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("avg_local_dsq_depth"), .type = SHAPE_F64, .rules = SHAPE_UNREAD },
	{ SHAPE_NAME("event_deltas"), .type = SHAPE_OBJECT, .rules = SHAPE_NULLABLE, .of = &events },
	{ SHAPE_NAME("schedstat_deltas"), .type = SHAPE_OBJECT, .rules = SHAPE_NULLABLE, .of = &schedstat },
	{ SHAPE_NAME("prog_stats_deltas"), .type = SHAPE_LIST, .rules = SHAPE_NULLABLE, .of = &callback },
};

/* Newer versions count what 0.3.2 has as true or false. */
static void take_monitor(struct reading *r, const union shape_value *v, uint64_t seen)
{
	(void)v;
	if (!HAS(seen, MONITOR_STALL_DETECTED) && !HAS(seen, MONITOR_STUCK_COUNT))
		shape_broken(r, "stall_detected is missing");
}

static const struct shape monitor = { monitor_members, countof(monitor_members), SHAPE_ANY, take_monitor };

enum { INSNS_NAME, INSNS_VERIFIED };
static const struct shape_member insns_members[] = {
	{ SHAPE_NAME("name"), .type = SHAPE_TEXT, .rules = SHAPE_REQUIRED },
	{ SHAPE_NAME("verified_insns"), .type = SHAPE_U32, .rules = SHAPE_REQUIRED },
};

static void take_insns(struct reading *r, const union shape_value *v, uint64_t seen)
{
	struct sidecar *s = r->to;

	(void)seen;
	s->insns = ROOM(s->insns, s->n_insns);
	s->insns[s->n_insns++] = (struct insns){ v[INSNS_NAME].text, (uint32_t)v[INSNS_VERIFIED].u };
}

static const struct shape insns = { insns_members, countof(insns_members), SHAPE_ANY, take_insns };

static const struct shape_member stimulus_members[] = {
	{ SHAPE_NAME("elapsed_ms"), .type = SHAPE_U64, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("label"), .type = SHAPE_TEXT, .rules = SHAPE_REQUIRED | SHAPE_UNREAD },
	{ SHAPE_NAME("op_kind"), .type = SHAPE_TEXT, .rules = SHAPE_NULLABLE | SHAPE_UNREAD },
	{ SHAPE_NAME("detail"), .type = SHAPE_TEXT, .rules = SHAPE_NULLABLE | SHAPE_UNREAD },
	{ SHAPE_NAME("total_iterations"), .type = SHAPE_U64, .rules = SHAPE_NULLABLE | SHAPE_UNREAD },
};
static const struct shape stimulus = { stimulus_members, countof(stimulus_members), SHAPE_ANY, NULL };

/* In the order of enum kvm_counter. */
static const struct shape_member vcpu_members[] = {
	{ SHAPE_NAME("exits"), .type = SHAPE_U64 },
	{ SHAPE_NAME("halt_exits"), .type = SHAPE_U64 },
	{ SHAPE_NAME("halt_wait_ns"), .type = SHAPE_U64 },
	{ SHAPE_NAME("halt_successful_poll"), .type = SHAPE_U64 },
	{ SHAPE_NAME("halt_attempted_poll"), .type = SHAPE_U64 },
	{ SHAPE_NAME("preemption_reported"), .type = SHAPE_U64 },
	{ SHAPE_NAME("signal_exits"), .type = SHAPE_U64 },
	{ SHAPE_NAME("hypercalls"), .type = SHAPE_U64 },
};

static uint64_t add(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static void take_vcpu(struct reading *r, const union shape_value *v, uint64_t seen)
{
	struct sidecar *s = r->to;

	s->vcpus++;
	for (int k = 0; k < KVM_COUNTERS; k++) {
		if (HAS(seen, k))
			s->kvm[k] = add(s->kvm[k], v[k].u);
	}
}

static const struct shape vcpu = { vcpu_members, countof(vcpu_members), SHAPE_U64, take_vcpu };

static const struct shape_member kvm_members[] = {
	{ SHAPE_NAME("per_vcpu"), .type = SHAPE_LIST, .rules = SHAPE_REQUIRED, .of = &vcpu },
};

static void take_kvm(struct reading *r, const union shape_value *v, uint64_t seen)
{
	(void)v, (void)seen;
	((struct sidecar *)r->to)->has_kvm = true;
}

static const struct shape kvm = { kvm_members, countof(kvm_members), SHAPE_ANY, take_kvm };

enum {
	ROOT_TEST_NAME,
	ROOT_TOPOLOGY,
	ROOT_SCHEDULER,
	ROOT_PASSED,
	ROOT_SKIPPED,
	ROOT_INCONCLUSIVE,
	ROOT_STATS,
	ROOT_MONITOR,
	ROOT_STIMULUS_EVENTS,
	ROOT_WORK_TYPE,
	ROOT_VERIFIER_STATS,
	ROOT_KVM_STATS,
	ROOT_KERNEL_VERSION,
	ROOT_FLAGS,
	ROOT_PRESET,
	ROOT_ACTUAL_TOPOLOGY,
	ROOT_KERNEL,
	ROOT_REPLICA,
	ROOT_OP,
};
static const struct shape_member root_members[] = {
	{ SHAPE_NAME("test_name"), .type = SHAPE_TEXT, .rules = SHAPE_REQUIRED },
	{ SHAPE_NAME("topology"), .type = SHAPE_TEXT, .rules = SHAPE_REQUIRED },
	{ SHAPE_NAME("scheduler"), .type = SHAPE_TEXT, .rules = SHAPE_REQUIRED },
	{ SHAPE_NAME("passed"), .type = SHAPE_BOOL, .rules = SHAPE_REQUIRED },
	{ SHAPE_NAME("skipped"), .type = SHAPE_BOOL },
	{ SHAPE_NAME("inconclusive"), .type = SHAPE_BOOL },
	{ SHAPE_NAME("stats"), .type = SHAPE_OBJECT, .rules = SHAPE_REQUIRED, .of = &stats },
	{ SHAPE_NAME("monitor"), .type = SHAPE_OBJECT, .rules = SHAPE_NULLABLE, .of = &monitor },
	{ SHAPE_NAME("stimulus_events"), .type = SHAPE_LIST, .rules = SHAPE_REQUIRED, .of = &stimulus },
	{ SHAPE_NAME("work_type"), .type = SHAPE_TEXT },
	{ SHAPE_NAME("verifier_stats"), .type = SHAPE_LIST, .of = &insns },
	{ SHAPE_NAME("kvm_stats"), .type = SHAPE_OBJECT, .rules = SHAPE_NULLABLE, .of = &kvm },
	{ SHAPE_NAME("kernel_version"), .type = SHAPE_TEXT, .rules = SHAPE_NULLABLE },
	{ SHAPE_NAME("flags"), .type = SHAPE_TEXT, .rules = SHAPE_NULLABLE },
	{ SHAPE_NAME("preset"), .type = SHAPE_TEXT, .rules = SHAPE_NULLABLE },
	{ SHAPE_NAME("actual_topology"), .type = SHAPE_TEXT, .rules = SHAPE_NULLABLE },
	{ SHAPE_NAME("kernel"), .type = SHAPE_TEXT, .rules = SHAPE_NULLABLE },
	{ SHAPE_NAME("replica"), .type = SHAPE_U64, .rules = SHAPE_NULLABLE },
	{ SHAPE_NAME("worst_degradation_op"), .type = SHAPE_TEXT, .rules = SHAPE_NULLABLE },
	{ SHAPE_NAME("degradation_count"), .type = SHAPE_U64, .rules = SHAPE_NULLABLE, .number = 1 + M_DEGRADATIONS },
	{ SHAPE_NAME("worst_imbalance_delta"), .type = SHAPE_F64, .number = 1 + M_IMBALANCE_DELTA },
	{ SHAPE_NAME("worst_dsq_delta"), .type = SHAPE_F64, .number = 1 + M_DSQ_DELTA },
	{ SHAPE_NAME("worst_fallback_delta"), .type = SHAPE_F64, .number = 1 + M_FALLBACK_DELTA },
	{ SHAPE_NAME("worst_keep_last_delta"), .type = SHAPE_F64, .number = 1 + M_KEEP_LAST_DELTA },
};

/* "" is none. */
static const char *text_or(const union shape_value *v, uint64_t seen, int i, const char *otherwise)
{
	return HAS(seen, i) && *v[i].text ? v[i].text : otherwise;
}

static bool is_set(const union shape_value *v, uint64_t seen, int i)
{
	return HAS(seen, i) && v[i].b;
}

/* The topology is the preset's name when there is one, else what the guest really had. */
static void take_root(struct reading *r, const union shape_value *v, uint64_t seen)
{
	struct row *row = &((struct sidecar *)r->to)->row;
	const char *topology = text_or(v, seen, ROOT_ACTUAL_TOPOLOGY, v[ROOT_TOPOLOGY].text);

	row->scenario = v[ROOT_TEST_NAME].text;
	row->topology = text_or(v, seen, ROOT_PRESET, topology);
	row->scheduler = v[ROOT_SCHEDULER].text;
	row->work_type = HAS(seen, ROOT_WORK_TYPE) ? v[ROOT_WORK_TYPE].text : names_keep(r->names, "CpuSpin");
	row->flags = HAS(seen, ROOT_FLAGS) ? v[ROOT_FLAGS].text : names_keep(r->names, "");
	row->op = HAS(seen, ROOT_OP) ? v[ROOT_OP].text : names_keep(r->names, "");
	row->kernel = text_or(v, seen, ROOT_KERNEL, text_or(v, seen, ROOT_KERNEL_VERSION, NULL));
	row->replica = HAS(seen, ROOT_REPLICA) ? v[ROOT_REPLICA].u : 1;
	row->skipped = is_set(v, seen, ROOT_SKIPPED);
	row->inconclusive = !row->skipped && is_set(v, seen, ROOT_INCONCLUSIVE);
	row->passed = v[ROOT_PASSED].b && !row->skipped && !row->inconclusive;
}

static const struct shape root = { root_members, countof(root_members), SHAPE_ANY, take_root };

/* A test that was skipped measured nothing, whatever its file says. */
static void count_missing(struct sidecar *s)
{
	for (int i = 0; i < METRICS; i++) {
		if (s->row.skipped)
			s->row.m[i] = NAN;
		else
			s->missing += isnan(s->row.m[i]) != 0;
	}
}

static int read_root(struct reading *r, struct err *e)
{
	int kind = json_scan_kind(&r->scan);

	if (kind >= 0 && kind != JSON_OBJECT)
		shape_broken(r, "not an object");
	if (kind < 0 || (kind == JSON_OBJECT ? shape_read(r, &root) : json_scan_skip(&r->scan)) < 0 ||
	    json_scan_end(&r->scan) < 0)
		return -1;
	return r->why.code ? err_set(e, r->why.code, "%s", r->why.msg) : 0;
}

int sidecar_parse(struct sidecar *s, struct names *names, struct json_keys *keys, const char *text, size_t n,
		  struct err *e)
{
	struct sidecar got = { 0 };
	struct reading r;

	r.names = names;
	r.numbers = got.row.m;
	r.to = &got;
	r.why.code = 0;
	r.depth = 0;
	if (n > SIDECAR_MAX)
		return err_set(e, X_FAIL, "%zu bytes, more than a sidecar has", n);
	json_scan_init(&r.scan, text, n, VALUES_MAX, keys, e);
	if (read_root(&r, e) < 0) {
		sidecar_free(&got);
		return -1;
	}
	count_missing(&got);
	*s = got;
	return 0;
}

void sidecar_free(struct sidecar *s)
{
	free(s->callbacks);
	free(s->insns);
	*s = (struct sidecar){ 0 };
}
