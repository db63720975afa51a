/* ld.so.cache images made by hand: the right entry, and every way to be damaged. */
#include "base/mem.h"
#include "guest/ldcache.h"
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { X86_64 = 0x303, AARCH64 = 0xa03, I386 = 3 };

struct line {
	int32_t flags;
	uint64_t hwcap;
	const char *soname, *path;
};

static const struct line lines[] = {
	{ X86_64, 1ull << 62, "libz.so.1", "/usr/lib/glibc-hwcaps/x86-64-v3/libz.so.1" },
	{ X86_64, 1ull << 50, "libz.so.1", "/usr/lib/haswell/libz.so.1" },
	{ I386, 0, "libz.so.1", "/lib32/libz.so.1" },
	{ X86_64, 0, "libz.so.1", "/lib/x86_64-linux-gnu/libz.so.1" },
	{ X86_64, 0, "libz.so.1", "/opt/second/libz.so.1" },
	{ AARCH64, 0, "libz.so.1", "/lib/aarch64-linux-gnu/libz.so.1" },
	{ X86_64, 0, "librelative.so", "lib/librelative.so" },
};

static char *image(size_t *n)
{
	static const char magic[20] = "glibc-ld.so.cache1.1";
	size_t strings = 48 + countof(lines) * 24;
	char *p = xcalloc(1, 4096), *s = p + strings;

	memcpy(p, magic, sizeof magic);
	*(uint32_t *)(p + 20) = countof(lines);
	for (size_t i = 0; i < countof(lines); i++) {
		char *ent = p + 48 + i * 24;
		uint32_t at = (uint32_t)(s - p), at2 = at + (uint32_t)strlen(lines[i].soname) + 1;

		memcpy(ent, &lines[i].flags, 4);
		memcpy(ent + 4, &at, 4);
		memcpy(ent + 8, &at2, 4);
		memcpy(ent + 16, &lines[i].hwcap, 8);
		s = stpcpy(s, lines[i].soname) + 1;
		s = stpcpy(s, lines[i].path) + 1;
	}
	*n = (size_t)(s - p);
	return p;
}

/* The paths for a name, joined by spaces; NULL: damaged. */
static char *all(const char *data, size_t n, const char *soname, uint16_t machine)
{
	char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);
	const char *path = NULL;
	uint32_t at = 0;
	int r;

	while ((r = ldcache_find(data, n, soname, machine, &at, &path)) == 0)
		fprintf(f, "%s ", path);
	fclose(f);
	if (r < 0)
		free(TAKE(text));
	return text;
}

#define V3 "/usr/lib/glibc-hwcaps/x86-64-v3/libz.so.1 "

/* Alone, or behind the older format. */
static void finds(void **state)
{
	static const struct {
		const char *soname;
		uint16_t machine;
		const char *paths;
	} cases[] = {
		{ "libz.so.1", EM_X86_64, V3 "/lib/x86_64-linux-gnu/libz.so.1 /opt/second/libz.so.1 " },
		{ "libz.so.1", EM_AARCH64, "/lib/aarch64-linux-gnu/libz.so.1 " },
		{ "libz.so", EM_X86_64, "" },
		{ "libz.so.12", EM_X86_64, "" },
		{ "librelative.so", EM_X86_64, "" },
		{ "", EM_X86_64, "" },
	};
	size_t n, old_n = 16 + 3 * 12 + 4;
	auto_free char *data = image(&n), *both = xcalloc(1, old_n + n);

	(void)state;
	memcpy(both, "ld.so-1.7.0", 12);
	both[12] = 3;
	memcpy(both + old_n, data, n);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *alone = all(data, n, cases[i].soname, cases[i].machine);
		auto_free char *behind = all(both, old_n + n, cases[i].soname, cases[i].machine);

		assert_string_equal(alone, cases[i].paths);
		assert_string_equal(behind, cases[i].paths);
	}
	both[15] = 0x7f;
	assert_null(all(both, old_n + n, "libz.so.1", EM_X86_64));
}

static int absent(const char *data, size_t n)
{
	const char *path;
	uint32_t at = 0;

	return ldcache_find(data, n, "absent", EM_X86_64, &at, &path);
}

static void damaged(void **state)
{
	size_t n;
	auto_free char *data = image(&n);

	(void)state;
	for (size_t cut = 0; cut < n; cut++) { /* an exact copy, so that a sanitizer sees the first byte too far */
		auto_free char *part = xmalloc(cut ? cut : 1);

		memcpy(part, data, cut);
		assert_true(absent(part, cut) < 0);
	}
	assert_int_equal(absent(data, n), 1);
	*(uint32_t *)(data + 20) = UINT32_MAX;
	assert_true(absent(data, n) < 0);
	*(uint32_t *)(data + 20) = countof(lines);
	*(uint32_t *)(data + 48 + 8) = UINT32_MAX;
	assert_true(absent(data, n) < 0);
	data[0] = 'G';
	assert_true(absent(data, n) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(finds), cmocka_unit_test(damaged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
