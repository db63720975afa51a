#include "gen/replay/traced.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/replay/again.h"
#include "gen/replay/cell.h"
#include "text/argv.h"

enum { PIECE = 8 << 10 };

/* The cell that those runs are, judged. */
static int run(struct replay_cell *to, const struct replay_cell *c, uint64_t n, struct err *e)
{
	auto_argv struct argv words = { 0 }, rest = { 0 }, run = { 0 };

	if (again_split(&words, &rest, c, e) < 0)
		return -1;
	if (strcmp(words.v[1], "run") != 0)
		return err_set(e, X_USAGE,
			       "%s: a test of a program cannot be traced; ktstr run its text, and trace that",
			       replay_name(c->dir));
	argv_addv(&run, (const char *const *)words.v + 2);
	argv_add(&run, "--seeds");
	argv_fmt(&run, "%" PRIu64 "..%" PRIu64, c->seed, c->seed + n - 1);
	argv_add(&run, "--trace");
	auto_free char *dir = again_words(&run, &rest, NULL, e);

	return dir ? replay_find(to, dir, NULL, e) : -1;
}

static void choose(struct traced *out, const struct replay_cell *t, uint64_t seed)
{
	*out = (struct traced){ .seed = seed, .verdict = t->v.verdict };
	for (size_t i = 0; i < t->v.n_seeds && !out->fails; i++)
		if (t->v.seeds[i].verdict == JUDGED_FAIL) {
			out->seed = t->v.seeds[i].seed;
			out->fails = true;
		}
	for (size_t i = 0; i < t->v.n_checks && !out->words; i++)
		if (t->v.checks[i].seed == out->seed && t->v.checks[i].verdict == JUDGED_FAIL)
			out->words = xstrdup(t->v.checks[i].words);
}

/* Why there is none of that seed, where its guest failed. */
static int came_to_something(const struct replay_cell *t, uint64_t seed, struct err *e)
{
	for (size_t i = 0; i < t->v.n_seeds; i++)
		if (t->v.seeds[i].seed == seed && t->v.seeds[i].verdict == JUDGED_BROKEN)
			return err_set(e, X_VM, "with the kernel's trace seed %" PRIu64 " came to no run: %s", seed,
				       t->v.seeds[i].words ? t->v.seeds[i].words : "no reason given");
	return 0;
}

static int copy(const char *dir, uint64_t seed, const char *path, struct err *e)
{
	auto_free char *from = xasprintf("%s/seed-%" PRIu64 "/trace", dir, seed);
	auto_close int fd = open(from, O_RDONLY | O_CLOEXEC);
	auto_draft struct draft d = { 0 };
	char piece[PIECE];
	ssize_t n = -1;

	if (fd < 0)
		return err_sys(e, "the trace of seed %" PRIu64, seed);
	if (draft_open(&d, AT_FDCWD, path, e) < 0)
		return -1;
	while ((n = read_full(fd, piece, sizeof(piece))) > 0)
		if (fwrite(piece, 1, (size_t)n, d.f) != (size_t)n)
			return err_sys(e, "write %s", path);
	return n < 0 ? err_sys(e, "read %s", from) : draft_publish(&d, path, false, e);
}

int traced_run(struct traced *out, const struct replay_cell *c, uint64_t n, const char *path, struct err *e)
{
	auto_replay_cell struct replay_cell t = { 0 };

	*out = (struct traced){ 0 };
	if (run(&t, c, n, e) < 0)
		return -1;
	choose(out, &t, c->seed);
	return came_to_something(&t, out->seed, e) < 0 ? -1 : copy(t.dir, out->seed, path, e);
}

void traced_free(struct traced *t)
{
	free(t->words);
	*t = (struct traced){ 0 };
}
