/* samples.h: what run queues were at moments of a run, as monitor/series.h has it. */
#pragma once
#include "judge/facts/read.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct jsonw;

enum { SAMPLES_ALL = 65536, SAMPLE_CPUS = 512, SAMPLE_TASKS = 1024 };

/* One for each CPU. */
struct sample_column {
	int64_t *v;
	size_t n; /* 0: not known */
};

struct sample_queue {
	uint64_t id, nr, pid; /* pid: of the first task; 0: not known */
};

struct sample_task {
	uint64_t pid, cpu, ns, ticks, dsq;
	bool ticks_known, dsq_known, cpus_known;
	char *comm;
	struct cpus cpus;
};

/* An idle CPU, and the task that has waited longest of those that may run there. */
struct sample_idle {
	uint64_t cpu, task; /* task: its place in tasks */
};

struct facts_sample {
	bool there;  /* it was read, and when is known */
	uint64_t ns; /* since go */
	struct sample_column nr, scx, flags, local, clock, curr;
	bool dsqs_known, waiting_known;
	uint64_t waiting; /* tasks, of which some are told */
	struct sample_queue *dsqs;
	struct sample_task *tasks;
	struct sample_idle *idle;
	size_t n_dsqs, n_tasks, n_idle;
};

struct facts_samples {
	struct facts_sample *v;
	uint64_t *ns;
	size_t n, n_ns;
	bool known;    /* somebody looked */
	char *trouble; /* why the first that was not read was not; NULL */
};

/* Members of run.json; of the structure that begins with a struct facts_samples. */
int take_samples(struct reader *r, struct facts_samples *to);
int take_sampled(struct reader *r, struct facts_samples *to);
/* When both were read: samples without a time are as if they had not been read. */
void samples_settle(struct facts_samples *s);
void samples_write(struct jsonw *w, const struct facts_samples *s);
void samples_free(struct facts_samples *s);
