/* perf.h: performance mode: a guest with host CPUs of its own, so that its figures mean something.
 *
 * Each vCPU is pinned to a host CPU after the guest's topology (host/pin.h), the rest of QEMU to another. Its memory is of
 * 2 MiB pages, and of the host node its CPUs are in. With KVM, vCPUs are real-time threads, HLT and PAUSE do not leave the
 * guest, and the guest is told that its CPUs are not shared. What of this cannot be had is a warning, never a failure; too
 * few CPUs are an error. Two guests in performance mode never have the same CPU: each holds a lock on the byte of its number
 * in a file of this user's. */
#pragma once
#include "host/pin.h"
#include <stddef.h>
#include <sys/types.h>
struct json;
struct jsonw;

#define PERF_WARNING "performance_mode: WARNING: "
#define PERF_WARNINGS 8

struct perf {
	bool on;
	unsigned vcpus;
	struct pin pin;
	bool huge; /* memory of 2 MiB pages */
	bool fifo; /* vCPUs are SCHED_FIFO */
	char *warnings[PERF_WARNINGS];
	size_t n_warnings;
	int claim; /* holds the locks; 0 or -1: none */
};

/* Keeps a warning; PERF_WARNING is put before it. */
void perf_warn(struct perf *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Member "perf_mode" with "vcpus": [host CPUs], "service", "huge_pages", "fifo", "warnings"; nothing when it is not on. */
void perf_write(struct jsonw *w, const struct perf *p);
/* That member of obj, hostile; none there: {0}. X_FAIL. */
int perf_read(struct perf *p, const struct json *j, int obj, struct err *e);
/* Moves what is to be told; the claim stays. */
void perf_take(struct perf *to, struct perf *from);
void perf_free(struct perf *p);

/* Answer to query-cpus-fast: the thread of each of n vCPUs. X_VM when it is not that. */
int perf_threads(pid_t *thread, unsigned n, const char *text, size_t size, struct err *e);
