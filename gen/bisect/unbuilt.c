#include "gen/bisect/unbuilt.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/bisect/commits.h"
#include "store/recipe.h"
#include "store/store.h"

#define FAILED "failed"

enum { FORMAT = 1, WORDS_MAX = 64 << 10 };

static int state(struct recipe *r, const struct commits *c, const char *id, const struct home *home, struct err *e)
{
	static const char *const variables[] = { "ARCH", "LLVM", "CROSS_COMPILE" };
	char tree[GIT_ID], kconfig[9];

	if (commits_tree(c, id, tree, e) < 0 || home_kconfig_hash(home, kconfig, e) < 0)
		return -1;
	recipe_open(r, "bisect-unbuilt", FORMAT);
	recipe_str(r, "tree", tree);
	recipe_str(r, "kconfig", kconfig);
	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++)
		recipe_str(r, variables[i], getenv(variables[i]));
	return 0;
}

int unbuilt_find(const struct commits *c, const char *id, const struct home *home, char **why, struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	size_t n;

	if (store_open(&st, NULL, e) < 0 || state(&r, c, id, home, e) < 0)
		return -1;
	int found = store_begin(&st, &r, false, &w, e);

	if (found)
		return found < 0 ? -1 : UNBUILT_UNKNOWN;
	return file_read(w.dir, FAILED, WORDS_MAX, why, &n, e) < 0 ? -1 : UNBUILT_KNOWN;
}

int unbuilt_keep(const struct commits *c, const char *id, const struct home *home, const char *why, struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };

	if (store_open(&st, NULL, e) < 0 || state(&r, c, id, home, e) < 0 || store_begin(&st, &r, true, &w, e) < 0)
		return -1;
	return file_write(w.dir, FAILED, why, strlen(why), e) < 0 ? -1 : work_publish(&w, &r, e);
}
