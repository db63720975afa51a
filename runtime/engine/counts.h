/* counts.h: what the kernel counts of the scheduler that is attached, as of now: events of sched_ext, and runs of its callbacks, which are
 * BPF programs of type struct_ops.
 *
 * How often programs ran and for how long is counted while kernel.bpf_stats_enabled is set, which PID 1 of our guests does. What run queues count is what the host reads as well, when it looks. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COUNTS_PROGRAMS = 4096 }; /* of different names; what is beyond is left out */

struct counts {
	char *events; /* the kernel's lines "NAME VALUE"; NULL: no scheduler is attached, or this kernel (before 6.15) has no such file */
	struct counts_program {
		char name[16]; /* the kernel's, cut to 15 characters; programs of equal names are one */
		uint64_t runs, ns;
		uint32_t insns; /* that the verifier looked at; 0: this kernel (before 5.16) does not say */
	} * programs;           /* by name */
	size_t n;
	bool listed; /* the kernel let us list programs */
	char *schedstat; /* the kernel's lines "cpuN …" of /proc/schedstat; NULL: not asked for, or this kernel has none */
};

/* What cannot be read is absent. */
void counts_take(struct counts *c, bool schedstat);
void counts_free(struct counts *c);
