/* The stat of many files: the same as one by one, whatever thread had it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <limits.h>

#include "fetch/tree/statmany.h"
#include "scratch.h"

enum { FOLDERS = 40, FILES = 5000 };

static void make_files(int root, struct source_file *v)
{
	for (size_t i = 0; i < FOLDERS; i++) {
		auto_free char *dir = i % 2 ? xasprintf("d%zu", i - 1) : xasprintf("d%zu", i);
		auto_free char *sub = xasprintf("%s/s%zu", dir, i);

		if (i % 2 == 0)
			assert_int_equal(mkdirat(root, dir, 0755), 0);
		assert_int_equal(mkdirat(root, sub, 0755), 0);
	}
	for (size_t i = 0; i < FILES; i++) {
		size_t d = i * FOLDERS / FILES;
		char *path = i % 7 == 0   ? xasprintf("top%zu", i)
			     : i % 3 == 0 ? xasprintf("d%zu/f%zu", d & ~(size_t)1, i)
					  : xasprintf("d%zu/s%zu/f%zu", d & ~(size_t)1, d, i);
		auto_close int fd = openat(root, path, O_WRONLY | O_CREAT | O_CLOEXEC, i % 2 ? 0644 : 0755);

		assert_true(fd >= 0);
		assert_int_equal(ftruncate(fd, (off_t)i), 0);
		v[i].path = path;
	}
}

static void same_as_one_by_one(void **state)
{
	auto_close int root = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct source_file *v = xcalloc(FILES, sizeof(*v));
	struct err e = { 0 };
	struct stat st;

	make_files(root, v);
	assert_int_equal(symlinkat("f1", root, "link"), 0);
	free(v[17].path);
	v[17].path = xstrdup("link");
	assert_int_equal(statmany(root, v, FILES, &e), 0);
	for (size_t i = 0; i < FILES; i++) {
		assert_int_equal(fstatat(root, v[i].path, &st, AT_SYMLINK_NOFOLLOW), 0);
		assert_int_equal(v[i].st.st_ino, st.st_ino);
		assert_int_equal(v[i].st.st_mode, st.st_mode);
		assert_int_equal(v[i].st.st_size, st.st_size);
		free(v[i].path);
	}
	free(v);
}

/* Between the list and the look: files, a folder, and a folder that is a file now. */
static void gone(void **state)
{
	auto_close int root = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int file = openat(root, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	struct source_file v[] = { { .path = (char[]){ "no" } },
				   { .path = (char[]){ "no/such" } },
				   { .path = (char[]){ "file/in/it" } },
				   { .path = (char[]){ "file" } } };
	struct err e = { 0 };

	assert_true(file >= 0);
	memset(&v[0].st, 0xff, sizeof(v[0].st));
	assert_int_equal(statmany(root, v, countof(v), &e), 0);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(v[i].st.st_mode, 0);
	assert_true(S_ISREG(v[3].st.st_mode));
	assert_int_equal(statmany(root, NULL, 0, &e), 0);
}

static void cannot(void **state)
{
	auto_close int root = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 10];
	struct source_file v = { .path = name };
	struct err e = { 0 };

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = 0;
	assert_int_equal(statmany(root, &v, 1, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_non_null(strstr(e.msg, "File name too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = { in_scratch(same_as_one_by_one), in_scratch(gone), in_scratch(cannot) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
