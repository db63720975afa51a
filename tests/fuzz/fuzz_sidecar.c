/* fuzz_sidecar.c: a sidecar from anybody; what is taken goes through both reports together with a few good ones. */
#include "fuzz.h"

#include "stats/collect.h"
#include "stats/compare.h"
#include "stats/report.h"
#include "stats/stats.h"

static const char good[] =
	"{\"test_name\": \"t\", \"topology\": \"1n2l4c1t\", \"scheduler\": \"s\", \"passed\": false, \"stats\": {\"cgroups\": "
	"[], \"total_workers\": 1, \"total_cpus\": 1, \"total_migrations\": 3, \"worst_spread\": 42.5, \"worst_gap_ms\": 3500, "
	"\"worst_gap_cpu\": 0, \"total_iterations\": 7}, \"monitor\": {\"total_samples\": 1, \"max_imbalance_ratio\": 5.5, "
	"\"max_local_dsq_depth\": 61, \"stall_detected\": true, \"event_deltas\": {\"total_fallback\": 12, "
	"\"total_dispatch_keep_last\": -1}, \"prog_stats_deltas\": [{\"name\": \"p\", \"cnt\": 1, \"nsecs\": 2, "
	"\"nsecs_per_call\": 2.0}]}, \"stimulus_events\": [], \"work_type\": \"CpuSpin\", \"verifier_stats\": [{\"name\": "
	"\"p\", \"verified_insns\": 800000}], \"kvm_stats\": {\"per_vcpu\": [{\"exits\": 9, \"halt_attempted_poll\": 2}]}, "
	"\"flags\": \"a+b\", \"preset\": \"tiny-1llc\", \"kernel\": \"6.12\", \"replica\": 2, \"degradation_count\": 1, "
	"\"worst_imbalance_delta\": 1.5, \"worst_degradation_op\": \"Spawn\"}";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_seed("full", good, sizeof(good) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_collection struct collection c = { .dir = -1 };
	auto_comparison struct comparison cmp = { 0 };
	auto_stats struct stats st = { 0 };
	struct err e = { 0 };
	char *text;
	size_t len;

	for (int i = 0; i < 7; i++) {
		auto_sidecar struct sidecar s = { 0 };
		bool theirs = i == 3;

		if (sidecar_parse(&s, &st.names, theirs ? (const char *)data : good, theirs ? n : sizeof(good) - 1,
				  &e) < 0) {
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
