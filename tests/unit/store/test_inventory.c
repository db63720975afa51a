/* What a store holds beside results, and that nothing goes which somebody works with. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/inventory.h"
#include "text/name.h"
#include "store/lock.h"
#include "store/recipe.h"
#include "store/store.h"
#include "tests/unit/scratch.h"

#define COMMIT "0123456789012345678901234567890123456789"
#define SHA256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define TARBALL "tarballs/0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef.tar.xz"
#define TREE "0123456789abcdef-0123456789abcdef-x86_64"

static void open_store(struct store *st, const char *dir)
{
	auto_free char *path = xasprintf("%s/store", dir);
	struct err e;

	assert_int_equal(store_open(st, path, &e), 0);
}

/* By its path; NULL: not there. */
static const struct inventory_item *find(const struct inventory *h, const char *path)
{
	for (size_t i = 0; i < h->n; i++)
		if (!strcmp(h->v[i].path, path))
			return &h->v[i];
	return NULL;
}

static int drop(struct store *st, const char *path)
{
	auto_inventory struct inventory h = { 0 };
	struct err e;

	assert_int_equal(inventory_open(&h, st, &e), 0);
	assert_non_null(find(&h, path));
	return inventory_remove(&h, find(&h, path), &e);
}

static bool there(const struct store *st, const char *path)
{
	return faccessat(st->dir, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Each under the lock of whoever works with it, then without. */
static void locked(void **state)
{
	char build[NAME_LEN + 1], clone[NAME_LEN + 1];

	name_hex("sha256:" SHA256, strlen("sha256:" SHA256), build);
	name_hex("git:" COMMIT, strlen("git:" COMMIT), clone);
	auto_free char *build_lock = xasprintf("build-%s", build), *clone_lock = xasprintf("build-%s", clone);
	const struct {
		const char *file, *path, *lock;
	} v[] = {
		{ "trees/" TREE "/vmlinux", "trees/" TREE, "tree-" TREE },
		{ "trees/" TREE "-links/Makefile", "trees/" TREE "-links", "tree-" TREE },
		{ "sources/" SHA256 "/Makefile", "sources/" SHA256, build_lock },
		{ "sources/" COMMIT "/Makefile", "sources/" COMMIT, clone_lock },
		{ "sources/.tarball-x.draft/Makefile", "sources/.tarball-x.draft", "tarball-x" },
		{ "tarballs/tarball-x.part", "tarballs/tarball-x.part", "tarball-x" },
	};
	auto_store struct store st = { .dir = -1 };
	struct err e;
	int lock = -1;

	open_store(&st, *state);
	for (size_t i = 0; i < countof(v); i++) {
		scratch_text(st.path, v[i].file, "x");
		assert_int_equal(lock_take(&st, v[i].lock, &lock, &e), LOCK_TAKEN);
		assert_int_equal(drop(&st, v[i].path), GC_IN_USE);
		assert_true(there(&st, v[i].file));
		lock_drop(&st, v[i].lock, &lock);
		assert_int_equal(drop(&st, v[i].path), GC_REMOVED);
		assert_false(there(&st, v[i].path));
	}
}

/* A build folder by either of its locks. */
static void graphs(void **state)
{
	static const char *const files[] = { "lock", "used" };
	auto_store struct store st = { .dir = -1 };

	open_store(&st, *state);
	for (size_t i = 0; i < countof(files); i++) {
		auto_free char *name = xasprintf("graphs/x-0123456789/%s", files[i]);

		scratch_text(st.path, "graphs/x-0123456789/build.ninja", "x");
		auto_close int fd = openat(st.dir, name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

		assert_int_equal(flock(fd, LOCK_SH), 0);
		assert_int_equal(drop(&st, "graphs/x-0123456789"), GC_IN_USE);
		assert_true(there(&st, "graphs/x-0123456789/build.ninja"));
		assert_int_equal(flock(fd, LOCK_UN), 0);
		assert_int_equal(drop(&st, "graphs/x-0123456789"), GC_REMOVED);
		assert_false(there(&st, "graphs/x-0123456789"));
	}
}

/* The texts of a program, while one of its tests runs. */
static void texts(void **state)
{
	auto_store struct store st = { .dir = -1 };

	open_store(&st, *state);
	scratch_text(st.path, "texts/x-0123456789/plain.ktstr", "x");
	auto_close int fd = openat(st.dir, "texts/x-0123456789", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_int_equal(flock(fd, LOCK_SH), 0);
	assert_int_equal(drop(&st, "texts/x-0123456789"), GC_IN_USE);
	assert_true(there(&st, "texts/x-0123456789/plain.ktstr"));
	assert_int_equal(flock(fd, LOCK_UN), 0);
	assert_int_equal(drop(&st, "texts/x-0123456789"), GC_REMOVED);
	assert_false(there(&st, "texts/x-0123456789"));
}

/* What may go at any time; names that somebody else chose. */
static void plain(void **state)
{
	static const char *const paths[] = {
		TARBALL,         "hashes/steps",   "releases/x.json",      "host/0-0", "sources/odd", "trees/odd",
		"trees/x.count", "tarballs/.part", "tarballs/folder/file",
	};
	auto_store struct store st = { .dir = -1 };
	auto_inventory struct inventory h = { 0 };
	struct err e;

	open_store(&st, *state);
	for (size_t i = 0; i < countof(paths); i++)
		scratch_text(st.path, paths[i], "x");
	assert_int_equal(inventory_open(&h, &st, &e), 0);
	assert_int_equal(h.n, countof(paths));
	for (size_t i = 0; i < h.n; i++) {
		assert_int_equal(inventory_remove(&h, &h.v[i], &e), GC_REMOVED);
		assert_int_equal(inventory_remove(&h, &h.v[i], &e), GC_REMOVED);
	}
	auto_inventory struct inventory left = { 0 };

	assert_int_equal(inventory_open(&left, &st, &e), 0);
	assert_int_equal(left.n, 0);
}

static void set_age(const struct store *st, const char *path, long long seconds)
{
	const struct timespec t[] = { { seconds, 0 }, { seconds, 0 } };

	assert_int_equal(utimensat(st->dir, path, t, 0), 0);
}

/* The log of make and the lock of a build folder tell more of the last use than the folder's own time. */
static void order(void **state)
{
	auto_store struct store st = { .dir = -1 };
	auto_inventory struct inventory h = { 0 };
	struct err e;

	open_store(&st, *state);
	scratch_text(st.path, "trees/" TREE "/ktstr-make.log", "x");
	scratch_text(st.path, "graphs/g-0123456789/used", "x");
	scratch_text(st.path, TARBALL, "x");
	set_age(&st, "trees/" TREE "/ktstr-make.log", 3000);
	set_age(&st, "trees/" TREE, 1000);
	set_age(&st, "graphs/g-0123456789/used", 2000);
	set_age(&st, "graphs/g-0123456789", 500);
	set_age(&st, TARBALL, 1500);
	assert_int_equal(inventory_open(&h, &st, &e), 0);
	assert_int_equal(h.n, 3);
	assert_string_equal(h.v[0].path, TARBALL);
	assert_int_equal(h.v[1].kind, INVENTORY_GRAPH);
	assert_int_equal(h.v[2].kind, INVENTORY_TREE);
	assert_int_equal(h.v[2].used, 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(locked), in_scratch(graphs), in_scratch(texts), in_scratch(plain), in_scratch(order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
