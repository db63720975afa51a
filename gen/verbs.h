/* verbs.h: every verb of the tool, and the little they share. */
#pragma once
#include "base/opt.h"
#include "gen/run.h"
#include <stdio.h>
struct home;
struct kernel_entry;
struct plan;

extern const struct verb verb_kernel;
extern const struct verb verb_kernel_clean;
extern const struct verb verb_verifier;

/* step, store, launcher and vm_slots of a plan's build file, and the rule file it needs. */
int verb_plan(struct plan *p, const struct home *home, const char *rules, uint64_t guest_mb, struct err *e);
/* CRC-32 of ktstr.kconfig, for stale marks: hex[9]. */
int verb_kconfig_hash(const struct home *home, char *hex, struct err *e);
/* One line of `kernel list`, markers included. */
void kernel_row(FILE *f, const struct kernel_entry *k);
