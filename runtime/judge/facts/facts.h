/* facts.h: what one run was, as run.json: exact numbers and no opinion. Judging reads nothing else, so a changed limit boots nothing.
 *
 * Who runs a scenario writes it, partly in the guest, so the reader takes it for hostile. Times are ns; what is absent (or null) is
 * not known, which is not 0. Members, in the order in which facts_write() has them:
 *
 *   format        1
 *   clock         "virtual" or "real"; shift: a number
 *   seed, release, topology, profile, scheduler ("eevdf": the kernel's own)
 *   outcome       "ran", "ejected", "ended", "stalled", "refused" or "panicked"; reason, exit_kind, exit_code
 *   restarts      so often the kernel let go of the scheduler because CPUs came or went, and asked for a restart
 *   tick_ns       of the guest's kernel: finer than two of them no limit on time is judged in virtual time; 4 ms when absent
 *   host          in real time only: {accel: "kvm", "tcg" or "host", stolen_ns: what the machine took from the vCPUs,
 *                 kvm_stats: {per_vcpu: [{NAME: n}]}}
 *   cpus          how many
 *   reaped_ns     from the stop until the last worker was gone
 *   end_ns        when the last phase ended
 *   marks         [{name, ns, line, events: {NAME: n}, vars: {NAME: n}, programs: [{name, runs, ns, insns: that the verifier
 *                 looked at}], schedstat: [[n]]}]
 *                 ns since go. The mark of a phase ("settle", "phase 1" …) is where it begins; "end" is the last one's end
 *   looked        the same events, programs and schedstat as the host read them in the guest's memory at each mark; they take the
 *                 place of the guest's own
 *   samples       monitor/series.h; sampled_ns: when each of them was, since go; unlooked
 *   lines         [{ns, line}]: when the director had carried out a line that changes something
 *   refused       [{what, error, line, times}]: what the kernel did not let the director do
 *   asked         [{what, profile, line, ns, took_ns, failed}]: what lines had done to the scheduler ("attach", "detach", "restart",
 *                 "replace"), and what came of it; ns: 0 before go
 *   programs      [{group, line, pid, ended, values: {NAME: n}}]: programs that the scenario ran, and figures they printed
 *   cgroups       [{name, cpus, cpu_stat: [{NAME: n} per mark]}], null where it was not there
 *   workers       [{id, type, group, comm, line, pid, allowed, ended, reaped_ns, error, phases}]
 *     group       "-": in no group of ours
 *     allowed     CPUs it may use
 *     ended       "stopped", "crashed", "exited N" or "unreaped"
 *     error       why it could not begin, or went wrong
 *     phases      [settle, phase 1, …], null where it was not there: {wall_ns, cpu_ns, …: enum facts_count; cpus: it was seen on, 10 ms
 *                 after a change of what it may use and later; allowed: where that is not the worker's; latency, slack}
 *       latency   {n, min_ns, max_ns, sum_ns, sq, steps: [[step, count], …]}: histogram.h */
#pragma once
#include "judge/facts/histogram.h"
#include "judge/facts/read.h"
#include "judge/facts/samples.h"
#include "scenario/cpus.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;

enum {
	FACTS_WORKERS = 4096,
	FACTS_CGROUPS = 512,
	FACTS_PHASES = 1024,
	FACTS_MARKS = 16384,
	FACTS_LINES = 65536,
	FACTS_VCPUS = 1024,
};

/* Numbers of a "cpuN" line of /proc/schedstat, in their order there. */
enum facts_schedstat {
	SCHEDSTAT_YLD,
	SCHEDSTAT_NONE,
	SCHEDSTAT_SCHED,
	SCHEDSTAT_GOIDLE,
	SCHEDSTAT_TTWU,
	SCHEDSTAT_TTWU_LOCAL,
	SCHEDSTAT_CPU_TIME,
	SCHEDSTAT_RUN_DELAY,
	SCHEDSTAT_PCOUNT,
	FACTS_SCHEDSTAT
};

enum facts_count {
	FACTS_WALL, /* from go to stop */
	FACTS_CPU,
	FACTS_WAIT,  /* in a run queue */
	FACTS_TURNS, /* how often it came from there to a CPU */
	FACTS_ITERATIONS,
	FACTS_WORK,
	FACTS_MIGRATIONS,
	FACTS_GAP,     /* the longest time without a look of a worker that wants to run */
	FACTS_GAP_AT,  /* when that began, since go */
	FACTS_GAP_ON,  /* the CPU it was seen on at its end */
	FACTS_GAP_CPU, /* the longest CPU time between two looks */
	FACTS_COUNTS
};
extern const char *const facts_count_names[FACTS_COUNTS];

enum facts_outcome {
	OUTCOME_RAN,
	OUTCOME_EJECTED,  /* the kernel threw the scheduler out */
	OUTCOME_ENDED,    /* it went by itself, or died */
	OUTCOME_STALLED,  /* the kernel's watchdog threw it out */
	OUTCOME_REFUSED,  /* it never was attached */
	OUTCOME_PANICKED, /* the guest's kernel did */
	OUTCOMES
};
extern const char *const facts_outcome_names[OUTCOMES];

struct facts_phase {
	bool there; /* the worker was */
	bool cpus_known, allowed_known;
	bool has[FACTS_COUNTS];
	uint64_t v[FACTS_COUNTS];
	struct cpus cpus, allowed;
	struct histogram *latency, *slack; /* NULL: not recorded */
};

struct facts_worker {
	uint64_t id, line, pid; /* pid and line: 0 when not known */
	char *type, *group, *comm, *ended, *error;
	bool id_known, allowed_known, reaped_known;
	struct cpus allowed;
	uint64_t reaped_ns;
	struct facts_phase *phases;
	size_t n; /* of phases; what is beyond was not there */
};

struct facts_mark {
	char *name;
	uint64_t ns, line;
	struct named events, vars, runs, run_ns, insns; /* the last three: of BPF programs */
	bool schedstat_known;
	uint64_t schedstat[FACTS_SCHEDSTAT]; /* of all CPUs together */
};

struct facts_line {
	uint64_t ns, line;
};

struct facts_refusal {
	char *what, *error;
	uint64_t line, times;
};

struct facts_favour {
	char *what, *profile, *failed; /* NULL: not that one; it was done */
	uint64_t line, ns, took_ns;
};

struct facts_program {
	char *group, *ended;
	uint64_t line, pid;
	struct named values;
};

struct facts_cgroup {
	char *name;
	bool cpus_known;
	struct cpus cpus;
	struct named *stats; /* one per mark */
	size_t n;
};

struct facts {
	bool virtual_time, outcome_known;
	bool shift_known, tick_known, exit_code_known, reaped_known, end_known, stolen_known;
	uint64_t shift, seed, cpus, tick_ns, reaped_ns, end_ns, stolen_ns;
	int64_t exit_code;
	char *release, *topology, *profile, *scheduler, *reason, *exit_kind, *accel; /* NULL: not known */
	enum facts_outcome outcome;
	struct named *kvm; /* what KVM counted for each vCPU */
	size_t n_kvm;
	struct facts_mark *marks;
	size_t n_marks;
	struct facts_line *lines;
	size_t n_lines;
	struct facts_refusal *refusals;
	size_t n_refusals;
	uint64_t restarts;
	struct facts_favour *favours;
	size_t n_favours;
	struct facts_program *programs;
	size_t n_programs;
	struct facts_cgroup *cgroups;
	size_t n_cgroups;
	struct facts_worker *workers; /* by id, no two alike */
	size_t n_workers;
	size_t phases; /* settle too: the most of a worker's */
	struct facts_samples samples;
	struct facts_mark *looked; /* while it is read */
	size_t n_looked;
};

/* Negative: X_FAIL, naming the member. *f is to be freed only after 0. */
int facts_read(struct facts *f, const char *text, size_t n, struct err *e);
/* As facts_read() takes it: equal facts give equal text. */
void facts_write(FILE *to, const struct facts *f);
void facts_free(struct facts *f); /* {0} too, and twice */
#define auto_facts __attribute__((unused, cleanup(facts_free)))

const struct facts_worker *facts_worker(const struct facts *f, uint64_t id);
/* Whether a worker is of that group, or a group has that name. */
bool facts_has_group(const struct facts *f, const char *group);
/* The mark a phase begins with; NULL: there is none. */
const struct facts_mark *facts_phase_mark(const struct facts *f, size_t phase);
