/* test_bundle.c: a run as one file: there and back, and what is refused of others' files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "bundle/bundle.h"
#include "scratch.h"

static const struct bundle_file least[] = {
	{ BUNDLE_HEAD, NULL, "{}", 2 },
	{ BUNDLE_TEST, NULL, "hold 1s\n", 8 },
	{ BUNDLE_RUN, NULL, "{\"format\": 1}", 13 },
	{ BUNDLE_META, NULL, "{}", 2 },
	{ BUNDLE_BZIMAGE, NULL, "kernel", 6 },
};

/* Into a new folder; the code of the error, 0 for none. */
static int unpack(const char *file, bool there[BUNDLE_PARTS])
{
	struct err e = { 0 };
	auto_free char *dir = tmpdir_make("unpack", &e);
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY);
	int r = bundle_read(file, fd, UINT64_MAX, there, &e);
	auto_free char *text = NULL;
	size_t n;

	if (r == 0) {
		assert_int_equal(file_read(fd, "bzImage", 100, &text, &n, &e), 0);
		assert_string_equal(text, "kernel");
		assert_int_equal(faccessat(fd, "kernel", F_OK, 0), -1);
	}
	struct err ignored;

	(void)rmtree(AT_FDCWD, dir, &ignored);
	if (r < 0)
		assert_true(*e.msg);
	return r < 0 ? e.code : 0;
}

static void there_and_back(void **state)
{
	const char *file = "b.bundle";
	bool there[BUNDLE_PARTS];
	struct err e = { 0 };

	(void)state;
	assert_int_equal(bundle_write(file, least, countof(least), &e), 0);
	assert_int_equal(unpack(file, there), 0);
	assert_true(there[BUNDLE_RUN]);
	assert_false(there[BUNDLE_SCHEDULER]);
	assert_int_equal(access("b.bundle.part", F_OK), -1);
	assert_int_equal(bundle_write(file, least, countof(least) - 1, &e), 0);
	assert_int_equal(unpack(file, there), X_BAD_ARCHIVE);
	const struct bundle_file none = { .part = BUNDLE_RUN, .path = "none" };

	assert_int_equal(bundle_write("c.bundle", &none, 1, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_int_equal(access("c.bundle", F_OK), -1);
	assert_int_equal(access("c.bundle.part", F_OK), -1);
	assert_int_equal(unpack("none", there), X_NO_INPUT);
	assert_int_equal(unpack("/dev/null", there), X_BAD_ARCHIVE);
	unlink(file);
}

/* No byte more than whoever reads it allows; what it says of itself is read alone. */
static void bounded(void **state)
{
	static const struct {
		uint64_t most;
		int code;
	} rows[] = { { 29, 0 }, { 28, X_BAD_ARCHIVE }, { 0, X_BAD_ARCHIVE } };
	auto_free char *head = NULL;
	bool there[BUNDLE_PARTS];
	struct err e = { 0 };
	uint64_t bytes;
	size_t n;

	(void)state;
	assert_int_equal(bundle_bytes(least + 1, countof(least) - 1, &bytes, &e), 0);
	assert_int_equal(bytes, 29);
	assert_int_equal(bundle_write("d.bundle", least, countof(least), &e), 0);
	for (size_t i = 0; i < countof(rows); i++) {
		auto_free char *dir = tmpdir_make("unpack", &e);
		auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY);
		struct err ignored;

		e = (struct err){ 0 };
		assert_int_equal(bundle_read("d.bundle", fd, rows[i].most, there, &e) < 0 ? e.code : 0, rows[i].code);
		(void)rmtree(AT_FDCWD, dir, &ignored);
	}
	assert_int_equal(bundle_head("d.bundle", &head, &n, &e), 0);
	assert_int_equal(n, 2);
	assert_string_equal(head, "{}");
	unlink("d.bundle");
}

/* An archive of those names, each with a byte; "LINK" is one to the outside. */
static void write_names(const char *file, const char *const *names)
{
	struct archive *a = archive_write_new();

	archive_write_add_filter_zstd(a);
	archive_write_set_format_cpio_newc(a);
	assert_int_equal(archive_write_open_filename(a, file), ARCHIVE_OK);
	for (; *names; names++) {
		struct archive_entry *entry = archive_entry_new();
		bool link = !strcmp(*names, "LINK");

		archive_entry_set_pathname(entry, link ? "scheduler" : *names);
		archive_entry_set_filetype(entry, link ? AE_IFLNK : AE_IFREG);
		if (link)
			archive_entry_set_symlink(entry, "/etc/passwd");
		archive_entry_set_size(entry, link ? 0 : 1);
		archive_write_header(a, entry);
		if (!link)
			archive_write_data(a, "x", 1);
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
}

static void strangers(void **state)
{
	static const char *const lists[][6] = {
		{ "../evil" },
		{ "/etc/passwd" },
		{ "bundle", "bundle" },
		{ "kernel/../../x" },
		{ "LINK" },
		{ "kernel/initramfs" },
		{ "" },
		{ "bundle", "test.ktstr" },
		{ "test.ktstr", "bundle" },
		{ "bundle", "LINK" },
	};
	bool there[BUNDLE_PARTS];

	(void)state;
	for (size_t i = 0; i < countof(lists); i++) {
		write_names("x.bundle", lists[i]);
		assert_int_equal(unpack("x.bundle", there), X_BAD_ARCHIVE);
	}
	assert_int_equal(truncate("x.bundle", 20), 0);
	assert_int_equal(unpack("x.bundle", there), X_BAD_ARCHIVE);
	unlink("x.bundle");
}

/* Files lie in a folder of the test. */
static int enter(void **state)
{
	return scratch_enter(state) < 0 || chdir(*state) < 0 ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(there_and_back), cmocka_unit_test(bounded),
					    cmocka_unit_test(strangers) };

	return cmocka_run_group_tests(tests, enter, scratch_leave);
}
