/* trial.h: one run of a scenario in one guest: the engine (ktstr-engine) beside an attached scheduler, or under the kernel's own. */
#pragma once
#include "clock/clock.h"
#include "guest/proto.h"
#include "host/kvmstats.h"
#include "topology/topology.h"
#include "vm/machine.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct cell_attached;
struct halt_at;
struct err;

/* Arguments of the scheduler by another name, for a scenario that goes on with them. */
struct trial_profile {
	const char *name;
	const char *const *args; /* NULL-ended */
};

struct trial {
	const char *snapshot;           /* its folder */
	uint64_t seed;                  /* of virtual time, and of what the workers draw */
	const char *kernel, *initrd;    /* to boot from when a snapshot of real time cannot be continued */
	const char *pack;               /* payload; the scheduler is /scheduler in it. NULL: there is none */
	const char *const *args;        /* of the scheduler; NULL-ended */
	const char *groups;             /* a cgroup ("/a/b") that is there before the scheduler is; NULL: none */
	struct proto_watchdog watchdog; /* ms 0: the scheduler's own */
	bool later;                     /* the scenario has it attached: it begins without */
	bool keeps;                     /* the scenario attaches, detaches or exchanges it */
	const char *programs;           /* payload of the scenario's programs; NULL: none */
	const char *const *program;     /* where they are in the guest, in the scenario's order */
	size_t n_program;
	const struct trial_profile *profiles; /* that it may exchange it for */
	size_t n_profiles;
	unsigned load_s;                      /* of the guest's time that it may take to attach; 0: VM_LOAD_S */
	const char *engine, *text;            /* files: the program, and the scenario that it reads */
	uint64_t ms;                          /* what the scenario takes of the guest's time, by its own words */
	const struct cell_attached *attached; /* verifier/cell.h; NULL: nothing is kept */
	unsigned sample_ms; /* how often the guest's memory is looked into, and at marks in virtual time; 0: never */
	bool spies;         /* the guest's memory is read while it runs, which it knows nothing of (spy.h) */
	const char
		*busybox; /* a static one, to have the kernel trace (tracer.h) into the file trace; NULL: it does not */
	int trace;
	const struct halt_at *halt;     /* where it is stopped, and what for; NULL: nowhere */
	const char *boot;               /* folder of the bootable step, for all three */
	void (*note)(const char *text); /* what the user is told meanwhile */
};

enum trial_end {
	TRIAL_RAN,
	TRIAL_EJECTED,  /* the kernel threw the scheduler out */
	TRIAL_STALLED,  /* … because a task did not get to run */
	TRIAL_ENDED,    /* it went by itself, or died */
	TRIAL_REFUSED,  /* it was to be attached, and was not */
	TRIAL_PANICKED, /* the guest's kernel did */
	TRIAL_SKIPPED,  /* the guest lacks what the scenario needs */
	TRIAL_UNFIT,    /* the scenario asks for what this scheduler does not have, or nobody could do */
};
extern const char *const trial_end_names[]; /* "ran", "ejected", … */

struct trial_result {
	enum trial_end end;
	char *reason;      /* for people; NULL: it ran, and there is nothing to say */
	char *exit_kind;   /* why the kernel let go of the scheduler, in its words; NULL: it did not, or said nothing */
	unsigned restarts; /* so often the kernel asked for a restart, because CPUs came or went */
	unsigned exit_code; /* enum scx_exit_kind of that kernel; 0: not known */
	char *release;      /* of the kernel */
	struct topology topology;
	uint64_t seed;
	struct clock clock;
	enum accel accel;
	bool stolen_known;    /* in real time, where the host counts it */
	uint64_t stolen_ns;   /* that the vCPUs waited for CPUs of the host while the engine ran */
	struct kvm_stats kvm; /* of all vCPUs, from QEMU's start to the end of the engine; none without KVM */
	char *engine;         /* what the engine printed: hostile. NULL: it did not run to its end */
	size_t engine_n;
	char *samples;  /* of run.json, each member with a comma before it (monitor/series.h); NULL: nobody looked */
	char *spied;    /* what spy.h saw; NULL: nobody looked so */
	char *fallback; /* why it was booted and not continued; NULL: it was continued */
	bool unusable;  /* the guest was never there, and its snapshot may be why */
};

/* 0: r says what came of it. Negative: it came to no run: X_VM, X_TIMEOUT (guest, engine), a stop, or what the host lacks. log (the
 * scheduler's output, and the kernel's words about it) and console are written in either case. r is to be freed in either case. */
int trial_run(const struct trial *t, struct trial_result *r, FILE *log, FILE *console, struct err *e);
void trial_result_free(struct trial_result *r);
#define auto_trial_result __attribute__((unused, cleanup(trial_result_free)))
