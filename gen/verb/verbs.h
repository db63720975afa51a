/* verbs.h: every verb of the tool. */
#pragma once
#include "options/opt.h"

extern const struct verb verb_root; /* main.c: the map of all of them */
extern const struct verb verb_affected;
extern const struct verb verb_bisect;
extern const struct verb verb_build_kernel;
extern const struct verb verb_cache;
extern const struct verb verb_cache_export;
extern const struct verb verb_cache_gc;
extern const struct verb verb_cache_import;
extern const struct verb verb_cache_stats;
extern const struct verb verb_cache_verify;
extern const struct verb verb_cleanup;
extern const struct verb verb_complete;
extern const struct verb verb_completions;
extern const struct verb verb_coverage;
extern const struct verb verb_doctor;
extern const struct verb verb_explore;
extern const struct verb verb_kernel;
extern const struct verb verb_kernel_build;
extern const struct verb verb_kernel_clean;
extern const struct verb verb_kernel_import;
extern const struct verb verb_kernel_list;
extern const struct verb verb_list;
extern const struct verb verb_man;
extern const struct verb verb_matrix;
extern const struct verb verb_new;
extern const struct verb verb_replay;
extern const struct verb verb_run;
extern const struct verb verb_runs;
extern const struct verb verb_shell;
extern const struct verb verb_stats;
extern const struct verb verb_test;
extern const struct verb verb_test_stats;
extern const struct verb verb_topo;
extern const struct verb verb_verifier;
