/* Results held against their lists of contents. */
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
#include "store/recipe.h"
#include "store/store.h"
#include "store/verify.h"
#include "tests/unit/scratch.h"

/* One result with the files "a" and "b/c"; its folder, the caller's. */
static char *publish(struct store *st, const char *name)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	struct err e;

	recipe_open(&r, "letter", 1);
	recipe_str(&r, "name", name);
	assert_int_equal(store_begin(st, &r, false, &w, &e), STORE_MISS);
	assert_int_equal(mkdirat(w.dir, "b", 0755), 0);
	assert_int_equal(file_write(w.dir, "a", "one", 3, &e), 1);
	assert_int_equal(file_write(w.dir, "b/c", "two", 3, &e), 1);
	assert_int_equal(work_publish(&w, &r, &e), 0);
	return xstrdup(w.path);
}

static void damage(const char *dir, const char *file, const char *text)
{
	auto_free char *path = xasprintf("%s/%s", dir, file);

	assert_int_equal(unlink(path), 0);
	if (!text)
		return;
	auto_file FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
}

/* The one thing that is wrong. */
static void finds(struct store *st, enum verify_depth depth, const char *file, const char *why)
{
	auto_verdicts struct verdicts v = { 0 };
	struct err e;

	assert_int_equal(store_verify(&v, st, depth, NULL, &e), 0);
	if (!file) {
		assert_int_equal(v.n, 0);
		return;
	}
	assert_int_equal(v.n, 1);
	assert_string_equal(v.v[0].file, file);
	assert_non_null(strstr(v.v[0].why, why));
	assert_string_equal(v.v[0].step, strcmp(file, "recipe") ? "letter" : "");
}

static void open_store(struct store *st, const char *dir)
{
	auto_free char *path = xasprintf("%s/store", dir);
	struct err e;

	assert_int_equal(store_open(st, path, &e), 0);
}

static void sound(void **state)
{
	auto_store struct store st = { .dir = -1 };
	auto_verdicts struct verdicts v = { 0 };
	struct err e;

	open_store(&st, *state);
	finds(&st, VERIFY_ALL, NULL, NULL);
	auto_free char *one = publish(&st, "one"), *two = publish(&st, "two");
	assert_int_equal(store_verify(&v, &st, VERIFY_ALL, NULL, &e), 0);
	assert_int_equal(v.n, 0);
	assert_int_equal(v.looked_at, 2);
	assert_int_equal(v.bytes, 12);
}

static void damages(void **state)
{
	static const struct {
		const char *file, *text, *blamed, *why;
		bool quick;
	} v[] = {
		{ "a", NULL, "a", "missing", true },
		{ "b/c", "longer", "b/c", "size", true },
		{ "a", "eno", "a", "content", false },
		{ "content", NULL, "content", "No such file", true },
		{ "content", "nonsense\n", "content", "list of contents", true },
		{ "content", "", "content", "list of contents", true },
		{ "content.sum", NULL, "content", "No such file", true },
		{ "recipe", NULL, "recipe", "No such file", true },
		{ "recipe", "step    letter 2\n", "recipe", "not the one of this key", true },
	};
	auto_store struct store st = { .dir = -1 };
	struct err e;

	open_store(&st, *state);
	for (size_t i = 0; i < countof(v); i++) {
		auto_free char *good = publish(&st, "good"), *bad = publish(&st, "bad");

		damage(bad, v[i].file, v[i].text);
		finds(&st, VERIFY_ALL, v[i].blamed, v[i].why);
		finds(&st, VERIFY_QUICK, v[i].quick ? v[i].blamed : NULL, v[i].why);
		assert_int_equal(rmtree(AT_FDCWD, good, &e), 0);
		assert_int_equal(rmtree(AT_FDCWD, bad, &e), 0);
	}
}

/* A link in place of a file, a folder, a pipe: nothing is followed, nothing hangs. */
static void no_files(void **state)
{
	auto_store struct store st = { .dir = -1 };

	open_store(&st, *state);
	auto_free char *bad = publish(&st, "bad");
	auto_free char *a = xasprintf("%s/a", bad), *c = xasprintf("%s/b/c", bad);

	assert_int_equal(unlink(a), 0);
	assert_int_equal(symlink(c, a), 0);
	finds(&st, VERIFY_ALL, "a", "not a regular file");
	assert_int_equal(unlink(a), 0);
	assert_int_equal(mkfifo(a, 0600), 0);
	finds(&st, VERIFY_ALL, "a", "not a regular file");
}

/* Somebody has it alone, to throw it out. */
static void on_its_way_out(void **state)
{
	auto_store struct store st = { .dir = -1 };
	auto_verdicts struct verdicts v = { 0 };
	struct err e;

	open_store(&st, *state);
	auto_free char *bad = publish(&st, "bad");
	auto_close int dir = open(bad, O_RDONLY | O_DIRECTORY);

	damage(bad, "a", NULL);
	assert_int_equal(flock(dir, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(store_verify(&v, &st, VERIFY_ALL, NULL, &e), 0);
	assert_int_equal(v.n + v.looked_at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(sound),
		in_scratch(damages),
		in_scratch(no_files),
		in_scratch(on_its_way_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
