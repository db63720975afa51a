#include "gen/matrix/sidecars.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/run.h"
#include "gen/matrix/rulings.h"
#include "gen/sweep/sidecars.h"
#include "judge/facts/facts.h"
#include "judge/report/sidecar.h"
#include "progress/log.h"

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

static bool is_anew(const struct run *r, const struct edge *g)
{
	return g && run_step(r, g)->state == STEP_RAN;
}

/* Whether any test has something to leave behind, and whether that is new. */
static bool has_files(const struct rulings *all, const struct run *r, bool *anew)
{
	bool any = false;

	*anew = false;
	for (size_t i = 0; i < all->n; i++) {
		const struct cell_verdict *x = &all->v[i];

		if (x->cell->fit->skip)
			continue;
		for (size_t k = 0; k < x->v.n_seeds; k++)
			any |= x->v.seeds[k].verdict != JUDGED_SKIP && x->v.seeds[k].verdict != JUDGED_BROKEN;
		*anew |= is_anew(r, x->cell->judge);
	}
	return any;
}

static bool has_earlier(const char *dir)
{
	auto_free char *commit = xstrndup(dir, (size_t)(strrchr(dir, '/') - dir));

	return file_exists(commit);
}

static int write_new(const char *dir, const struct rulings *all, struct err *e)
{
	auto_free char *made = NULL, *kept = NULL;
	auto_close int fd = sidecars_begin(dir, &made, e);

	if (fd >= 0 && sidecars_write(fd, all, e) == 0 && sidecars_keep(made, dir, &kept, e) == 0) {
		log_info("sidecar files: %s", kept);
		return 0;
	}
	sidecars_drop(made);
	return -1;
}

void sidecars_leave(const struct rulings *all, const struct run *r)
{
	auto_free char *why = NULL, *dir = NULL;
	struct err e = { 0 };
	bool anew;

	if (!has_files(all, r, &anew))
		return;
	dir = sidecars_new(&why);
	if (!dir)
		log_note("no sidecar files: %s; --sidecar-dir names a folder", why);
	else if ((anew || !has_earlier(dir)) && write_new(dir, all, &e) < 0)
		log_note("no sidecar files: %s; --sidecar-dir names another folder", e.msg);
}
