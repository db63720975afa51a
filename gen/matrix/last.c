#include "gen/matrix/last.h"

#include <fcntl.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/matrix/rulings.h"

char *last_path(struct err *e)
{
	auto_free char *store = cache_path("KTSTR_STORE", "store", e);

	return store ? xasprintf("%s/last-run", store) : NULL;
}

void last_write(const struct rulings *all)
{
	struct err ignored;
	auto_free char *path = last_path(&ignored), *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].v.verdict < JUDGED_PASS && all->v[i].dir)
			fprintf(f, "%s\n", all->v[i].dir);
	fclose(f);
	if (path)
		(void)file_write(AT_FDCWD, path, text, n, &ignored);
}
