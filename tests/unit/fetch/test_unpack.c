/* Source archives: what is made of a good one, and that nothing comes of a hostile one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <time.h>

#include "fetch/tarball/unpack.h"
#include "make_tar.h"
#include "scratch.h"

struct bytes {
	const char *p;
	size_t n, at, step;
};

static int piece(void *arg, const void **data, size_t *n, struct err *e)
{
	struct bytes *b = arg;

	(void)e;
	*data = b->p + b->at;
	*n = b->n - b->at < b->step ? b->n - b->at : b->step;
	b->at += *n;
	return 0;
}

/* Into {dir}/tree, made anew. */
static int unpack(const char *dir, const void *p, size_t n, const struct unpack *limits, struct err *e)
{
	auto_free char *path = xasprintf("%s/tree", dir);
	struct bytes b = { p, n, 0, 100 };
	struct unpack u = limits ? *limits : (struct unpack){ 0 };
	auto_close int fd = -1;

	u.read = piece;
	u.arg = &b;
	assert_int_equal(rmtree(AT_FDCWD, path, e), 0);
	assert_int_equal(mkdir(path, 0755), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	*e = (struct err){ 0 };
	return unpack_tree(&u, fd, e);
}

static void look(const char *dir, const char *name, struct stat *st)
{
	auto_free char *path = xasprintf("%s/tree/%s", dir, name);

	assert_int_equal(lstat(path, st), 0);
}

static void links_to(const char *dir, const char *name, const char *target)
{
	auto_free char *path = xasprintf("%s/tree/%s", dir, name);
	char text[64] = "";

	assert_true(readlink(path, text, sizeof(text) - 1) > 0);
	assert_string_equal(text, target);
}

static void holds(const char *dir, const char *name, const char *text)
{
	auto_free char *path = xasprintf("%s/tree/%s", dir, name);
	auto_free char *got = NULL;
	struct err e = { 0 };

	assert_int_equal(file_read(AT_FDCWD, path, 1000, &got, NULL, &e), 0);
	assert_string_equal(got, text);
}

static void a_kernel(void **state)
{
	static int (*const filters[])(struct archive *) = { archive_write_add_filter_xz, archive_write_add_filter_gzip,
							    archive_write_add_filter_zstd,
							    archive_write_add_filter_bzip2,
							    archive_write_add_filter_none };

	for (size_t i = 0; i < countof(filters); i++) {
		size_t n;
		auto_free void *tar = make_tar(filters[i], small_kernel, &n);
		struct err e;
		struct stat st;

		if (unpack(*state, tar, n, NULL, &e) < 0)
			fail_msg("filter %zu: %s", i, e.msg);
		holds(*state, "Makefile", "VERSION = 6\n");
		holds(*state, "arch/x86/Kconfig", "config X86\n");
		links_to(*state, "scripts/dts/x86", "../../arch/x86");
		look(*state, "Makefile", &st);
		assert_int_equal(st.st_mode, S_IFREG | 0644);
		assert_int_equal(st.st_mtime, 1700000000);
		assert_int_equal(st.st_uid, getuid());
		look(*state, "scripts/run.sh", &st);
		assert_int_equal(st.st_mode, S_IFREG | 0755);
		look(*state, "CREDITS", &st);
		assert_true(st.st_mtime <= time(NULL));
		look(*state, "arch", &st);
		assert_int_equal(st.st_mode & ~(mode_t)S_ISGID, S_IFDIR | 0755); /* as the folder of the test has it */
	}
}

static void what_else_is_fine(void **state)
{
	static const struct tar_member members[] = {
		{ .path = "./l/", .mode = S_IFDIR | 0755 },
		{ .path = "./l/a", .data = "one" },
		{ .path = "./l/deep/b", .hard = true, .data = "./l/a" },
		{ .path = "l/deep/c", .mode = S_IFLNK | 0777, .data = "./nowhere/at/all" },
		{ .path = "l/deep/d", .mode = S_IFLNK | 0777, .data = ".." },
		{ .path = "l/deep/", .mode = S_IFDIR | 02700 },
		{ 0 },
	};
	size_t n;
	auto_free void *tar = make_tar(archive_write_add_filter_gzip, members, &n);
	struct err e;

	if (unpack(*state, tar, n, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	holds(*state, "deep/b", "one");
}

#define FILE_IN_IT \
	{ \
		.path = "l/Makefile", .data = "x" \
	}
#define LINK_TO(where) \
	{ \
		.path = "l/a/link", .mode = S_IFLNK | 0777, .data = (where) \
	}

static const struct {
	const char *message;
	struct tar_member members[4];
} hostile[] = {
	{ "l/../../outside is refused: its path leads out", { FILE_IN_IT, { .path = "l/../../outside" } } },
	{ "../outside is refused: its path leads out", { FILE_IN_IT, { .path = "../outside" } } },
	{ "/tmp/outside is refused: an absolute path", { { .path = "/tmp/outside" } } },
	{ "l/.. is refused: its path leads out", { FILE_IN_IT, { .path = "l/..", .mode = S_IFDIR | 0755 } } },
	{ "a link that leads out", { LINK_TO("/etc") } },
	{ "a link that leads out", { LINK_TO("../../outside") } },
	{ "a link that leads out", { LINK_TO("x/../../../outside") } },
	{ "a link that leads out", { LINK_TO("x/../y") } },
	{ "a link that leads out", { LINK_TO(".././..//../outside") } },
	{ "a link that leads out", { { .path = "l/link", .mode = S_IFLNK | 0777, .data = ".." } } },
	{ "goes through a link", { LINK_TO("../b"), { .path = "l/a/link/file" } } },
	{ "goes through a link", { LINK_TO("../a"), { .path = "l/a/link/", .mode = S_IFDIR | 0755 } } },
	{ "goes through a link", { FILE_IN_IT, { .path = "l/Makefile/file" } } },
	{ "it comes twice", { LINK_TO("../b"), { .path = "l/a/link", .data = "through it" } } },
	{ "it comes twice", { FILE_IN_IT, FILE_IN_IT } },
	{ "it comes twice", { FILE_IN_IT, { .path = "l/Makefile", .mode = S_IFLNK | 0777, .data = "x" } } },
	{ "a hard link that leads out", { FILE_IN_IT, { .path = "l/h", .hard = true, .data = "l/../../outside" } } },
	{ "a hard link that leads out", { FILE_IN_IT, { .path = "l/h", .hard = true, .data = "/etc/hostname" } } },
	{ "a hard link that leads out", { FILE_IN_IT, { .path = "l/h", .hard = true, .data = "etc/hostname" } } },
	{ "not a file of the archive", { FILE_IN_IT, { .path = "l/h", .hard = true, .data = "l/missing" } } },
	{ "not a file of the archive", { LINK_TO("../b"), { .path = "l/h", .hard = true, .data = "l/a/link" } } },
	{ "to what is not there", { LINK_TO("../b"), { .path = "l/h", .hard = true, .data = "l/a/link/x" } } },
	{ "not a file of the archive", { FILE_IN_IT, { .path = "l/h", .hard = true, .data = "l" } } },
	{ "a device", { FILE_IN_IT, { .path = "l/null", .mode = S_IFCHR | 0666 } } },
	{ "a device", { FILE_IN_IT, { .path = "l/disk", .mode = S_IFBLK | 0666 } } },
	{ "a named pipe", { FILE_IN_IT, { .path = "l/pipe", .mode = S_IFIFO | 0666 } } },
	{ "set-user-id", { FILE_IN_IT, { .path = "l/su", .mode = S_IFREG | 04755, .data = "x" } } },
	{ "set-group-id", { FILE_IN_IT, { .path = "l/sg", .mode = S_IFREG | 02755, .data = "x" } } },
	{ "all members must be in one folder, and others are in l", { FILE_IN_IT, { .path = "m/Makefile" } } },
	{ "a file where the folder of all should be", { { .path = "Makefile", .data = "x" } } },
	{ "a file where the folder of all should be", { { .path = "l", .mode = S_IFLNK | 0777, .data = "m" } } },
	{ "l/ared is refused: control characters", { { .path = "l/a\033[31mred" } } },
	{ "the archive is empty", { { 0 } } },
	{ "more than 200 times its size", { FILE_IN_IT, { .path = "l/bomb", .zeros = 7 << 20 } } },
};

/* Names of dir, sorted by nobody, as one text. */
static char *listing(const char *dir)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	DIR *d = opendir(dir);

	assert_non_null(d);
	for (const struct dirent *ent; (ent = readdir(d));)
		fprintf(f, "%s\n", ent->d_name);
	closedir(d);
	fclose(f);
	return text;
}

static void hostile_ones(void **state)
{
	struct err e;

	for (size_t i = 0; i < countof(hostile); i++) {
		auto_free char *before = NULL, *after = NULL;
		auto_free void *tar = NULL;
		size_t n;

		tar = make_tar(archive_write_add_filter_xz, hostile[i].members, &n);
		scratch_text(*state, "tree/x", "");
		before = listing(*state);
		if (unpack(*state, tar, n, NULL, &e) >= 0)
			fail_msg("case %zu (%s) is let through", i, hostile[i].message);
		if (e.code != X_BAD_ARCHIVE || !strstr(e.msg, hostile[i].message))
			fail_msg("case %zu: code %d, \"%s\" instead of \"%s\"", i, e.code, e.msg, hostile[i].message);
		after = listing(*state);
		assert_string_equal(before, after);
	}
	assert_int_equal(access("/tmp/outside", F_OK), -1);
}

static void deep(void **state)
{
	char path[4 * 200] = "l";
	const struct tar_member members[] = { { .path = path }, { 0 } };
	struct err e;

	for (int i = 0; i < 100; i++)
		strcat(path, "/d");
	for (int cut = 0; cut < 2; cut++) {
		size_t n;
		auto_free void *tar = NULL;

		if (cut)
			path[1 + 2 * 60] = '\0';
		tar = make_tar(archive_write_add_filter_xz, members, &n);
		assert_int_equal(unpack(*state, tar, n, NULL, &e), cut ? 0 : -1);
		if (!cut)
			assert_non_null(strstr(e.msg, "nested too deep"));
	}
}

static void limits(void **state)
{
	static const struct {
		struct unpack u;
		const char *message;
	} cases[] = {
		{ { .max_members = 7 }, "more than 7 members" },
		{ { .max_members = 8 }, NULL },
		{ { .max_bytes = 10 }, "it is too large" },
		{ { .max_bytes = 13 }, "more than 0 MB" },
		{ { .max_bytes = 20480 }, NULL },
	};
	size_t n;
	auto_free void *tar = make_tar(archive_write_add_filter_xz, small_kernel, &n);
	struct err e;

	for (size_t i = 0; i < countof(cases); i++) {
		int r = unpack(*state, tar, n, &cases[i].u, &e);

		if ((r < 0) != !!cases[i].message || (r < 0 && !strstr(e.msg, cases[i].message)))
			fail_msg("case %zu: %d %s", i, r, e.msg);
		assert_true(r == 0 || e.code == X_BAD_ARCHIVE);
	}
}

/* A hundred folders per member are members too. */
static void many_folders(void **state)
{
	char names[20][200];
	struct tar_member members[21] = { { 0 } };
	struct unpack u = { .max_members = 100 };
	auto_free void *tar = NULL;
	struct err e;
	size_t n;

	for (int i = 0; i < 20; i++) {
		int len = snprintf(names[i], sizeof(names[i]), "l/%d", i);

		for (int k = 0; k < 40; k++)
			len += snprintf(names[i] + len, sizeof(names[i]) - (size_t)len, "/d");
		members[i].path = names[i];
	}
	tar = make_tar(archive_write_add_filter_xz, members, &n);
	assert_int_equal(unpack(*state, tar, n, &u, &e), -1);
	assert_non_null(strstr(e.msg, "more than 100 folders"));
}

static void damaged_ones(void **state)
{
	static int (*const filters[])(struct archive *) = { archive_write_add_filter_xz, archive_write_add_filter_gzip,
							    archive_write_add_filter_zstd,
							    archive_write_add_filter_bzip2 };
	struct err e;

	for (size_t i = 0; i < countof(filters); i++) {
		size_t n;
		auto_free char *tar = make_tar(filters[i], small_kernel, &n);
		auto_free char *more = xcalloc(n + 5000, 1);

		for (size_t cut = 0; cut < n; cut += cut < n - 20 ? 37 : 1)
			if (unpack(*state, tar, cut, NULL, &e) >= 0 || e.code != X_BAD_ARCHIVE)
				fail_msg("filter %zu cut at %zu of %zu: %d %s", i, cut, n, e.code, e.msg);
		memcpy(more, tar, n);
		memset(more + n, 'x', 5000);
		for (size_t extra = 1; extra <= 5000; extra += 999)
			if (unpack(*state, more, n + extra, NULL, &e) >= 0 || e.code != X_BAD_ARCHIVE)
				fail_msg("filter %zu with %zu bytes behind it", i, extra);
		tar[n / 2] ^= 0x55;
		if (unpack(*state, tar, n, NULL, &e) >= 0 || e.code != X_BAD_ARCHIVE)
			fail_msg("filter %zu with a changed byte", i);
	}
}

static void no_archives(void **state)
{
	static const char *const texts[] = { "", "<!DOCTYPE html>\n<html>…", "\x1f\x8b", "\xfd\x37zXZ",
					     "not an archive" };
	auto_free char *zeros = xcalloc(1, 5 << 20);
	struct err e;

	for (size_t i = 0; i < countof(texts); i++) {
		assert_int_equal(unpack(*state, texts[i], strlen(texts[i]), NULL, &e), -1);
		assert_int_equal(e.code, X_BAD_ARCHIVE);
	}
	assert_int_equal(unpack(*state, zeros, 64 << 10, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "the archive is empty"));
	assert_int_equal(unpack(*state, zeros, 5 << 20, NULL, &e), -1);
	assert_non_null(strstr(e.msg, "4 MiB without any member"));
}

static int fails(void *arg, const void **data, size_t *n, struct err *e)
{
	(void)arg, (void)data, (void)n;
	return err_set(e, X_INTERRUPTED, "interrupted by a test");
}

static void a_source_that_ends(void **state)
{
	struct unpack u = { .read = fails };
	auto_close int fd = open(*state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err e = { 0 };

	assert_int_equal(unpack_tree(&u, fd, &e), -1);
	assert_int_equal(e.code, X_INTERRUPTED);
	assert_string_equal(e.msg, "interrupted by a test");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(a_kernel),
		in_scratch(what_else_is_fine),
		in_scratch(hostile_ones),
		in_scratch(deep),
		in_scratch(limits),
		in_scratch(many_folders),
		in_scratch(damaged_ones),
		in_scratch(no_archives),
		in_scratch(a_source_that_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
