/* series.h: samples and marks of one run, as members of run.json (judge/facts/facts.h):
 *
 *   samples  [{nr, scx, flags, local, clock, curr: [per CPU], dsqs: [{id, nr, pid}], waiting: n, tasks: [{pid, comm, cpu, ns, ticks,
 *            dsq, cpus}], idle: [[cpu, place in tasks]]}], null where it could not be read
 *     nr     runnable tasks, without the director's, which is there because it has us look
 *     curr   pid of the task that runs; 0: none but the idle one, or the director; -1: the CPU is offline
 *     dsqs   those that have tasks, the longest first; pid: of the first task
 *     tasks  those that wait, the longest first, as many as TASKS_TOLD, and the longest that may run on each idle CPU
 *     ticks  of the kernel, since its watchdog counts
 *   looked   [{events: {NAME: n}, schedstat: [[numbers of a CPU that is online]], programs: [{name, runs, ns, insns}]}]: at marks
 *   unlooked why the first that could not be read was not
 *
 * What this kernel does not tell is left out. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;
struct view_counts;
struct view_queues;
struct watch;

enum { TASKS_TOLD = 8, DSQS_TOLD = 64, SERIES_SAMPLES = 65536, SERIES_MARKS = 16384 /* what is beyond is nothing */ };
#define SERIES_MAX ((size_t)64 << 20) /* bytes; later samples are null */

struct series {
	FILE *samples, *marks;
	char *text[2];
	size_t n[2];
	size_t n_samples, n_marks;
	char *trouble; /* NULL: none */
};

void series_open(struct series *s);
/* What cannot be read is null, and told in trouble; never an error. */
void series_sample(struct series *s, const struct watch *w);
void series_mark(struct series *s, const struct watch *w);
/* Why nothing at all can be read, unless something was told before. */
void series_trouble(struct series *s, const char *why);
/* The members, each with a comma before it. Once. */
void series_write(FILE *f, struct series *s);
void series_free(struct series *s);
#define auto_series __attribute__((unused, cleanup(series_free)))

/* One of each, for what is above. */
void series_write_queues(FILE *f, const struct view_queues *v);
void series_write_counts(FILE *f, const struct view_counts *v, const struct watch *w);
