/* fuzz.h: what every fuzz target needs. tests/fuzz.sh runs them. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What must hold whatever the input is. */
#define MUST(what) \
	do { \
		if (!(what)) { \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #what); \
			abort(); \
		} \
	} while (0)

/* Puts a first input into the folder KTSTR_FUZZ_SEEDS, when there is one. */
static inline void fuzz_seed(const char *name, const void *data, size_t n)
{
	const char *dir = getenv("KTSTR_FUZZ_SEEDS");

	if (!dir)
		return;
	auto_free char *path = xasprintf("%s/%s", dir, name);
	auto_file FILE *f = fopen(path, "we");

	MUST(f && fwrite(data, 1, n, f) == n);
}

/* A failed call has a code and a text. */
static inline void must_say_why(const struct err *e)
{
	MUST(e->code && e->msg[0] && memchr(e->msg, 0, sizeof e->msg));
}
