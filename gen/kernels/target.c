#include "gen/kernels/target.h"
#include "base/err.h"
#include "base/mem.h"
#include "kernel/cache/entry.h"
#include "kernel/cache/usage.h"
#include <stdlib.h>

void target_free(struct target *x)
{
	free(x->id);
	kernel_free(&x->k);
	free(x->brief);
	free(x->version);
	free(x->url);
	free(x->ref);
	free(x->commit);
	free(x->dir);
	free(x->tree);
	free(x->base);
	free(x->key);
}

void kernels_free(struct kernels *w)
{
	for (size_t i = 0; i < w->n; i++)
		target_free(&w->v[i]);
	free(w->v);
	*w = (struct kernels){ 0 };
}

void target_used(const struct target *w)
{
	struct err ignored;
	auto_free char *root = w->key ? kernel_root(&ignored) : NULL;
	auto_free char *dir = root ? xasprintf("%s/%s", root, w->key) : NULL;

	if (dir)
		kernel_mark_used(dir);
}
