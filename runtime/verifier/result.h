/* result.h: what one cell (scheduler x profile x kernel) came to, as result.json. docs/formats.md documents the members.
 *
 * "attached" and "rejected" follow from the contents of kernel and scheduler, so they are results like any other and are
 * cached; "rejected" has evidence (verifier/evidence.h). The other verdicts are accidents of one run: they fail the step and are never reused. */
#pragma once
#include "inspect/progs.h"
#include "verifier/evidence.h"
#include "verifier/tasks.h"
#include "host/kvmstats.h"
#include "host/perf.h"
#include "clock/clock.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;
struct json;
struct jsonw;

enum verdict { VERDICT_ATTACHED, VERDICT_REJECTED, VERDICT_DIED, VERDICT_TIMEOUT, VERDICT_VM, VERDICT_STALLED };

/* Milliseconds, fractions kept. What each covers: docs/performance.md. */
struct timing {
	double start; /* restore (or cold boot) until the guest runs */
	double push;  /* payload into the guest */
	double load;  /* START until "enabled" */
	double read;  /* pause, read, resume */
	double work;  /* tasks under the scheduler, and programs read once more */
	double stop;  /* until QEMU is reaped */
};

struct result {
	enum verdict verdict;
	char *reason;       /* one line for people, NULL when attached */
	char *ops;          /* sched_ext ops name while attached, or NULL */
	char *accel;        /* "tcg" "kvm" */
	struct clock clock; /* what its time was made of */
	char *ram; /* virtual time: content hash of the snapshot's memory, one for each node with a blank between; or NULL */
	char *release;            /* of the guest's kernel */
	struct evidence evidence; /* of the call that failed last, when the scheduler ended */
	int status;               /* wait status of the scheduler when it ended, else 0 */
	bool cold;
	bool unusable;  /* the guest was never there, and its snapshot may be why; not written */
	char *fallback; /* why the snapshot was not continued and the guest booted cold; NULL: as it was asked for */
	struct progs progs; /* run_cnt and run_ns: while tasks ran */
	struct tasks tasks;
	struct timing ms; /* of the host; not written for a guest in virtual time, whose results have nothing of it */
	struct perf perf; /* performance mode, and what of it could be had */
	struct kvm_stats kvm; /* of all vCPUs, from QEMU's start to the end of the cell; none under TCG */
	char *cross;          /* --cross-check: "" agreed, else the differences; NULL not asked */
};

const char *verdict_name(enum verdict v);
/* Exit code of the whole command for this verdict. */
int verdict_code(enum verdict v);
void result_write(FILE *f, const struct result *r);
/* Its pieces, for reports: one program as an object; member "ms". */
void result_prog(struct jsonw *w, const struct prog *p);
void result_timing(struct jsonw *w, const struct timing *t);
/* Members "clock", "shift", "seed" and "ram" of virtual time; none of real. */
void result_clock(struct jsonw *w, const struct result *r);
/* Members "perf_mode" and "kvm_stats", where there is something to say. */
void result_host(struct jsonw *w, const struct result *r);
/* And back: member "programs" of that object, none when it is not there. */
int result_progs(const struct json *j, int obj, struct progs *p, struct err *e);
/* Hostile text in, X_FAIL when it is not one of ours. */
int result_parse(struct result *r, const char *text, size_t n, struct err *e);
void result_free(struct result *r);
#define auto_result __attribute__((unused, cleanup(result_free)))
