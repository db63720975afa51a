#include "gen/matrix/last.h"

#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/matrix/rulings.h"
#include "store/store.h"
#include "text/argv.h"

#define LAST "history/last"

enum { LIST_MAX = 64 << 20 };

void last_write(const struct rulings *all)
{
	auto_store struct store st = { .dir = -1 };
	auto_free char *text = NULL;
	struct err ignored;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < all->n; i++)
		if (all->v[i].v.verdict < JUDGED_PASS && all->v[i].dir)
			fprintf(f, "%s\n", all->v[i].dir);
	fclose(f);
	if (store_open(&st, NULL, &ignored) == 0 && mkdir_p(st.dir, "history", 0777, &ignored) == 0)
		(void)file_write(st.dir, LAST, text, n, &ignored);
}

int last_read(struct argv *dirs, struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	auto_free char *text = NULL;
	size_t n;

	if (store_open(&st, NULL, e) < 0)
		return -1;
	if (file_read(st.dir, LAST, LIST_MAX, &text, &n, e) < 0)
		return err_set(e, X_NO_INPUT,
			       "no run is noted in this store; ktstr run and ktstr matrix note what did not pass");
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		argv_add(dirs, line);
	return 0;
}
