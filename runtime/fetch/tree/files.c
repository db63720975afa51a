#include "fetch/tree/files.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "fetch/git/local.h"
#include <dirent.h>
#include <errno.h>
#include <string.h>

enum { DEPTH_MAX = 64, FILES_MAX = 4 << 20 };

/* No file of Linux 6.12 has such a name. A star is anything, and each has at most one. */
static const char *const products[] = {
	".git",
	"*.o",
	"*.ko",
	"*.a",
	"*.cmd",
	"*.mod",
	"*.mod.c",
	"*.symvers",
	"modules.order",
	".tmp_*",
	"*~",
	".*.swp",
	"cscope.*",
	"TAGS",
	"GTAGS",
	"GPATH",
	"GRTAGS",
	".vscode",
	".idea",
	".cache",
	"compile_commands.json",
	/* Of what "make clean" looks for everywhere: it would take a source of such a name as well. */
	"*.s",
	"*.i",
	"*.rsi",
	"*.ll",
	"*.lst",
	"*.su",
	"*.symtypes",
	"*.dtb",
	"*.dtbo",
	"*.dwo",
	"*.gcno",
	"*.lex.c",
	"*.tab.c",
	"*.tab.h",
	"*.asn1.c",
	"*.asn1.h",
	".*.d",
	".*.tmp",
	/* What "make" leaves at the top. */
	"System.map",
	".config.old",
};

void source_files_drop(struct source_files *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].path);
	free(f->v);
	if (f->root >= 0)
		close(f->root);
	localgit_close(f->git);
	*f = (struct source_files){ .root = -1 };
}

/* Asked for each of 90,000 files, which is why it is not fnmatch(). */
static bool fits(const char *pattern, const char *name, size_t n)
{
	const char *star = strchr(pattern, '*');

	if (!star)
		return !strcmp(pattern, name);
	size_t before = (size_t)(star - pattern), behind = strlen(star + 1);

	return n >= before + behind && !memcmp(pattern, name, before) && !memcmp(star + 1, name + n - behind, behind);
}

bool source_product(const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < countof(products); i++)
		if (fits(products[i], name, n))
			return true;
	return false;
}

/* What git tracks counts, whatever its name. path ends with '/' for a folder; name does not. */
static int counts(struct source_files *f, const char *path, const char *name, bool *yes, struct err *e)
{
	bool ignored;

	if (!f->git) {
		*yes = !source_product(name);
		return 0;
	}
	*yes = localgit_tracked(f->git, path);
	if (*yes || source_product(name))
		return 0;
	if (localgit_ignored(f->git, path, &ignored, e) < 0)
		return -1;
	*yes = !ignored;
	return 0;
}

static int scan(struct source_files *f, int at, const char *dir, unsigned depth, struct err *e);

int source_shut(struct source_files *f, struct source_file *x, struct err *e)
{
	if (f->git && localgit_tracked(f->git, x->path))
		return err_set(e, X_NO_INPUT, "%s may not be read by this user", x->path);
	if (!x->shut)
		f->shut++;
	x->shut = true;
	return 0;
}

static int add_path(struct source_files *f, char *path, struct err *e)
{
	auto_free char *p = path;

	if (f->n == FILES_MAX)
		return err_set(e, X_NO_INPUT, "more than %d files", FILES_MAX);
	if (f->n == f->cap)
		f->v = xreallocarray(f->v, f->cap = f->cap ? f->cap * 2 : 4096, sizeof(*f->v));
	f->v[f->n++] = (struct source_file){ .path = TAKE(p) };
	return 0;
}

/* Of a folder one must be able to read the names and to reach what they name. -1 with errno. */
static int open_folder(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd >= 0 && access_at(fd, ".", X_OK) < 0 && errno == EACCES) {
		close(fd);
		errno = EACCES;
		return -1;
	}
	return fd;
}

/* path ends with '/', which git needs to know it as a folder. */
static int add_shut(struct source_files *f, const char *path, struct err *e)
{
	size_t n = strlen(path);

	if (add_path(f, xstrdup(path), e) < 0 || source_shut(f, &f->v[f->n - 1], e) < 0)
		return -1;
	f->v[f->n - 1].path[n - 1] = '\0';
	return 0;
}

static int add_folder(struct source_files *f, int at, const char *name, const char *path, unsigned depth, struct err *e)
{
	auto_free char *folder = xasprintf("%s/", path);
	bool yes;

	if (!strcmp(name, ".git"))
		return 0;
	if (counts(f, folder, name, &yes, e) < 0)
		return -1;
	if (!yes)
		return 0;
	int fd = open_folder(at, name);

	return fd < 0 && errno == EACCES ? add_shut(f, folder, e) : scan(f, fd, path, depth + 1, e);
}

static bool is_file(mode_t mode)
{
	return S_ISREG(mode) || S_ISLNK(mode);
}

static int add_file(struct source_files *f, const char *name, char *path, struct err *e)
{
	auto_free char *p = path;
	bool yes;

	/* A linked work tree has a file of this name. */
	if (!strcmp(p, ".git"))
		return 0;
	if (counts(f, p, name, &yes, e) < 0)
		return -1;
	return yes ? add_path(f, TAKE(p), e) : 0;
}

/* Most file systems say the type with the name. */
static int add(struct source_files *f, int at, const struct dirent *ent, char *path, unsigned depth, struct err *e)
{
	mode_t mode = DTTOIF(ent->d_type);
	auto_free char *p = path;
	struct stat st;

	if (ent->d_type == DT_UNKNOWN) {
		if (fstatat(at, ent->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			return errno == ENOENT ? 0 : err_sys(e, "look at %s", p);
		mode = st.st_mode;
	}
	if (S_ISDIR(mode))
		return add_folder(f, at, ent->d_name, p, depth, e);
	return is_file(mode) ? add_file(f, ent->d_name, TAKE(p), e) : 0;
}

/* Takes fd over. */
static int scan(struct source_files *f, int fd, const char *dir, unsigned depth, struct err *e)
{
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!d)
		return err_sys(e, "open %s", *dir ? dir : "the folder");
	if (depth > DEPTH_MAX)
		r = err_set(e, X_NO_INPUT, "%s: folders nested too deep", dir);
	for (const struct dirent *ent; r == 0 && (ent = readdir(d));) {
		const char *name = ent->d_name;

		if (!strcmp(name, ".") || !strcmp(name, ".."))
			continue;
		r = add(f, fd, ent, *dir ? xasprintf("%s/%s", dir, name) : xstrdup(name), depth, e);
	}
	if (r == 0 && stop_pending())
		r = stop_err(e);
	closedir(d);
	return r;
}

/* Leaves out what is gone, or is no file any more. */
static int look(struct source_files *f, struct err *e)
{
	size_t n = 0;

	if (statmany(f->root, f->v, f->n, e) < 0)
		return -1;
	for (size_t i = 0; i < f->n; i++)
		if (is_file(f->v[i].st.st_mode) || (f->v[i].shut && S_ISDIR(f->v[i].st.st_mode)))
			f->v[n++] = f->v[i];
		else
			free(f->v[i].path);
	f->n = n;
	return 0;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct source_file *)a)->path, ((const struct source_file *)b)->path);
}

static int is_source(const char *source, struct err *e)
{
	static const char *const names[] = { "Makefile", "Kconfig", "arch" };

	if (access(source, R_OK | X_OK) < 0 && errno == EACCES)
		return err_set(e, X_NO_INPUT, "the folder %s may not be read by this user", source);
	for (size_t i = 0; i < countof(names); i++) {
		auto_free char *path = xasprintf("%s/%s", source, names[i]);

		if (!file_exists(path))
			return err_set(e, X_NO_INPUT, "%s is not a kernel source tree: it has no %s", source, names[i]);
	}
	return 0;
}

int source_files_find(struct source_files *f, const char *source, struct err *e)
{
	if (is_source(source, e) < 0)
		return -1;
	f->root = open(source, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->root < 0) {
		err_sys(e, "open %s", source);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (localgit_open(&f->git, source, e) < 0)
		return -1;
	if (scan(f, openat(f->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "", 0, e) < 0 || look(f, e) < 0)
		return err_in(e, "source tree %s", source);
	if (f->v)
		qsort(f->v, f->n, sizeof(*f->v), by_path);
	return 0;
}
