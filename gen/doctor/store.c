/* The store, the kernel cache, their disk, and the kernel that is taken unless another is named. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/room.h"
#include "gen/doctor/doctor.h"
#include "gen/base/home.h"
#include "kernel/cache/entry.h"
#include "kernel/name/id.h"
#include "store/store.h"
#include "store/try.h"
#include "store/verify.h"
#include <errno.h>

/* What a step needs to have room for its logs; and a kernel's source with its objects (fetch/tarball/tarball.c). */
#define DISK_LEAST ((uint64_t)200 * 1000 * 1000)
#define DISK_BUILD ((uint64_t)5 * 1000 * 1000 * 1000)

/* path, or the nearest folder above it that is there. */
static char *nearest(const char *path)
{
	char *p = xstrdup(path);

	while (!file_exists(p)) {
		char *slash = strrchr(p, '/');

		if (!slash || slash == p) {
			free(p);
			return xstrdup("/");
		}
		*slash = '\0';
	}
	return p;
}

void judge_disk(struct findings *f, const char *path, uint64_t free_bytes)
{
	double gb = (double)free_bytes / 1e9;
	struct finding *x;

	if (free_bytes < DISK_LEAST) {
		x = found(f, "disk", LEVEL_FAIL, "%.2f GB are free in %s; steps have no room for their results", gb,
			  path);
		x->code = X_DISK_FULL;
	} else if (free_bytes < DISK_BUILD) {
		x = found(f, "disk", LEVEL_WARN, "%.1f GB are free in %s; building a kernel takes up to %.0f", gb, path,
			  (double)DISK_BUILD / 1e9);
	} else {
		x = found(f, "disk", LEVEL_OK, "%.1f GB are free in %s", gb, path);
	}
	if (x->level != LEVEL_OK)
		x->fix = xstrdup("cargo ktstr cache gc; or name a folder on a larger disk by KTSTR_STORE");
	x->path = xstrdup(path);
}

static void look_at_disk(struct findings *f, const char *path)
{
	auto_free char *there = nearest(path);
	uint64_t room;

	if (!room_at(there, &room)) {
		struct finding *x =
			found(f, "disk", LEVEL_WARN, "the file system of %s does not tell how much room it has", there);

		x->path = xstrdup(there);
		return;
	}
	judge_disk(f, there, room);
}

/* A folder we may make, and therefore do not. false: it is told what is wrong. */
static bool may_make(struct findings *f, const char *name, const char *path, const char *variable)
{
	auto_free char *above = nearest(path);
	struct finding *x;

	if (access(above, W_OK | X_OK) == 0) {
		x = found(f, name, LEVEL_OK, "%s, not made yet", path);
		x->path = xstrdup(path);
		return true;
	}
	x = found(f, name, LEVEL_FAIL, "%s cannot be made: %s: %s", path, above, strerror(errno));
	x->code = X_STORE;
	x->path = xstrdup(path);
	x->fix = xasprintf("make %s writable, or name another folder by %s", above, variable);
	return false;
}

static void tell_unusable(struct findings *f, const char *name, const char *path, const char *variable,
			  const struct err *e)
{
	struct finding *x = found(f, name, LEVEL_FAIL, "%s", e->msg);

	x->code = e->code;
	x->path = path ? xstrdup(path) : NULL;
	x->fix = xasprintf("make it a folder that you may write to, or name another by %s", variable);
}

/* That something can be written shows only when something is. */
static int try_writing(const char *dir, struct err *e)
{
	auto_free char *file = xasprintf("%s/.doctor.%ld", dir, (long)getpid());

	if (file_write(AT_FDCWD, file, "?", 1, e) < 0)
		return err_as(e, e->code == X_DISK_FULL ? X_DISK_FULL : X_STORE, "%s cannot be written", dir);
	return unlink(file) < 0 ? err_sys(e, "remove %s", file) : 0;
}

static void judge_store(struct findings *f, struct store *st)
{
	auto_verdicts struct verdicts v = { 0 };
	struct err e = { 0 };
	struct finding *x;

	if (store_verify(&v, st, VERIFY_QUICK, NULL, &e) < 0) {
		tell_unusable(f, "store", st->path, "KTSTR_STORE", &e);
		return;
	}
	if (v.n) {
		x = found(f, "store", LEVEL_WARN,
			  "%zu of %zu results in %s are damaged; they are made again when they are needed", v.n,
			  v.looked_at, st->path);
		x->fix = xstrdup("cargo ktstr cache verify --repair");
	} else {
		x = found(f, "store", LEVEL_OK, "%zu results in %s", v.looked_at, st->path);
	}
	x->path = xstrdup(st->path);
}

static void look_at_store(struct findings *f)
{
	auto_store struct store st = { .dir = -1 };
	struct err e = { 0 };
	auto_free char *path = cache_path("KTSTR_STORE", "store", &e);

	if (!path)
		tell_unusable(f, "store", NULL, "KTSTR_STORE", &e);
	else if (!file_exists(path))
		(void)may_make(f, "store", path, "KTSTR_STORE");
	else if (store_open(&st, NULL, &e) < 0 || store_try(&st, &e) < 0 || try_writing(st.path, &e) < 0)
		tell_unusable(f, "store", path, "KTSTR_STORE", &e);
	else
		judge_store(f, &st);
	if (path)
		look_at_disk(f, path);
}

static void judge_cache(struct findings *f, const struct kernel_list *l)
{
	size_t corrupt = 0, stale = 0;
	struct finding *x;

	for (size_t i = 0; i < l->n; i++) {
		corrupt += l->v[i].corrupt && !l->v[i].foreign;
		stale += l->v[i].stale_kconfig || l->v[i].stale_ktstr;
	}
	if (corrupt) {
		x = found(f, "kernel cache", LEVEL_WARN, "%zu of %zu kernels in %s cannot be used", corrupt, l->n,
			  l->root);
		x->fix = xstrdup("cargo ktstr kernel clean --corrupt");
	} else {
		x = found(f, "kernel cache", LEVEL_OK, "%zu kernel%s in %s%s", l->n, l->n == 1 ? "" : "s", l->root,
			  stale ? ", some of them stale" : "");
	}
	x->path = xstrdup(l->root);
}

/* Others fill it; what is there can be used. */
static void tell_readonly(struct findings *f, const struct kernel_list *l, const struct err *e)
{
	struct finding *x = found(f, "kernel cache", LEVEL_WARN, "%zu kernel%s can be used; none can be added: %s",
				  l->n, l->n == 1 ? "" : "s", e->msg);

	x->path = xstrdup(l->root);
	x->fix = xstrdup("name a folder that you may write to by KTSTR_CACHE_DIR, to add kernels");
}

static void look_at_cache(struct findings *f, const char *hash)
{
	auto_kernel_list struct kernel_list l = { 0 };
	struct err e = { 0 };
	auto_free char *root = kernel_root(&e);

	if (!root)
		tell_unusable(f, "kernel cache", NULL, "KTSTR_CACHE_DIR", &e);
	else if (!file_exists(root))
		(void)may_make(f, "kernel cache", root, "KTSTR_CACHE_DIR");
	else if (kernel_list(&l, hash, &e) < 0 || (try_writing(root, &e) < 0 && !l.n))
		tell_unusable(f, "kernel cache", root, "KTSTR_CACHE_DIR", &e);
	else if (e.code)
		tell_readonly(f, &l, &e);
	else
		judge_cache(f, &l);
}

static void look_at_kernel(struct findings *f, const char *hash)
{
	auto_kernel_cache struct kernel_cache c = { .kconfig_hash = hash };
	struct err e = { 0 };
	struct kernel k = { 0 };
	struct finding *x;

	if (kernel_resolve(&k, NULL, &c, &e) == 0) {
		x = found(f, "kernel", LEVEL_OK, "%s, unless --kernel names another", k.name);
		x->path = xstrdup(k.image);
	} else {
		x = found(f, "kernel", LEVEL_WARN, "no kernel is used unless --kernel names one: %s", e.msg);
		x->fix = xstrdup("cargo ktstr kernel build; or cargo ktstr kernel import FILES");
	}
	kernel_free(&k);
}

void doctor_store(struct findings *f, const struct home *home)
{
	struct err e = { 0 };
	char hash[9];

	look_at_store(f);
	if (home_kconfig_hash(home, hash, &e) < 0) {
		found(f, "installation", LEVEL_FAIL, "%s", e.msg)->code = e.code;
		return;
	}
	look_at_cache(f, hash);
	look_at_kernel(f, hash);
}
