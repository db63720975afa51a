/* kconfig.h: the fragment, and whether a .config honours it. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct err;

/* Writes the fragment's requests for arch (see "#@only" in ktstr.kconfig) to f, one per line, without the comments:
 * what a .config depends on and nothing else. Lines that may be lost stand between "#@wish" and "#@all" there as well. X_KCONFIG for what is no text, with the line's number for a line that is neither a request nor
 * a comment, for an unknown "#@" line, and for an option that is requested twice. */
int kconfig_select(const char *fragment, size_t n, const char *arch, FILE *f, struct err *e);
/* The requests of fragment whose options other does not set: what is left to demand when other comes after it, and to wish for.
 * Caller frees. */
char *kconfig_without(const char *fragment, size_t n, const char *other, size_t on);
/* Compares requests with a .config by parsing both: "CONFIG_X=v" must be equal, "# CONFIG_X is not set" must be unset or
 * absent. What is only wished for is never lost. An option of which .config says nothing at all is no loss if newer kernels always have what it turned on
 * (SCHED_DEBUG). The options that did not survive go to *lost as lines "CONFIG_X: wanted y, is not set", in fragment
 * order. Returns their number. The caller frees *lost. */
int kconfig_lost(const char *fragment, size_t fn, const char *config, size_t cn, char **lost);
/* Options no test kernel can do without (upstream 0.3.2's validation list), with a hint each. Returns the number missing;
 * *text as the error's lines. */
int kconfig_missing(const char *config, size_t n, char **text);
