/* stats.h: everything the report is made of, gathered file by file: rows, and sums of the rest. */
#pragma once
#include "stats/sidecar.h"
struct collection;
struct err;

/* Callbacks of one file, when it had any. */
struct profile {
	size_t row; /* in rows */
	struct callback *v;
	size_t n;
};

/* The largest count of a program, of one scheduler. */
struct verified {
	const char *program, *scheduler;
	uint32_t insns;
};

struct kvm_sums {
	uint64_t vms, vcpus;
	uint64_t total[KVM_COUNTERS];   /* of all vCPUs; what does not fit is UINT64_MAX */
	uint64_t average[KVM_COUNTERS]; /* sum of each VM's average per vCPU, cut to whole numbers as 0.3.2 does */
};

struct stats {
	struct names names;
	struct row *rows; /* in the order of the files */
	size_t n;
	struct profile *profiles;
	size_t n_profiles;
	struct verified *verified; /* by program, then scheduler, once stats_done() was called */
	size_t n_verified, merged; /* merged: how many there were after they were last put together */
	struct kvm_sums kvm;
	size_t missing, incomplete; /* numbers that were null, and in how many files */
};

/* Takes what s holds and leaves it empty; its strings must be of st's pool. */
void stats_add(struct stats *st, struct sidecar *s);
void stats_done(struct stats *st);
/* Reads all of c; what cannot be read is added to its bad ones. Negative when it was stopped. */
int stats_read(struct stats *st, struct collection *c, struct err *e);
void stats_free(struct stats *st);
#define auto_stats __attribute__((unused, cleanup(stats_free)))

#define VERIFIED_LIMIT 1000000u /* BPF_COMPLEXITY_LIMIT_INSNS */
#define VERIFIED_NEAR 75.0      /* percent of it from which on a program is near */
double verified_percent(uint64_t insns);
