/* test_file.c: whole files, trees, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

struct room {
	char *path;
	int dir;
};

static int enter(void **state)
{
	struct room *r = xcalloc(1, sizeof(*r));
	struct err e;

	r->path = tmpdir_make("file-test", &e);
	r->dir = r->path ? open(r->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	*state = r;
	return r->dir < 0 ? -1 : 0;
}

static int leave(void **state)
{
	struct room *r = *state;
	struct err e;
	int rc = rmtree(AT_FDCWD, r->path, &e);

	if (file_exists(r->path))
		rc = -1;
	close(r->dir);
	free(r->path);
	free(r);
	return rc;
}

static struct stat stat_of(int dir, const char *name)
{
	struct stat st = { 0 };

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st;
}

static bool there(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void write_file(int dir, const char *name, const char *text)
{
	struct err e;

	if (file_write(dir, name, text, strlen(text), &e) != 1)
		fail_msg("%s", e.msg);
}

static void assert_content(int dir, const char *name, const char *want)
{
	auto_free char *text = NULL;
	struct err e;
	size_t n;

	if (file_read(dir, name, 1 << 20, &text, &n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(n, strlen(want));
	assert_string_equal(text, want);
}

static void drafts(void **state)
{
	struct room *r = *state;
	struct err e;
	struct draft d = { 0 };

	assert_int_equal(draft_open(&d, r->dir, "x", &e), 0);
	assert_true(there(r->dir, d.tmp));
	fputs("text", d.f);
	assert_false(there(r->dir, "x"));
	assert_int_equal(draft_publish(&d, "x", true, &e), 0);
	assert_null(d.tmp);
	assert_content(r->dir, "x", "text");

	assert_int_equal(draft_open(&d, r->dir, "x", &e), 0);
	auto_free char *tmp = xstrdup(d.tmp);
	fputs("other", d.f);
	draft_drop(&d);
	draft_drop(&d);
	assert_false(there(r->dir, tmp));
	assert_content(r->dir, "x", "text");

	assert_int_equal(draft_open(&d, r->dir, "no/such/x", &e), -ENOENT);
	assert_null(d.f);
}

static void full_disk(void **state)
{
	struct room *r = *state;
	struct err e;
	struct draft d = { 0 };

	assert_int_equal(draft_open(&d, r->dir, "x", &e), 0);
	auto_free char *tmp = xstrdup(d.tmp);
	assert_non_null(freopen("/dev/full", "w", d.f));
	fputs("text", d.f);
	assert_true(draft_publish(&d, "x", false, &e) < 0);
	assert_int_equal(e.code, X_DISK_FULL);
	assert_false(there(r->dir, "x"));
	assert_false(there(r->dir, tmp));
}

static void reading(void **state)
{
	static const struct {
		size_t size, max;
		bool fits;
	} cases[] = {
		{ 0, 0, true },           { 1, 0, false },       { 10, 10, true },         { 11, 10, false },
		{ 4096, 4096, true },     { 4097, 4096, false }, { 100000, 100000, true }, { 100000, SIZE_MAX, true },
		{ 100000, 99999, false },
	};
	struct room *r = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *data = xmalloc(cases[i].size);
		auto_free char *text = NULL;
		struct err e = { 0 };
		size_t n = 77;

		memset(data, 'x', cases[i].size);
		assert_true(file_write(r->dir, "f", data, cases[i].size, &e) >= 0);
		int rc = file_read(r->dir, "f", cases[i].max, &text, &n, &e);
		assert_int_equal(rc == 0, cases[i].fits);
		if (rc == 0) {
			assert_int_equal(n, cases[i].size);
			assert_memory_equal(text, data, n);
			assert_int_equal(text[n], 0);
		} else {
			assert_null(text);
			assert_int_equal(n, 77);
		}
	}
}

static void reading_oddities(void **state)
{
	struct room *r = *state;
	auto_free char *text = NULL;
	struct err e;
	size_t n;
	int fds[2];

	assert_int_equal(file_read(r->dir, "absent", 10, &text, &n, &e), -ENOENT);
	assert_true(file_read(r->dir, ".", 10, &text, &n, &e) < 0);
	assert_null(text);
	assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 1 << 20, &text, &n, &e), 0);
	assert_true(n > 100);
	free(TAKE(text));
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "abc", 3), 3);
	close(fds[1]);
	assert_int_equal(file_read_fd(fds[0], "pipe", 10, &text, &n, &e), 0);
	assert_string_equal(text, "abc");
	close(fds[0]);
	/* A named pipe without a writer must not hold us. */
	free(TAKE(text));
	assert_int_equal(mkfifoat(r->dir, "fifo", 0600), 0);
	assert_int_equal(file_read(r->dir, "fifo", 10, &text, &n, &e), 0);
	assert_int_equal(n, 0);
}

static void writing(void **state)
{
	struct room *r = *state;
	struct err e;

	assert_int_equal(file_write(r->dir, "f", "abc", 3, &e), 1);
	struct stat before = stat_of(r->dir, "f");
	assert_int_equal(file_write(r->dir, "f", "abc", 3, &e), 0);
	struct stat same = stat_of(r->dir, "f");
	assert_int_equal(same.st_ino, before.st_ino);
	assert_int_equal(same.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
	assert_int_equal(file_write(r->dir, "f", "abd", 3, &e), 1);
	assert_content(r->dir, "f", "abd");
	assert_int_equal(file_write(r->dir, "f", "ab", 2, &e), 1);
	assert_content(r->dir, "f", "ab");
	assert_int_equal(file_write(r->dir, "f", "", 0, &e), 1);
	assert_content(r->dir, "f", "");
	assert_int_equal(file_write(r->dir, "none/f", "x", 1, &e), -1);
}

static void folders(void **state)
{
	static const struct {
		const char *path;
		int want;
	} cases[] = {
		{ "a/b/c", 0 }, { "a/b/c", 0 }, { "a/b/c/", 0 },   { "a//d", 0 },        { ".", 0 },
		{ "", 0 },      { "/", 0 },     { "/usr/bin", 0 }, { "file", -ENOTDIR }, { "file/x", -ENOTDIR },
	};
	struct room *r = *state;
	struct err e;

	write_file(r->dir, "file", "x");
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(mkdir_p(r->dir, cases[i].path, 0755, &e), cases[i].want);
	assert_true(S_ISDIR(stat_of(r->dir, "a/b/c").st_mode));
	assert_true(S_ISDIR(stat_of(r->dir, "a/d").st_mode));
}

static void removal(void **state)
{
	struct room *r = *state;
	struct err e;

	assert_int_equal(rmtree(r->dir, "absent", &e), 0);
	assert_int_equal(mkdir_p(r->dir, "keep", 0755, &e), 0);
	write_file(r->dir, "keep/x", "x");
	assert_int_equal(mkdir_p(r->dir, "t/a/b", 0755, &e), 0);
	write_file(r->dir, "t/a/b/f", "x");
	assert_int_equal(symlinkat("../keep", r->dir, "t/link"), 0);
	assert_int_equal(mkfifoat(r->dir, "t/fifo", 0600), 0);
	assert_int_equal(fchmodat(r->dir, "t/a/b", 0500, 0), 0);
	assert_int_equal(rmtree(r->dir, "t", &e), 0);
	assert_false(there(r->dir, "t"));
	assert_content(r->dir, "keep/x", "x");
	assert_int_equal(symlinkat("keep", r->dir, "link"), 0);
	assert_int_equal(rmtree(r->dir, "link", &e), 0);
	assert_false(there(r->dir, "link"));
	assert_content(r->dir, "keep/x", "x");
}

/* Deeper than a process has descriptors, with a name in the way of the ones rmtree() gives. */
static void deep_tree(void **state)
{
	struct room *r = *state;
	struct err e;
	int dir = openat(r->dir, ".", O_RDONLY | O_DIRECTORY);

	assert_int_equal(mkdir_p(r->dir, "top/.deep.0/x", 0755, &e), 0);
	for (int i = 0; i < 1500; i++) {
		const char *name = i == 0 ? "top" : "d";

		assert_true(mkdirat(dir, name, 0755) == 0 || errno == EEXIST);
		int next = openat(dir, name, O_RDONLY | O_DIRECTORY);
		close(dir);
		dir = next;
		assert_true(dir >= 0);
		if (i % 100 == 7)
			write_file(dir, "f", "x");
	}
	close(dir);
	if (rmtree(r->dir, "top", &e) < 0)
		fail_msg("%s", e.msg);
	assert_false(there(r->dir, "top"));
}

/* As somebody who may not write into read-only folders. */
static void deep_read_only_tree(void **state)
{
	struct room *r = *state;
	int status, dir;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	assert_int_equal(fchmod(r->dir, 0777), 0);
	assert_int_equal(chmod(r->path, 0777), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct err e = { 0 };

		if (setgid(65534) < 0 || setuid(65534) < 0 || mkdirat(r->dir, "ro", 0700) < 0)
			_exit(1);
		dir = openat(r->dir, "ro", O_RDONLY | O_DIRECTORY);
		for (int i = 0; i < 150; i++) {
			if (mkdirat(dir, "d", 0700) < 0)
				_exit(2);
			int next = openat(dir, "d", O_RDONLY | O_DIRECTORY);

			(void)fchmod(dir, 0500);
			close(dir);
			dir = next;
		}
		(void)fchmod(dir, 0500);
		_exit(rmtree(r->dir, "ro", &e) < 0 ? 3 : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_false(there(r->dir, "ro"));
}

static void copies(void **state)
{
	struct room *r = *state;
	struct err e;

	write_file(r->dir, "f", "hello");
	assert_int_equal(file_copy(r->dir, "f", r->dir, "g", 0440, &e), 0);
	assert_content(r->dir, "g", "hello");
	assert_int_equal(stat_of(r->dir, "g").st_mode & 0777, 0440);
	assert_int_equal(file_copy(r->dir, "f", r->dir, "g", 0644, &e), -EEXIST);
	assert_int_equal(file_copy(r->dir, "absent", r->dir, "h", 0644, &e), -ENOENT);
	assert_true(file_copy(r->dir, ".", r->dir, "h", 0644, &e) < 0);
	assert_false(there(r->dir, "h"));
	write_file(r->dir, "empty0", "x");
	assert_int_equal(file_write(r->dir, "empty0", "", 0, &e), 1);
	assert_int_equal(file_copy(r->dir, "empty0", r->dir, "empty1", 0644, &e), 0);
	assert_content(r->dir, "empty1", "");
}

/* A name in another file system than dir is of; NULL where there is none. Caller frees. */
static char *elsewhere(int dir)
{
	static const char *const folders[] = { "/dev/shm", "/tmp", "/var/tmp" };
	struct stat own, st;

	assert_int_equal(fstat(dir, &own), 0);
	for (size_t i = 0; i < countof(folders); i++)
		if (stat(folders[i], &st) == 0 && st.st_dev != own.st_dev && access(folders[i], W_OK) == 0)
			return xasprintf("%s/ktstr-file-test.%d", folders[i], (int)getpid());
	return NULL;
}

/* 64 MiB with four blocks of data, as guest memory looks; also across file systems where there is another one. */
static void holes(void **state)
{
	static const off_t at[] = { 0, 1 << 20, 33 << 20, (64 << 20) - 4096 };
	struct room *r = *state;
	struct err e;
	char block[4096], got[4096];
	auto_close int fd = openat(r->dir, "ram", O_RDWR | O_CREAT, 0644);

	for (size_t i = 0; i < countof(at); i++) {
		memset(block, 'a' + (int)i, sizeof(block));
		assert_int_equal(pwrite(fd, block, sizeof(block), at[i]), sizeof(block));
	}
	auto_free char *other = elsewhere(r->dir);
	const char *const to[] = { "copy", other ? other : "copy2" };
	for (size_t k = 0; k < countof(to); k++) {
		assert_int_equal(file_copy(r->dir, "ram", r->dir, to[k], 0600, &e), 0);
		struct stat st = stat_of(r->dir, to[k]);
		auto_close int copy = openat(r->dir, to[k], O_RDONLY);
		assert_int_equal(st.st_size, 64 << 20);
		for (size_t i = 0; i < countof(at); i++) {
			memset(block, 'a' + (int)i, sizeof(block));
			assert_int_equal(pread(copy, got, sizeof(got), at[i]), sizeof(got));
			assert_memory_equal(block, got, sizeof(got));
		}
		assert_true(st.st_blocks * 512 < 4 << 20);
		unlinkat(r->dir, to[k], 0);
	}
}

static void places(void **state)
{
	static const struct {
		const char *own, *xdg, *home, *want;
	} cases[] = {
		{ "/o", "/x", "/h", "/o" },
		{ "", "/x", "/h", "/x/ktstr/store" },
		{ NULL, "rel", "/h", "/h/.cache/ktstr/store" },
		{ NULL, "", "/h", "/h/.cache/ktstr/store" },
		{ NULL, NULL, NULL, NULL },
	};
	static const char *const names[] = { "KTSTR_TEST_PLACE", "XDG_CACHE_HOME", "HOME" };
	const char *own_home = getenv("HOME");
	auto_free char *home = own_home ? xstrdup(own_home) : NULL;
	struct err e;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const char *const values[] = { cases[i].own, cases[i].xdg, cases[i].home };

		for (size_t k = 0; k < countof(names); k++)
			values[k] ? setenv(names[k], values[k], 1) : unsetenv(names[k]);
		auto_free char *got = cache_path(names[0], "store", &e);
		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
		else
			assert_true(!got && e.code == X_STORE);
	}
	if (home)
		setenv("HOME", home, 1);
	auto_free char *self = self_dir(&e);
	assert_non_null(self);
	assert_int_equal(self[0], '/');
	assert_true(file_exists(self));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(drafts),  TEST(full_disk), TEST(reading),   TEST(reading_oddities),    TEST(writing),
		TEST(folders), TEST(removal),   TEST(deep_tree), TEST(deep_read_only_tree), TEST(copies),
		TEST(holes),   TEST(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
