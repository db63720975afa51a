#include "gen/graph/stale.h"
#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "gen/graph/folder.h"
#include "gen/graph/plan.h"
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPS_MAX (1u << 20)
#define DEPS_MS 10000

static bool changed_after(const struct stat *a, const struct stat *b)
{
	return a->st_ctim.tv_sec != b->st_ctim.tv_sec ? a->st_ctim.tv_sec > b->st_ctim.tv_sec
						      : a->st_ctim.tv_nsec > b->st_ctim.tv_nsec;
}

/* Ninja asks for the time of last modification, which a copy may keep and anybody may set. An input of ours that was
 * changed after the output in any way is not up to date. */
static bool is_outdated(const struct strs *ins, int dir, const struct stat *out)
{
	struct stat in;

	for (size_t i = 0; i < ins->n; i++) {
		if (*ins->v[i] == '/' && fstatat(dir, ins->v[i], &in, 0) == 0 && changed_after(&in, out))
			return true;
	}
	return false;
}

/* The same for what a depfile named: package managers keep the builder's time stamps on shared libraries. */
static bool has_outdated_deps(const struct folder *b, const char *path, const struct stat *out)
{
	const char *const argv[] = { "ninja", "-C", b->path, "-t", "deps", path, NULL };
	struct spawn sp = { .argv = argv };
	auto_free char *text = NULL;
	struct err ignored;
	char *save = NULL;
	size_t n;
	int status;

	if (spawn_capture(&sp, false, DEPS_MAX, DEPS_MS, &text, &n, &status, &ignored) < 0)
		return false;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *word = line + strspn(line, " ");
		const struct strs one = { &word, 1 };

		if (word > line && is_outdated(&one, b->dir, out))
			return true;
	}
	return false;
}

static bool is_stale(const struct folder *b, const struct edge *g, const char *path, const struct stat *out)
{
	return g->again || is_outdated(&g->ins, b->dir, out) || is_outdated(&g->implicit, b->dir, out) ||
	       (g->depfile && has_outdated_deps(b, path, out));
}

void stale_forget(const struct folder *b, const struct plan *p)
{
	struct stat out;

	for (size_t i = 0; i < p->n_edges; i++) {
		const struct edge *g = p->edges[i];

		for (size_t k = 0; k < g->outs.n; k++) {
			if (fstatat(b->dir, g->outs.v[k], &out, 0) == 0 && is_stale(b, g, g->outs.v[k], &out))
				(void)unlinkat(b->dir, g->outs.v[k], 0); /* absent is what we want */
		}
	}
}
