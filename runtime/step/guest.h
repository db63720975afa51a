/* guest.h: the options that describe a guest, shared by the steps that boot one. */
#pragma once
#include "options/opt.h"
#include "step/step.h"
#include "vm/machine.h"
struct err;
struct hashes;
struct recipe;

struct guest_opts {
	const char *boot; /* folder of the "bootable" step */
	const char *initrd;
	const char *accel, *topology;
	uint64_t memory_mb;
	bool perf_mode;
	const char *clock; /* "real" "virtual"; NULL: real */
	uint64_t shift;
	struct opt_list sysctls, kargs;
	struct machine machine; /* filled by guest_recipe */
	char *kernel;           /* {boot}/kernel */
};

/* Entries for a step's option table; g must be static, and begin as GUEST_OPTS_INIT. */
#define GUEST_OPTS_INIT \
	{ \
		.shift = CLOCK_UNSAID \
	}
#define GUEST_OPTS(g) \
	{ .name = "boot", .type = OPT_STR, .out = &(g).boot, .arg = "DIR", .help = "output of the bootable step" }, \
		{ .name = "initrd", \
		  .type = OPT_STR, \
		  .out = &(g).initrd, \
		  .arg = "FILE", \
		  .help = "initramfs of the guest" }, \
		{ .name = "accel", \
		  .type = OPT_STR, \
		  .out = &(g).accel, \
		  .arg = "WHICH", \
		  .help = "accelerator", \
		  .choices = "auto kvm tcg" }, \
		{ .name = "topology", \
		  .type = OPT_STR, \
		  .out = &(g).topology, \
		  .arg = "N,L,C,T", \
		  .help = "of the guest" }, \
		{ .name = "perf-mode", .type = OPT_FLAG, .out = &(g).perf_mode, .help = "host CPUs of its own" }, \
		{ .name = "clock", \
		  .type = OPT_STR, \
		  .out = &(g).clock, \
		  .arg = "WHICH", \
		  .help = "what its time is made of", \
		  .choices = "real virtual" }, \
		{ .name = "sysctl", \
		  .type = OPT_LIST, \
		  .out = &(g).sysctls, \
		  .arg = "NAME=VALUE", \
		  .help = "set before anything runs" }, \
		{ .name = "karg", \
		  .type = OPT_LIST, \
		  .out = &(g).kargs, \
		  .arg = "WORD", \
		  .help = "further parameter of the kernel" }, \
		{ .name = "shift", \
		  .type = OPT_U64, \
		  .out = &(g).shift, \
		  .arg = "N", \
		  .help = "of a virtual clock: 2^N ns per instruction", \
		  .max = CLOCK_SHIFT_MAX }, \
	{ \
		.name = "memory-mb", .type = OPT_U64, .out = &(g).memory_mb, .arg = "MB", .help = "of the guest", \
		.min = 64, .max = 1 << 20 \
	}

/* Entries for a step's option table: a guest that is continued; each must be static. */
#define GUEST_KEPT_OPTS(snapshot_dir, boot_dir, initrd_file) \
	{ .name = "snapshot", \
	  .type = OPT_STR, \
	  .out = &(snapshot_dir), \
	  .arg = "DIR", \
	  .help = "output of the snapshot step" }, \
		{ .name = "boot", \
		  .type = OPT_STR, \
		  .out = &(boot_dir), \
		  .arg = "DIR", \
		  .help = "output of the bootable step" }, \
	{ \
		.name = "initrd", .type = OPT_STR, .out = &(initrd_file), .arg = "FILE", \
		.help = "initramfs of the guest" \
	}

/* How a step comes to a guest that runs a program: continued from a snapshot, or booted. */
struct guest_run {
	const char *snapshot, *payload;
	uint64_t timeout; /* seconds; 0: not given */
	uint64_t seed;    /* of a virtual clock */
	bool cold;
};

/* Entries for a step's option table; x must be static. until: what ends the wait. */
#define GUEST_RUN_OPTS(x, until) \
	{ .name = "snapshot", \
	  .type = OPT_STR, \
	  .out = &(x).snapshot, \
	  .arg = "DIR", \
	  .help = "output of the snapshot step" }, \
		{ .name = "payload", \
		  .type = OPT_STR, \
		  .out = &(x).payload, \
		  .arg = "FILE", \
		  .help = "output of the payload step" }, \
		{ .name = "seed", \
		  .type = OPT_U64, \
		  .out = &(x).seed, \
		  .arg = "N", \
		  .max = UINT64_MAX, \
		  .help = "of a guest in virtual time" }, \
		{ .name = "timeout", \
		  .type = OPT_U64, \
		  .out = &(x).timeout, \
		  .arg = "SECONDS", \
		  .min = 1, \
		  .max = 86400, \
		  .help = "how long the scheduler may take to " until }, \
	{ \
		.name = "cold", .type = OPT_FLAG, .out = &(x).cold, .help = "boot instead of restoring a snapshot" \
	}

/* {boot}/kernel in g->kernel. */
void guest_kernel(struct guest_opts *g);
/* The initramfs of a guest of the kernel in folder boot: initrd, and behind it the kernel's configuration where that is
 * needed. As a path, for the caller to free; the file behind it is there until this process ends. NULL: e. */
char *guest_initrd(const char *boot, const char *initrd, struct err *e);
/* Plans the machine and states everything about it that decides what the guest sees. */
int guest_recipe(struct guest_opts *g, struct recipe *r, struct hashes *h, struct err *e);
/* The guest's share of the host (vm/admit.h), for as long as this process lives; waits for other guests to give it back, and
 * says so. Right before the guest is started: what somebody waits for is not held meanwhile. */
int guest_admit(const struct machine *m, struct err *e);
/* Of the machine that this snapshot is of. */
int guest_admit_restored(const char *snapshot, struct err *e);
/* States the guest and what is pushed into it. */
int guest_run_recipe(struct guest_opts *g, const struct guest_run *x, struct recipe *r, struct hashes *h,
		     struct err *e);
/* That share, of a machine that has room for any: snapshot NULL: of g's machine. */
void guest_size(struct step_size *s, const struct guest_opts *g, const char *snapshot);
/* The share of the host that this guest takes. */
int guest_run_admit(const struct guest_opts *g, const struct guest_run *x, struct err *e);
