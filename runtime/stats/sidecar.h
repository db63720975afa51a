/* sidecar.h: what one test or verifier cell left behind, as {name}.ktstr.json. docs/formats.md documents the members: those of
 * ktstr 0.3.2, and ours beside them. */
#pragma once
#include "stats/names.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;
struct json_keys;

/* Numbers of a row. The first OUTLIERS are looked at for outliers, in this order. */
enum metric {
	M_SPREAD,
	M_GAP_MS,
	M_MIGRATIONS,
	M_MIGRATION_RATIO,
	M_IMBALANCE,
	M_DSQ_DEPTH,
	M_STALLS,
	M_FALLBACK,
	M_KEEP_LAST,
	M_P99_WAKE_US,
	M_WAKE_CV,
	M_MEAN_DELAY_US,
	M_WORST_DELAY_US,
	OUTLIERS,
	M_MEDIAN_WAKE_US = OUTLIERS,
	M_ITERATIONS,
	M_IMBALANCE_DELTA, /* the largest of each that a stimulus brought */
	M_DSQ_DELTA,
	M_FALLBACK_DELTA,
	M_KEEP_LAST_DELTA,
	M_DEGRADATIONS, /* how many there were */
	METRICS
};

extern const struct metric_name {
	const char *label;  /* in the report */
	const char *member; /* of a row as JSON */
} metric_names[METRICS];

/* One line of the analysis. Strings are of the pool; kernel may be NULL, flags and op may be "". At most one of passed, skipped
 * and inconclusive is set; none: it failed. A number that is not known is NaN: all of them when the test was skipped. */
struct row {
	const char *scenario, *flags, *topology, *work_type, *scheduler, *kernel;
	const char *op; /* the stimulus that was followed by the worst degradation */
	uint64_t replica;
	bool passed, skipped, inconclusive;
	double m[METRICS];
};

struct callback {
	const char *name;
	uint64_t cnt, nsecs;
	double nsecs_per_call; /* NaN: not known */
};

struct insns {
	const char *program;
	uint32_t verified;
};

/* Counters of KVM that the report is about. */
enum kvm_counter {
	K_EXITS,
	K_HALT_EXITS,
	K_HALT_WAIT_NS,
	K_POLL_OK,
	K_POLL_TRIED,
	K_PREEMPTED,
	K_SIGNAL_EXITS,
	K_HYPERCALLS,
	KVM_COUNTERS
};
extern const char *const kvm_counter_names[KVM_COUNTERS];

struct sidecar {
	struct row row;
	struct callback *callbacks;
	size_t n_callbacks;
	struct insns *insns;
	size_t n_insns;
	size_t missing; /* numbers that were null in the file */
	bool has_kvm;
	uint64_t vcpus, kvm[KVM_COUNTERS]; /* sums over the vCPUs; what does not fit is UINT64_MAX */
};

#define SIDECAR_MAX ((size_t)16 << 20) /* bytes of one file */

/* Hostile text in. X_FAIL naming the member when it is no sidecar: no JSON, or a member that is documented is missing or of
 * another type. Callback and instruction lists are the caller's. A number with a fraction that is null (NaN is written so) is
 * missing. keys is scratch space, to be used again for the next text. */
int sidecar_parse(struct sidecar *s, struct names *names, struct json_keys *keys, const char *text, size_t n,
		  struct err *e);
void sidecar_free(struct sidecar *s);
#define auto_sidecar __attribute__((unused, cleanup(sidecar_free)))
