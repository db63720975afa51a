/* machine.h: what a scenario does to the whole guest: its CPUs, its freezer, its pressure triggers. In a guest of ours alone. */
#pragma once
#include "engine/trouble.h"
#include "scenario/plan.h"
#include <stdbool.h>
#include <stdint.h>
struct cgroups;

/* Takes these CPUs offline, or brings them back; those that are so already stay. ENDS_SKIP: this kernel cannot. *refused: errno of a CPU
 * that would not, else 0. */
int machine_cpus(const struct cpus *cpus, bool online, int *refused, struct trouble *t);
/* Freezes all tasks but the caller for so long, as a suspend does, and thaws them. ENDS_SKIP: this kernel cannot. *refused: errno of a
 * freezer that gave up, else 0. */
int machine_freeze(uint64_t ns, int *refused, struct trouble *t);
/* A trigger that watches the CPU pressure of that group; NULL: the machine's. A descriptor that holds it; -1: t, ENDS_SKIP: this
 * kernel cannot. */
int machine_psi(const struct cgroups *c, const char *group, struct trouble *t);
