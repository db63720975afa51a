#include "gen/matrix/sidecars.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/matrix/rulings.h"
#include "judge/facts/facts.h"
#include "judge/report/sidecar.h"

enum { FACTS_MAX = 256 << 20 };

/* 1: there was no run. */
static int read_facts(struct facts *f, const struct cell_verdict *x, uint64_t seed, struct err *e)
{
	auto_free char *path = xasprintf("%s/seed-%llu/run.json", x->dir, (unsigned long long)seed), *text = NULL;
	size_t n;

	if (!file_exists(path))
		return 1;
	if (file_read(AT_FDCWD, path, FACTS_MAX, &text, &n, e) < 0)
		return -1;
	return facts_read(f, text, n, e) < 0 ? err_in(e, "%s", path) : 0;
}

static int write_one(int dir, const struct cell_verdict *x, const struct verdict_seed *seed, struct err *e)
{
	auto_facts struct facts facts = { 0 };
	auto_free char *name = judge_sidecar_name(&x->v, seed), *text = NULL;
	size_t n;
	int r = seed->verdict == JUDGED_SKIP || seed->verdict == JUDGED_BROKEN ? 1
									       : read_facts(&facts, x, seed->seed, e);

	if (r)
		return r < 0 ? -1 : 0;
	FILE *f = xmemstream(&text, &n);

	judge_sidecar(f, &x->v, seed, &facts);
	fclose(f);
	return file_write(dir, name, text, n, e) < 0 ? -1 : 0;
}

int sidecars_write(int dir, const struct rulings *all, struct err *e)
{
	for (size_t i = 0; i < all->n; i++)
		for (size_t k = 0; k < all->v[i].v.n_seeds; k++)
			if (write_one(dir, &all->v[i], &all->v[i].v.seeds[k], e) < 0)
				return err_in(e, "sidecar file");
	return 0;
}
