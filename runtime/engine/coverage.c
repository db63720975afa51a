#include "engine/coverage.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { CHUNK = 512 };

int coverage_open(struct coverage *c, const char *program, unsigned workers)
{
	*c = (struct coverage){ .file = -1 };
	if (!program || !counters_find(&c->counters, program))
		return 0;
	c->file = memfd_create("ktstr-coverage", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	/* Sealed, or the worker that made it shorter would be the end of all others. */
	return c->file < 0 || ftruncate(c->file, (off_t)counters_place(&c->counters, workers)) < 0 ||
			       fcntl(c->file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0
		       ? -1
		       : 0;
}

static void add(uint64_t *sum, const uint64_t *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(sum[i], from[i], &sum[i]))
			sum[i] = UINT64_MAX;
}

/* Of one worker; where nobody wrote there is nothing to be read. */
static void add_worker(uint64_t *sum, const struct coverage *c, unsigned i)
{
	off_t from = (off_t)(counters_place(&c->counters, i) + counters_offset(&c->counters));
	off_t end = from + (off_t)(c->counters.n * 8), at = from;
	uint64_t some[CHUNK];

	while ((at = lseek(c->file, at, SEEK_DATA)) >= 0 && at < end) {
		size_t want = end - at < (off_t)sizeof some ? (size_t)(end - at) : sizeof some;

		if (pread(c->file, some, want, at) != (ssize_t)want)
			return;
		add(sum + (at - from) / 8, some, want / 8);
		at += (off_t)want;
	}
}

void coverage_report(FILE *f, const struct coverage *c, unsigned n)
{
	uint64_t *sum = c->counters.n ? calloc(c->counters.n, sizeof *sum) : NULL;
	bool first = true;

	if (!sum)
		return;
	for (unsigned i = 0; i < n; i++)
		add_worker(sum, c, i);
	fprintf(f, "\"coverage\":{\"counters\":%zu,\"ran\":[", c->counters.n);
	for (size_t i = 0; i < c->counters.n; i++) {
		if (!sum[i])
			continue;
		fprintf(f, "%s%zu,%" PRIu64, first ? "" : ",", i, sum[i]);
		first = false;
	}
	fputs("]},\n", f);
	free(sum);
}

void coverage_close(struct coverage *c)
{
	if (c->counters.n && c->file >= 0)
		close(c->file);
	*c = (struct coverage){ .file = -1 };
}
