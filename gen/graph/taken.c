#include "gen/graph/taken.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include <fcntl.h>
#include <string.h>

enum { RECIPE_MAX = 64 << 20 };

/* One process notes for one request. */
static struct taken all;
static bool on;

void taken_begin(void)
{
	all = (struct taken){ 0 };
	on = true;
}

bool taken_is_on(void)
{
	return on;
}

struct taken taken_end(void)
{
	on = false;
	return all;
}

/* A result has its recipe beside it; what is stored nowhere has none. */
static void note(const struct run *r, const struct edge *g)
{
	const char *out = g->outs.v[0], *slash = strrchr(out, '/');
	auto_free char *path = xasprintf("%.*s/recipe", slash ? (int)(slash - out) : 1, slash ? out : ".");
	auto_free char *recipe = NULL;
	struct err ignored;
	size_t n;

	if (file_read(r->folder.dir, path, RECIPE_MAX, &recipe, &n, &ignored) < 0)
		return;
	if (!(all.n & (all.n - 1)))
		all.keys = xreallocarray(all.keys, all.n ? 2 * all.n : 1, sizeof(*all.keys));
	hash_hex(recipe, n, all.keys[all.n++]);
}

void taken_note(const struct run *r, const struct plan *p, bool last)
{
	all.last |= last;
	for (size_t i = 0; i < p->n_edges; i++) {
		enum step_state state = r->steps[i].state;

		if (state == STEP_CACHED || state == STEP_RAN)
			note(r, p->edges[i]);
		else
			all.lacking++;
	}
}
