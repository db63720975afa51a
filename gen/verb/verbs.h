/* verbs.h: every verb of the tool, and the little they share. */
#pragma once
#include "options/opt.h"
#include "gen/graph/run.h"
#include <stdbool.h>
#include <stdio.h>
struct home;
struct kernel_entry;
struct plan;

extern const struct verb verb_root; /* main.c: the map of all of them */
extern const struct verb verb_build_kernel;
extern const struct verb verb_cache;
extern const struct verb verb_cache_gc;
extern const struct verb verb_cache_stats;
extern const struct verb verb_cache_verify;
extern const struct verb verb_complete;
extern const struct verb verb_completions;
extern const struct verb verb_coverage;
extern const struct verb verb_doctor;
extern const struct verb verb_kernel;
extern const struct verb verb_kernel_build;
extern const struct verb verb_kernel_clean;
extern const struct verb verb_kernel_import;
extern const struct verb verb_kernel_list;
extern const struct verb verb_man;
extern const struct verb verb_shell;
extern const struct verb verb_test;
extern const struct verb verb_test_stats;
extern const struct verb verb_verifier;

/* step, source_step, store, launcher and vm_slots of a plan's build file, and the rule files it needs:
 * guest.ninja too when guests of at most guest_mb MiB and guest_cpus CPUs are to be booted. */
int verb_plan(struct plan *p, const struct home *home, const char *rules, uint64_t guest_mb, unsigned guest_cpus,
	      struct err *e);
/* CRC-32 of ktstr.kconfig, for stale marks: hex[9]. */
int verb_kconfig_hash(const struct home *home, char *hex, struct err *e);
/* Says which entry a kernel-entry step has made in folder dir; its key alone goes to stdout, for scripts. */
int verb_print_entry(const char *dir, struct err *e);
/* What `kernel build` does, for its older name. */
int verb_build_tree(const char *dir, bool clean, struct err *e);
/* Asks on stderr, reads a line of stdin; everything but y and yes is no. */
enum { VERB_YES = 0, VERB_NO = 1 };
int verb_confirm(const char *question, struct err *e);
/* The table of `kernel list`, markers included; fitted to the terminal if f is one. */
void kernel_rows(FILE *f, const struct kernel_entry *const *v, size_t n, bool head);
