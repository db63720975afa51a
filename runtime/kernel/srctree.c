#include "kernel/srctree.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64, FILES_MAX = 4 << 20 };

/* No file of Linux 6.12 has such a name. */
static const char *const products[] = {
	".git",      "*.o",           "*.ko",   "*.a",     "*.cmd",  "*.mod",    "*.mod.c",
	"*.symvers", "modules.order", ".tmp_*", "*~",      ".*.swp", "cscope.*", "TAGS",
	"GTAGS",     "GPATH",         "GRTAGS", ".vscode", ".idea",  ".cache",   "compile_commands.json",
};

struct entry {
	char *path;
	bool link, exec;
};

struct files {
	struct entry *v;
	size_t n, cap;
	int root;
};

static void files_drop(struct files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].path);
	free(f->v);
	if (f->root >= 0)
		close(f->root);
}
#define auto_files __attribute__((unused, cleanup(files_drop)))

static bool product(const char *name)
{
	for (size_t i = 0; i < countof(products); i++)
		if (fnmatch(products[i], name, 0) == 0)
			return true;
	return false;
}

static int scan(struct files *f, const char *dir, unsigned depth, struct err *e);

static int add(struct files *f, char *path, unsigned depth, struct err *e)
{
	auto_free char *p = path;
	struct stat st;

	if (fstatat(f->root, p, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "look at %s", p);
	if (S_ISDIR(st.st_mode))
		return scan(f, p, depth + 1, e);
	if (!S_ISREG(st.st_mode) && !S_ISLNK(st.st_mode))
		return 0;
	if (f->n == FILES_MAX)
		return err_set(e, X_NO_INPUT, "more than %d files", FILES_MAX);
	if (f->n == f->cap)
		f->v = xreallocarray(f->v, f->cap = f->cap ? f->cap * 2 : 4096, sizeof(*f->v));
	f->v[f->n++] = (struct entry){ TAKE(p), S_ISLNK(st.st_mode), st.st_mode & S_IXUSR };
	return 0;
}

static int scan(struct files *f, const char *dir, unsigned depth, struct err *e)
{
	int fd = openat(f->root, *dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!d)
		return err_sys(e, "open %s", *dir ? dir : "the folder");
	if (depth > DEPTH_MAX)
		r = err_set(e, X_NO_INPUT, "%s: folders nested too deep", dir);
	for (const struct dirent *ent; r == 0 && (ent = readdir(d));) {
		const char *name = ent->d_name;

		if (!strcmp(name, ".") || !strcmp(name, "..") || product(name))
			continue;
		r = add(f, *dir ? xasprintf("%s/%s", dir, name) : xstrdup(name), depth, e);
		if (r == 0 && stop_pending())
			r = stop_err(e);
	}
	closedir(d);
	return r;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int hash_one(const struct files *f, const struct entry *x, struct hashes *h, char hex[KEY_LEN + 1],
		    struct err *e)
{
	char target[PATH_MAX];
	ssize_t n;

	if (!x->link)
		return hashes_file(h, f->root, x->path, hex, NULL, e);
	n = readlinkat(f->root, x->path, target, sizeof(target));
	if (n < 0)
		return err_sys(e, "read link %s", x->path);
	hash_hex(target, (size_t)n, hex);
	return 0;
}

static int hash_all(const struct files *f, struct hashes *h, char *hex,
		    void (*progress)(unsigned long, unsigned long, const char *), struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *list = xmemstream(&text, &n);
	int r = 0;

	for (size_t i = 0; i < f->n && r == 0; i++) {
		const struct entry *x = &f->v[i];
		char sum[KEY_LEN + 1];

		if (stop_pending())
			r = stop_err(e);
		else if ((r = hash_one(f, x, h, sum, e)) == 0)
			fprintf(list, "%s%c%s %s\n", x->path, '\0', x->link ? "link" : x->exec ? "exec" : "file", sum);
		if (progress && i % 256 == 0)
			progress(i, f->n, "reading the source tree");
	}
	fclose(list);
	if (r < 0)
		return -1;
	hash_hex(text, n, hex);
	return 0;
}

static int is_source(const char *source, struct err *e)
{
	static const char *const names[] = { "Makefile", "Kconfig", "arch" };

	for (size_t i = 0; i < countof(names); i++) {
		auto_free char *path = xasprintf("%s/%s", source, names[i]);

		if (!file_exists(path))
			return err_set(e, X_NO_INPUT, "%s is no kernel source tree: it has no %s", source, names[i]);
	}
	return 0;
}

int srctree_hash(const char *store, const char *source, char *hex,
		 void (*progress)(unsigned long done, unsigned long total, const char *note), struct err *e)
{
	auto_files struct files f = { .root = -1 };
	char scope[sizeof("tree-") + KEY_LEN] = "tree-";
	struct hashes *h;
	int r;

	if (is_source(source, e) < 0)
		return -1;
	f.root = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f.root < 0) {
		err_sys(e, "open %s", source);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (scan(&f, "", 0, e) < 0)
		return err_in(e, "source tree %s", source);
	if (f.v)
		qsort(f.v, f.n, sizeof(*f.v), by_path);
	hash_hex(source, strlen(source), scope + strlen(scope));
	if (hashes_open(&h, store, scope, e) < 0)
		return -1;
	r = hash_all(&f, h, hex, progress, e);
	hashes_close(h);
	return r < 0 ? err_in(e, "source tree %s", source) : 0;
}
