/* test_sizes.c: the list of sizes in a build folder, when it is somebody else's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gen/graph/sizes.h"
#include "progress/log.h"
#include "scratch.h"

/* Seconds and ns of all files here. */
#define THEN 1000000000
#define THEN_NS "1000000000000000005"

static char *place(const char *root, const char *name)
{
	return xasprintf("%s/%s", root, name);
}

static int folder(const char *root)
{
	auto_free char *path = place(root, "folder");
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(dir >= 0);
	return dir;
}

static void old_file(const char *root, const char *name)
{
	const struct timespec then[2] = { { THEN, 5 }, { THEN, 5 } };
	auto_free char *path = place(root, name);

	scratch_text(root, name, "12345");
	assert_int_equal(utimensat(AT_FDCWD, path, then, 0), 0);
}

/* The list of dir, and these lines in place of its own. */
static void list(int dir, const char *lines)
{
	auto_free char *text = NULL;
	struct err e;

	sizes_record(dir);
	assert_int_equal(file_read(dir, "sizes", 4096, &text, NULL, &e), 0);
	auto_free char *other = xasprintf("%.*s\n%send\n", (int)strcspn(text, "\n"), text, lines);

	assert_int_equal(file_write(dir, "sizes", other, strlen(other), &e), 1);
}

static bool there(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void nothing_outside(void **state)
{
	static const char *const names[] = { "out/file", "../away/file", "sub/../../away/file", "lock", "sub//file" };
	const char *root = *state;

	log_setup(LOG_QUIET, COLOR_NEVER);
	old_file(root, "away/file");
	old_file(root, "folder/sub/file");
	old_file(root, "folder/lock");
	auto_close int dir = folder(root);

	for (size_t i = 0; i < countof(names); i++) {
		auto_free char *line = xasprintf("7 " THEN_NS " %s\n", names[i]), *away = place(root, "away/file");

		(void)symlinkat("../away", dir, "out");
		list(dir, line);
		assert_false(sizes_check(dir, "folder"));
		if (!file_exists(away) || !there(dir, "lock") || !there(dir, "sub/file"))
			fail_msg("%s", names[i]);
	}
	/* The link stood where a folder was. */
	(void)symlinkat("../away", dir, "out");
	list(dir, "5 " THEN_NS " out/file\n");
	assert_false(sizes_check(dir, "folder"));
	assert_false(there(dir, "out"));
}

static void lost_bytes(void **state)
{
	const char *root = *state;

	log_setup(LOG_QUIET, COLOR_NEVER);
	old_file(root, "folder/a");
	old_file(root, "folder/sub/b");
	old_file(root, "folder/sub/c");
	auto_close int dir = folder(root);

	list(dir, "5 " THEN_NS " a\n7 1 sub/b\n7 " THEN_NS " sub/c\n1 1 sub/none\n1 1 none/x\n");
	assert_false(sizes_check(dir, "folder"));
	assert_true(there(dir, "a") && there(dir, "sub/b") && !there(dir, "sub/c"));
}

/* Whatever a file of ours is called, its folder is up to date the next time. */
static void names(void **state)
{
	static const char *const files[] = { "folder/a", "folder/sub/.b", "folder/p..q/r", "folder/sub/..c",
					     "folder/d e" };
	const char *root = *state;

	for (size_t i = 0; i < countof(files); i++)
		scratch_text(root, files[i], "x");
	auto_close int dir = folder(root);

	sizes_record(dir);
	assert_true(sizes_check(dir, "folder"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(nothing_outside),
		in_scratch(lost_bytes),
		in_scratch(names),
	};

	return cmocka_run_group_tests_name("sizes", tests, NULL, NULL);
}
