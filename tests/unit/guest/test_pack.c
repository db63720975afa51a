#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static char *dir;

static int set_up(void **state)
{
	struct err e = { 0 };

	(void)state;
	dir = tmpdir_make("pack", &e);
	return dir ? 0 : -1;
}

static int tear_down(void **state)
{
	struct err e = { 0 };

	(void)state;
	rmtree(AT_FDCWD, dir, &e);
	free(dir);
	return 0;
}

static char *put(const char *name, const void *data, size_t n)
{
	char *path = xasprintf("%s/%s", dir, name);
	struct err e = { 0 };

	assert_true(file_write(AT_FDCWD, path, data, n, &e) >= 0);
	return path;
}

static void round_trip(void **state)
{
	static char big[10000];
	struct err e = { 0 };

	(void)state;
	memset(big, 'b', sizeof(big));
	auto_free char *a = put("a", "hello", 5), *b = put("b", big, sizeof(big)), *empty = put("empty", "", 0);
	struct payload_file v[] = {
		{ .guest = (char *)"/bin/a b", .host = a, .mode = 0755, .size = 5 },
		{ .guest = (char *)"/lib/b",
		  .host = b,
		  .mode = 0644,
		  .size = sizeof(big),
		  .dated = true,
		  .mtime = { 1700000000, 5 } },
		{ .guest = (char *)"/lib/empty",
		  .host = empty,
		  .mode = 0600,
		  .dated = true,
		  .mtime = { -1, 999999999 } },
		{ .guest = (char *)"/lib/link", .target = (char *)"b" },
	};
	struct payload p = { .v = v, .n = 4 };
	auto_payload struct payload got = { 0 };
	auto_close int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_free char *path = xasprintf("%s/pack", dir);
	auto_free char *text = NULL;
	size_t n;

	assert_int_equal(pack_write(fd, "pack", &p, &e), 0);
	assert_int_equal(pack_open(&got, path, &e), 0);
	assert_int_equal(got.n, 4);
	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, &n, &e), 0);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(got.v[i].guest, v[i].guest);
		assert_int_equal(got.v[i].mode, v[i].mode);
		assert_int_equal(got.v[i].size, v[i].size);
		assert_int_equal(got.v[i].offset % 4096, 0);
		assert_int_equal(got.v[i].dated, v[i].dated);
		assert_memory_equal(&got.v[i].mtime, &v[i].mtime, sizeof(v[i].mtime));
	}
	assert_memory_equal(text + got.v[0].offset, "hello", 5);
	assert_memory_equal(text + got.v[1].offset, big, sizeof(big));
	assert_string_equal(got.v[3].target, "b");
	assert_string_equal(got.v[3].guest, "/lib/link");
	assert_null(got.v[3].host);
}

static const char *const bad[] = {
	"",
	"ktstr pack 2\n",
	"ktstr pack 1\n\n",
	"ktstr pack 2\n755 5 1 - /x\n\n",
	"ktstr pack 2\n755 5 4096 - /x\n\n",
	"ktstr pack 2\n755 18446744073709551615 0 - /x\n\n",
	"ktstr pack 2\n755 5 0 - x\n\n",
	"ktstr pack 2\n755 0 0 /x\n\n",
	"ktstr pack 2\n755 0 0 -/x\n\n",
	"ktstr pack 2\n755 0 0 1 /x\n\n",
	"ktstr pack 2\n755 0 0 1.-5 /x\n\n",
	"ktstr pack 2\n755 0 0 1.0000000000 /x\n\n",
	"ktstr pack 2\nnonsense\n\n",
};

static void hostile(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct payload p = { 0 };
		struct err e = { 0 };
		auto_free char *path = put("bad", bad[i], strlen(bad[i]));

		assert_true(pack_open(&p, path, &e) < 0);
		assert_true(e.msg[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(round_trip), cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
