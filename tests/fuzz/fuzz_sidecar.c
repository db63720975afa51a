/* fuzz_sidecar.c: a sidecar from anybody; what is taken goes through both reports together with a few good ones. */
#include "fuzz.h"

#include "json/keys.h"
#include "stats/collect.h"
#include "stats/compare.h"
#include "stats/report.h"
#include "stats/stats.h"

static const char good[] =
	"{\"test_name\": \"t\", \"topology\": \"1n2l4c1t\", \"scheduler\": \"s\", \"passed\": false, \"stats\": {\"cgroups\": "
	"[], \"total_workers\": 1, \"total_cpus\": 1, \"total_migrations\": 3, \"worst_spread\": 42.5, \"worst_gap_ms\": 3500, "
	"\"worst_gap_cpu\": 0, \"total_iterations\": 7}, \"monitor\": {\"total_samples\": 1, \"max_imbalance_ratio\": 5.5, "
	"\"max_local_dsq_depth\": 61, \"stall_detected\": true, \"event_deltas\": {\"total_fallback\": 12, "
	"\"fallback_rate\": 1.5, \"max_fallback_burst\": 2, \"total_dispatch_offline\": 0, \"total_dispatch_keep_last\": -1, "
	"\"keep_last_rate\": null, \"total_enq_skip_exiting\": 0, \"total_enq_skip_migration_disabled\": 0}, \"prog_stats_deltas\": [{\"name\": \"p\", \"cnt\": 1, \"nsecs\": 2, "
	"\"nsecs_per_call\": 2.0}]}, \"stimulus_events\": [], \"work_type\": \"CpuSpin\", \"verifier_stats\": [{\"name\": "
	"\"p\", \"verified_insns\": 800000}], \"kvm_stats\": {\"per_vcpu\": [{\"exits\": 9, \"halt_attempted_poll\": 2}]}, "
	"\"flags\": \"a+b\", \"preset\": \"tiny-1llc\", \"kernel\": \"6.12\", \"replica\": 2, \"degradation_count\": 1, "
	"\"worst_dsq_delta\": null, \"worst_imbalance_delta\": 1.5, \"worst_degradation_op\": \"Spawn\"}";

/* Of a newer version. */
static const char newer[] =
	"{\"test_name\": \"t\", \"topology\": \"1n2l4c1t\", \"scheduler\": \"s\", \"metrics\": [{}], \"passed\": false, "
	"\"skipped\": true, \"inconclusive\": false, \"stats\": {\"cgroups\": [{\"cgroup_name\": \"a\", \"num_workers\": 1, "
	"\"num_cpus\": 1, \"avg_off_cpu_pct\": null, \"min_off_cpu_pct\": null, \"max_off_cpu_pct\": null, \"spread\": null, "
	"\"max_gap_ms\": 0, \"max_gap_cpu\": 0, \"total_migrations\": 0, \"ext_metrics\": {\"a\": 1.5}}], "
	"\"total_workers\": 1, \"total_cpus\": 1, \"total_migrations\": 3, \"worst_spread\": 42.5, \"worst_gap_ms\": 3500, "
	"\"worst_gap_cpu\": 0, \"total_iterations\": 7}, \"monitor\": {\"total_samples\": 1, \"max_imbalance_ratio\": 5.5, "
	"\"max_local_dsq_depth\": 61, \"stuck_count\": 2, \"schedstat_deltas\": {\"total_run_delay\": 1, \"total_pcount\": 1, "
	"\"total_sched_count\": 1, \"total_yld_count\": 1, \"total_sched_goidle\": 1, \"total_ttwu_count\": 1, "
	"\"total_ttwu_local\": 1}}, \"stimulus_events\": [{\"elapsed_ms\": 1, \"label\": \"x\", \"op_kind\": null}], "
	"\"work_type\": \"CpuSpin\", \"verifier_stats\": [], \"kvm_stats\": null, \"kernel_version\": \"6.14\"}";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_seed("full", good, sizeof(good) - 1);
	fuzz_seed("newer", newer, sizeof(newer) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_collection struct collection c = { .dir = -1 };
	auto_comparison struct comparison cmp = { 0 };
	auto_json_keys struct json_keys keys = { 0 };
	auto_stats struct stats st = { 0 };
	struct err e = { 0 };
	char *text;
	size_t len;

	for (int i = 0; i < 7; i++) {
		auto_sidecar struct sidecar s = { 0 };
		bool theirs = i == 3;

		if (sidecar_parse(&s, &st.names, &keys, theirs ? (const char *)data : good,
				  theirs ? n : sizeof(good) - 1, &e) < 0) {
			MUST(theirs);
			must_say_why(&e);
			return 0;
		}
		stats_add(&st, &s);
	}
	stats_done(&st);
	FILE *f = xmemstream(&text, &len);

	stats_text(f, &st);
	compare(&cmp, &st, &st);
	MUST(!cmp.n && !cmp.n_counts && !cmp.added && !cmp.gone);
	stats_compare_text(f, &cmp, "d");
	stats_json(f, &st, "d", &c, &cmp, "d");
	MUST(fclose(f) == 0 && len > 0);
	free(text);
	return 0;
}
