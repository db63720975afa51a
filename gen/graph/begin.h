/* begin.h: what every graph begins with: the programs of its steps, the store, how many guests fit, the rules. */
#pragma once
#include <stdint.h>
struct err;
struct home;
struct plan;

/* step, source_step, store, launcher and vm_slots of a plan's build file, and the rule files it needs:
 * guest.ninja too when guests of at most guest_mb MiB and guest_cpus CPUs are to be booted. */
int plan_begin(struct plan *p, const struct home *home, const char *rules, uint64_t guest_mb, unsigned guest_cpus,
	       struct err *e);
