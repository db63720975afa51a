/* guest.h: the edges every verb that boots guests has in common: host, guest's init, kernels, snapshots.
 *
 *   host/ID/probe  guest[-ARCH]/initramfs.cpio  kernels/NAME/{kernel,layout,facts,…}  snapshots/NAME[/TOPOLOGY]/{state,recipe,…} */
#pragma once
#include <stdbool.h>
#include <stdint.h>
struct argv;
struct edge;
struct err;
struct home;
struct kernel;
struct plan;

/* What a guest is beside its kernel. */
struct guest_plan {
	const struct home *home;
	const char *accel;    /* "auto" "kvm" "tcg" */
	const char *topology; /* "1,1,1,1" */
	const char *name;     /* of the topology, as a folder name; NULL: the graph has one */
	uint64_t memory_mb;
	bool virtual; /* its time is; then with this seed, and a shift that may be CLOCK_UNSAID (clock/clock.h) */
	uint64_t seed, shift;
	const char *const *sysctls, *const *kargs; /* of its kernel, NULL-ended; NULL: none */
	bool perf_mode;                            /* host CPUs of its own: one at a time */
	char *host;                                /* folder of what is true until the next boot of this machine */
};

/* Fills host. */
int guest_plan_init(struct guest_plan *g, struct err *e);
void guest_plan_free(struct guest_plan *g);

/* Whether there can be guests of k's architecture: X_KVM_UNUSABLE when KVM is to run those of another than this machine's,
 * X_NO_TOOL when their init was not built. */
int guest_plan_allows(const struct guest_plan *g, const struct kernel *k, struct err *e);

/* Once per graph: the accelerator's probe and the initramfs for this machine's architecture. */
void plan_guest_base(struct plan *p, const struct guest_plan *g);
/* k's paths may lie in the graph. k->name is the folder's name. The edge that makes it bootable. With the initramfs, if k is for another architecture. */
const struct edge *plan_guest_kernel(struct plan *p, const struct guest_plan *g, const struct kernel *k);
/* Of k's snapshot, below the build folder. Caller frees. */
char *guest_snapshot_dir(const struct guest_plan *g, const struct kernel *k);
/* One that is there already is left alone. */
void plan_guest_snapshot(struct plan *p, const struct guest_plan *g, const struct kernel *k);
/* "--seed N" of steps that run something in such guests; nothing in real time. */
void guest_seed(struct argv *a, const struct guest_plan *g);
/* "--library-path LIST" of steps that look for shared libraries, when LD_LIBRARY_PATH says something. */
void guest_library_path(struct argv *a);
/* Variables and dependencies of an edge that boots k cold. */
void edge_guest(struct plan *p, struct edge *e, const struct guest_plan *g, const struct kernel *k);
/* The same for one that continues a snapshot of k, and boots when that fails. */
void edge_restore(struct edge *e, const struct guest_plan *g, const struct kernel *k);
