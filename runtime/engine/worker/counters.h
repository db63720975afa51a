/* counters.h: the counters of an instrumented test program: how often each region of its source ran.
 *
 * LLVM's compilers (clang -fprofile-instr-generate, rustc -C instrument-coverage) put them, 64 bits each and 0 at first, into one section
 * of an executable; its profile runtime writes them into a file when the program ends. A worker is killed, and its files are in a guest. So
 * it counts in a file that the engine lends it:
 *
 *   env   KTSTR_WORKER_COUNTERS="FILE PLACE", decimal numbers, and only for a program that has counters
 *
 * From that place on the file is to be all pages that counters are in. Of an executable only: its shared libraries count for themselves. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUNTERS_ENV "KTSTR_WORKER_COUNTERS"
enum { COUNTERS_MAX = 1 << 20 /* a program with more counts as one without */, COUNTERS_WORDS_MAX = 64 };

struct counters {
	uint64_t at; /* in the program as it was linked; in a process, where they are */
	size_t n;
};

/* false: that file is no program with such counters. */
bool counters_find(struct counters *c, const char *program);
/* Those of this process. */
bool counters_here(struct counters *c);
/* The pages that they are in: how many bytes, and how far into the first one they begin. */
size_t counters_span(const struct counters *c);
size_t counters_offset(const struct counters *c);
/* Where in the engine's file worker i counts. */
uint64_t counters_place(const struct counters *c, unsigned i);

void counters_words(char to[COUNTERS_WORDS_MAX], int file, uint64_t place);
/* This process, which has no other thread yet, counts in the file from now on; the file is closed. false with errno: it does not. What
 * its children count may be missing there: pages that have something else too are their own. */
bool counters_lend(const char *words);
