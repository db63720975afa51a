/* Entries of the kernel cache as one file and back; what such files may not be; whether they are shared at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "kernel/cache/blob.h"
#include "kernel/cache/remote.h"
#include "make_tar.h"
#include "scratch.h"

#define META(more) \
	"{\"source\": \"tarball\", \"arch\": \"x86_64\", \"image_name\": \"bzImage\", " \
	"\"built_at\": \"2026-01-02T03:04:05Z\"" more "}"

struct bytes {
	const char *p;
	size_t n, step; /* pieces of step bytes; 0: all at once */
	bool fail;      /* at the end */
};

static int piece(void *arg, const void **data, size_t *n, struct err *e)
{
	struct bytes *b = arg;

	if (b->fail && !b->n)
		return err_set(e, X_INTERRUPTED, "stopped by the test");
	*data = b->p;
	*n = b->step && b->step < b->n ? b->step : b->n;
	b->p += *n;
	b->n -= *n;
	return 0;
}

static int open_dir(const char *dir, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);
	int fd;

	assert_int_equal(mkdir(path, 0755), 0);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void same_file(int dir, const char *name, const void *data, size_t n)
{
	auto_free char *text = NULL;
	struct err e = { 0 };
	size_t have;

	assert_int_equal(file_read(dir, name, 1 << 24, &text, &have, &e), 0);
	assert_int_equal(have, n);
	assert_memory_equal(text, data, n);
}

/* Something that zstd makes smaller, of any length. */
static char *content(size_t n)
{
	char *p = xmalloc(n + 1);

	for (size_t i = 0; i < n; i++)
		p[i] = (char)(i / 7 * 31 % 251);
	return p;
}

static const struct {
	size_t image, vmlinux, config; /* bytes; 0: no such file */
} sizes[] = { { 1, 0, 0 }, { 512, 511, 513 }, { 3000001, 1000000, 4000 }, { 1024, 0, 1 } };

static void pack_and_unpack(const char *dir, size_t image, size_t vmlinux, size_t config, size_t step)
{
	auto_free char *data = content(image + vmlinux + config), *packed = NULL;
	auto_free char *path = xasprintf("%s/blob", dir);
	struct kernel_meta m = {
		.version = (char *)"6.14.2",
		.source = (char *)"local",
		.arch = (char *)"x86_64",
		.image_name = (char *)"bzImage",
		.built_at = (char *)"2026-01-02T03:04:05Z",
		.source_tree_path = (char *)"/home/somebody/linux",
		.vmlinux_name = vmlinux ? (char *)"vmlinux" : NULL,
		.identity = (char *)"tree:1234",
	};
	auto_close int in = open_dir(dir, "in"), out = open_dir(dir, "out");
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	struct err e = { 0 };
	uint64_t size = 0;
	char hash[9];
	size_t n;

	crc_hex(data, config, hash);
	m.config_hash = config ? hash : NULL;
	assert_true(file_write(in, "bzImage", data, image, &e) >= 0);
	if (vmlinux)
		assert_true(file_write(in, "vmlinux", data, vmlinux, &e) >= 0);
	if (config)
		assert_true(file_write(in, ".config", data, config, &e) >= 0);
	assert_int_equal(blob_pack(in, &m, fd, &size, &e), 0);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 24, &packed, &n, &e), 0);
	assert_int_equal(size, n);
	assert_memory_equal(packed, "\x28\xb5\x2f\xfd", 4);

	struct bytes b = { .p = packed, .n = n, .step = step };
	struct blob blob = { .read = piece, .arg = &b };

	if (blob_unpack(&blob, out, &e) < 0)
		fail_msg("%s", e.msg);
	same_file(out, BLOB_IMAGE, data, image);
	assert_int_equal(blob.vmlinux, vmlinux > 0);
	assert_int_equal(blob.config, config > 0);
	if (vmlinux)
		same_file(out, BLOB_VMLINUX, data, vmlinux);
	if (config)
		same_file(out, BLOB_CONFIG, data, config);
	assert_string_equal(blob.meta.version, "6.14.2");
	assert_string_equal(blob.meta.built_at, m.built_at);
	assert_string_equal(blob.meta.identity, m.identity);
	assert_null(blob.meta.source_tree_path);
	kernel_meta_free(&blob.meta);
}

static void goes_and_comes(void **state)
{
	for (size_t i = 0; i < countof(sizes); i++) {
		auto_free char *dir = xasprintf("%s/%zu", (char *)*state, i);

		assert_int_equal(mkdir(dir, 0755), 0);
		pack_and_unpack(dir, sizes[i].image, sizes[i].vmlinux, sizes[i].config, i % 2 ? 1 : 0);
	}
}

static void cannot_pack(void **state)
{
	struct kernel_meta m = { .source = (char *)"local",
				 .arch = (char *)"x86_64",
				 .image_name = (char *)"bzImage",
				 .built_at = (char *)"2026-01-02T03:04:05Z",
				 .vmlinux_name = (char *)"vmlinux" };
	auto_close int in = open_dir(*state, "in"), full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	auto_close int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct err e = { 0 };
	uint64_t size = 7;

	assert_int_equal(blob_pack(in, &m, null, &size, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_non_null(strstr(e.msg, "bzImage"));
	assert_int_equal(symlinkat("/etc/passwd", in, "bzImage"), 0);
	assert_int_equal(blob_pack(in, &m, null, &size, &e), -1);
	assert_int_equal(unlinkat(in, "bzImage", 0), 0);
	assert_true(file_write(in, "bzImage", "image", 5, &e) >= 0);
	assert_int_equal(blob_pack(in, &m, null, &size, &e), -1);
	assert_non_null(strstr(e.msg, "vmlinux"));
	m.vmlinux_name = NULL;
	assert_int_equal(blob_pack(in, &m, full, &size, &e), -1);
	assert_int_equal(e.code, X_DISK_FULL);
	assert_int_equal(size, 7);
}

static const struct tar_member small[] = {
	{ .path = "bzImage", .data = "image" },
	{ .path = "metadata.json", .data = META("") },
	{ 0 },
};

/* The word must be in the message; NULL: it is fine. */
static const struct {
	const char *word;
	struct tar_member m[5];
} cases[] = {
	{ NULL, { { .path = "other-name", .data = "image" }, { .path = "metadata.json", .data = META("") } } },
	{ "no image", { { .path = "metadata.json", .data = META("") } } },
	{ "no metadata.json", { { .path = "bzImage", .data = "image" } } },
	{ "a second image",
	  { { .path = "bzImage", .data = "1" },
	    { .path = "Image", .data = "2" },
	    { .path = "metadata.json", .data = META("") } } },
	{ "comes twice",
	  { { .path = ".config", .data = "1" },
	    { .path = ".config", .data = "2" },
	    { .path = "bzImage", .data = "3" } } },
	{ "not a plain", { { .path = "../bzImage", .data = "image" } } },
	{ "not a plain", { { .path = "/bzImage", .data = "image" } } },
	{ "not a plain", { { .path = "a\\b", .data = "image" } } },
	{ "not a plain", { { .path = "..", .data = "image" } } },
	{ "refused", { { .path = "sub/", .mode = S_IFDIR | 0755 } } },
	{ "not a regular file", { { .path = "vmlinux", .mode = S_IFLNK | 0777, .data = "/etc/passwd" } } },
	{ "not a regular file", { { .path = "vmlinux", .hard = true, .data = "/etc/passwd" } } },
	{ "not a regular file", { { .path = "vmlinux", .mode = S_IFIFO | 0644 } } },
	{ "too large", { { .path = "bzImage", .zeros = 2 << 20 } } },
	{ "too large", { { .path = "bzImage", .zeros = 600000 }, { .path = "vmlinux", .zeros = 600000 } } },
	{ "neither bzImage nor Image",
	  { { .path = "bzImage", .data = "image" },
	    { .path = "metadata.json",
	      .data = "{\"source\": \"git\", \"arch\": \"x86_64\", \"image_name\": \".config\", \"built_at\": \"x\"}" } } },
	{ "neither x86_64 nor aarch64",
	  { { .path = "bzImage", .data = "image" },
	    { .path = "metadata.json",
	      .data = "{\"source\": \"git\", \"arch\": \"mips\", \"image_name\": \"Image\", \"built_at\": \"x\"}" } } },
	{ "metadata.json: ", { { .path = "bzImage", .data = "image" }, { .path = "metadata.json", .data = "[]" } } },
	{ "metadata.json: ", { { .path = "bzImage", .data = "image" }, { .path = "metadata.json" } } },
	{ "no vmlinux",
	  { { .path = "bzImage", .data = "image" },
	    { .path = "metadata.json", .data = META(", \"vmlinux_name\": \"vmlinux\"") } } },
	{ ".config is not",
	  { { .path = "bzImage", .data = "image" },
	    { .path = ".config", .data = "CONFIG_X=y\n" },
	    { .path = "metadata.json", .data = META(", \"config_hash\": \"12345678\"") } } },
	{ ".config is not",
	  { { .path = "bzImage", .data = "image" },
	    { .path = "metadata.json", .data = META(", \"config_hash\": \"00000000\"") } } },
	{ "member /x is", { { .path = "\033[31m/x", .data = "image" } } },
};

static void is_refused(void **state)
{
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *name = xasprintf("%zu", i);
		auto_close int out = open_dir(*state, name);
		struct bytes b = { 0 };
		auto_free char *tar = make_tar(i % 2 ? archive_write_add_filter_zstd : archive_write_add_filter_none,
					       cases[i].m, &b.n);
		struct blob blob = { .max = 1 << 20, .read = piece, .arg = &b };
		struct err e = { 0 };
		int r;

		b.p = tar;
		r = blob_unpack(&blob, out, &e);
		if (r != (cases[i].word ? -1 : 0) || (r < 0 && !strstr(e.msg, cases[i].word)))
			fail_msg("case %zu: %d %s", i, r, e.msg);
		assert_int_equal(e.code, r < 0 ? X_BAD_ARCHIVE : 0);
		kernel_meta_free(&blob.meta);
	}
}

/* Cut anywhere it is damaged, as long as one of the files is not all there; garbage is no tar. */
static void is_damaged(void **state)
{
	size_t n;
	auto_free char *tar = make_tar(archive_write_add_filter_none, small, &n);
	/* Two headers, "image" and its padding, the beginning of the metadata. */
	static const size_t cuts[] = { 0, 1, 511, 512, 516, 1023, 1024, 1100, 1536, 1540 };

	for (size_t i = 0; i < countof(cuts); i++) {
		auto_free char *name = xasprintf("%zu", i);
		auto_close int out = open_dir(*state, name);
		struct bytes b = { .p = tar, .n = cuts[i] };
		struct blob blob = { .read = piece, .arg = &b };
		struct err e = { 0 };

		assert_int_equal(blob_unpack(&blob, out, &e), -1);
		assert_int_equal(e.code, X_BAD_ARCHIVE);
	}
	auto_close int out = open_dir(*state, "stopped");
	struct bytes b = { .p = tar, .n = 600, .fail = true };
	struct blob blob = { .read = piece, .arg = &b };
	struct err e = { 0 };

	assert_int_equal(blob_unpack(&blob, out, &e), -1);
	assert_int_equal(e.code, X_INTERRUPTED);
}

static const char *const names[] = { "KTSTR_GHA_CACHE", "ACTIONS_CACHE_URL", "ACTIONS_CACHE_SERVICE_V2",
				     "ACTIONS_RESULTS_URL", "ACTIONS_RUNTIME_TOKEN" };

static void by_environment(void **state)
{
	static const struct {
		const char *value[countof(names)];
		enum remote which;
		const char *text; /* the URL, or what is lacking */
	} envs[] = {
		{ { NULL, "a", NULL, NULL, "t" }, REMOTE_OFF, NULL },
		{ { "", "a", NULL, NULL, "t" }, REMOTE_OFF, NULL },
		{ { "true", "a", NULL, NULL, "t" }, REMOTE_OFF, NULL },
		{ { "11", "a", NULL, NULL, "t" }, REMOTE_OFF, NULL },
		{ { "1", "a", NULL, NULL, "t" }, REMOTE_V1, "a" },
		{ { "1", "a", NULL, "b", "t" }, REMOTE_V1, "a" },
		{ { "1", "a", "", "b", "t" }, REMOTE_V1, "a" },
		{ { "1", "a", "false", "b", "t" }, REMOTE_V1, "a" },
		{ { "1", "a", "True", "b", "t" }, REMOTE_V2, "b" },
		{ { "1", NULL, "1", "b", "t" }, REMOTE_V2, "b" },
		{ { "1", "a", "1", "", "t" }, REMOTE_V1, "a" },
		{ { "1", "", NULL, NULL, "t" }, REMOTE_LACKS, "ACTIONS_CACHE_URL or ACTIONS_RESULTS_URL" },
		{ { "1", "a", NULL, NULL, NULL }, REMOTE_LACKS, "ACTIONS_RUNTIME_TOKEN" },
	};

	(void)state;
	for (size_t i = 0; i < countof(envs); i++) {
		const char *url = NULL, *token = NULL, *lacks = NULL;

		for (size_t k = 0; k < countof(names); k++) {
			if (envs[i].value[k])
				setenv(names[k], envs[i].value[k], 1);
			else
				unsetenv(names[k]);
		}
		assert_int_equal(remote_which(&url, &token, &lacks), envs[i].which);
		assert_int_equal(remote_which(NULL, NULL, NULL), envs[i].which);
		if (envs[i].which == REMOTE_LACKS)
			assert_string_equal(lacks, envs[i].text);
		else if (envs[i].text)
			assert_string_equal(url, envs[i].text);
		if (url)
			assert_string_equal(token, "t");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(goes_and_comes), in_scratch(cannot_pack),          in_scratch(is_refused),
		in_scratch(is_damaged),     cmocka_unit_test(by_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
