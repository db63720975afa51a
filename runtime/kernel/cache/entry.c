/* The kernel cache: one folder per entry, the directory listing is the index. */
#include "kernel/cache/entry.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

enum { META_MAX = 1 << 20 };

/* The path must stay true for a step that ninja starts in another folder. */
static char *absolute(char *path, struct err *e)
{
	auto_free char *p = path;
	auto_free char *cwd = NULL;

	if (*p == '/')
		return TAKE(p);
	if (!(cwd = getcwd(NULL, 0))) {
		err_sys(e, "current folder");
		return NULL;
	}
	return xasprintf("%s/%s", cwd, p);
}

char *kernel_root(struct err *e)
{
	char *path = cache_path("KTSTR_CACHE_DIR", "kernels", e);

	return path ? absolute(path, e) : NULL;
}

int kernel_key_check(const char *key, struct err *e)
{
	const char *p = key;

	while (isspace((unsigned char)*p))
		p++;
	if (!*p)
		return err_set(e, X_FAIL, "a kernel key cannot be empty");
	if (strpbrk(key, "/\\"))
		return err_set(e, X_FAIL, "kernel key \"%s\" contains a path separator", key);
	if (!strcmp(key, "."))
		return err_set(e, X_FAIL, "kernel key \"%s\" is a folder reference", key);
	if (strstr(key, ".."))
		return err_set(e, X_FAIL, "kernel key \"%s\" contains \"..\"", key);
	if (!strncmp(key, ".tmp-", 5) || !strncmp(key, ".lock-", 6))
		return err_set(e, X_FAIL, "kernel key \"%s\" starts with a reserved prefix", key);
	return 0;
}

/* Files, and none that an entry has. Later versions of upstream put other things than kernels into the folder that
 * KTSTR_CACHE_DIR names. */
static bool holds_no_kernel(const char *dir)
{
	static const char *const names[] = { "bzImage", "Image", "vmlinux", ".config" };
	DIR *d = opendir(dir);
	bool kernel = false;
	size_t n = 0;

	for (const struct dirent *ent; d && (ent = readdir(d));) {
		n += strcmp(ent->d_name, ".") != 0 && strcmp(ent->d_name, "..") != 0;
		for (size_t i = 0; i < countof(names); i++)
			kernel |= !strcmp(ent->d_name, names[i]);
	}
	if (d)
		closedir(d);
	return n && !kernel;
}

/* What we may not read is not damaged. */
static int read_meta(struct kernel_entry *k, struct err *e)
{
	auto_free char *path = xasprintf("%s/metadata.json", k->dir);
	auto_free char *text = NULL;
	size_t n;
	int r = file_read(AT_FDCWD, path, META_MAX, &text, &n, e);

	if (r >= 0)
		return kernel_meta_parse(&k->meta, text, n, e);
	k->meta.foreign = r == -EACCES || (r == -ENOENT && holds_no_kernel(k->dir));
	return r == -ENOENT ? err_set(e, X_FAIL, "metadata.json is missing") : -1;
}

static int check_image(const struct kernel_entry *k, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", k->dir, k->meta.image_name);

	return file_exists(path) ? 0 : err_set(e, X_FAIL, "%s is missing", k->meta.image_name);
}

void kernel_entry_read(struct kernel_entry *k, const char *dir, const char *kconfig_hash)
{
	const char *slash = strrchr(dir, '/');
	struct err why = { 0 };
	struct stat st;

	*k = (struct kernel_entry){ .key = xstrdup(slash ? slash + 1 : dir), .dir = xstrdup(dir) };
	if (stat(dir, &st) == 0)
		k->inode = st.st_ino;
	if (read_meta(k, &why) < 0 || check_image(k, &why) < 0) {
		k->foreign = k->meta.foreign;
		kernel_meta_free(&k->meta);
		k->corrupt = xstrdup(why.msg);
		return;
	}
	k->foreign = k->meta.foreign;
	if (k->foreign)
		return; /* whose ktstr.kconfig is another one */
	k->stale_kconfig = kconfig_hash && k->meta.ktstr_kconfig_hash && strcmp(k->meta.source, "import") != 0 &&
			   strcmp(kconfig_hash, k->meta.ktstr_kconfig_hash) != 0;
	k->stale_ktstr = k->meta.ktstr_git_hash != NULL;
}

void kernel_entry_free(struct kernel_entry *k)
{
	free(k->key);
	free(k->dir);
	free(k->corrupt);
	kernel_meta_free(&k->meta);
	*k = (struct kernel_entry){ 0 };
}

void kernel_list_free(struct kernel_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		kernel_entry_free(&l->v[i]);
	free(l->v);
	free(l->root);
	*l = (struct kernel_list){ 0 };
}

/* Newest first; the key decides between equal times so that the order is the same every time. */
static int by_age(const void *a, const void *b)
{
	const struct kernel_entry *x = a, *y = b;
	int r;

	if (!x->corrupt != !y->corrupt)
		return x->corrupt ? 1 : -1;
	if (x->corrupt)
		return strcmp(x->key, y->key);
	r = strcmp(y->meta.built_at, x->meta.built_at);
	return r ? r : strcmp(x->key, y->key);
}

/* What cannot be used stays in the list: the user has to see what to clean. */
static bool is_entry(DIR *d, const struct dirent *ent)
{
	struct stat st;

	if (ent->d_name[0] == '.')
		return false;
	return fstatat(dirfd(d), ent->d_name, &st, 0) == 0 && S_ISDIR(st.st_mode);
}

static int scan(struct kernel_list *l, const char *kconfig_hash, struct err *e)
{
	DIR *d = opendir(l->root);
	size_t cap = 0;

	if (!d)
		return errno == ENOENT ? 0 : err_sys(e, "open %s", l->root);
	for (const struct dirent *ent; (ent = readdir(d));) {
		auto_free char *path = NULL;

		if (!is_entry(d, ent))
			continue;
		if (l->n == cap)
			l->v = xreallocarray(l->v, cap = cap ? cap * 2 : 16, sizeof(*l->v));
		path = xasprintf("%s/%s", l->root, ent->d_name);
		kernel_entry_read(&l->v[l->n++], path, kconfig_hash);
	}
	closedir(d);
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_age);
	return 0;
}

int kernel_list(struct kernel_list *l, const char *kconfig_hash, struct err *e)
{
	auto_kernel_list struct kernel_list new = { 0 };

	if (!(new.root = kernel_root(e)))
		return -1;
	if (scan(&new, kconfig_hash, e) < 0)
		return err_as(e, X_STORE, "kernel cache (KTSTR_CACHE_DIR can name another folder)");
	*l = new;
	new = (struct kernel_list){ 0 };
	return 0;
}
