#include "fetch/tree/srctree.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "fetch/tree/files.h"
#include "fetch/tree/link.h"
#include "store/hashes.h"
#include "text/name.h"
#include "store/recipe.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool may_read(int root, const char *path)
{
	return access_at(root, path, R_OK) == 0 || errno != EACCES;
}

static void hash_shut(const struct stat *st, char hex[KEY_LEN + 1])
{
	auto_free char *text = xasprintf("shut %lld %lld.%09ld", (long long)st->st_size, (long long)st->st_mtim.tv_sec,
					 st->st_mtim.tv_nsec);

	hash_hex(text, strlen(text), hex);
}

static int hash_one(struct source_files *f, struct source_file *x, struct hashes *h, char hex[KEY_LEN + 1],
		    struct err *e)
{
	if (S_ISLNK(x->st.st_mode))
		return srclink_hash(f, x->path, h, hex, e);
	if (S_ISREG(x->st.st_mode) && hashes_known(h, &x->st, hex))
		return 0;
	if (!x->shut && may_read(f->root, x->path))
		return hashes_file(h, f->root, x->path, hex, NULL, e);
	if (source_shut(f, x, e) < 0)
		return -1;
	hash_shut(&x->st, hex);
	return 0;
}

static const char *kind(const struct source_file *x)
{
	if (x->shut)
		return "shut";
	return S_ISLNK(x->st.st_mode) ? "link" : x->st.st_mode & S_IXUSR ? "exec" : "file";
}

/* PATH, NUL, KIND, space, SUM, newline. */
static void put_line(FILE *list, const struct source_file *x, const char *sum)
{
	fwrite_unlocked(x->path, 1, strlen(x->path) + 1, list);
	fputs_unlocked(kind(x), list);
	putc_unlocked(' ', list);
	fputs_unlocked(sum, list);
	putc_unlocked('\n', list);
}

static int list_all(struct source_files *f, struct hashes *h, FILE *list,
		    void (*progress)(unsigned long, unsigned long, const char *), struct err *e)
{
	for (size_t i = 0; i < f->n; i++) {
		struct source_file *x = &f->v[i];
		char sum[KEY_LEN + 1];

		if (hash_one(f, x, h, sum, e) < 0)
			return -1;
		put_line(list, x, sum);
		if (i % 256)
			continue;
		if (progress)
			progress(i, f->n, "reading the source tree");
		if (stop_pending())
			return stop_err(e);
	}
	return 0;
}

int srctree_list(const char *store, const char *source, struct source_files *f, char **text, size_t *n, char *hex,
		 void (*progress)(unsigned long done, unsigned long total, const char *note), struct err *e)
{
	char scope[sizeof("tree-") + NAME_LEN] = "tree-";
	struct hashes *h;
	FILE *list;
	int r;

	if (source_files_find(f, source, e) < 0)
		return -1;
	name_hex(source, strlen(source), scope + strlen(scope));
	if (hashes_open(&h, store, scope, e) < 0)
		return -1;
	list = xmemstream(text, n);
	r = list_all(f, h, list, progress, e);
	fclose(list);
	hashes_close(h);
	if (r < 0) {
		free(TAKE(*text));
		return err_in(e, "source tree %s", source);
	}
	hash_hex(*text, *n, hex);
	return 0;
}

/* "perf.data", "perf.data and 2 others"; NULL: nothing. */
static char *shut_names(const struct source_files *f)
{
	for (size_t i = 0; f->shut && i < f->n; i++)
		if (f->v[i].shut)
			return f->shut == 1 ? xstrdup(f->v[i].path)
					    : xasprintf("%s and %zu other%s", f->v[i].path, f->shut - 1,
							f->shut > 2 ? "s" : "");
	return NULL;
}

int srctree_hash(const char *store, const char *source, char *hex, char **shut,
		 void (*progress)(unsigned long done, unsigned long total, const char *note), struct err *e)
{
	auto_source_files struct source_files f = { .root = -1 };
	auto_free char *text = NULL;
	size_t n;

	if (srctree_list(store, source, &f, &text, &n, hex, progress, e) < 0)
		return -1;
	if (shut)
		*shut = shut_names(&f);
	return 0;
}
