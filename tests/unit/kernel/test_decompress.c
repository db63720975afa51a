/* test_decompress.c: lzo is decoded by hand here, so it gets the most; the rest is libarchive's and shown by test_image. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "kernel/image/decompress.h"
#include "packers.h"

/* What lzop -9 and lz4 -l -9 made of unpacked(). */
static const char by_lzop[] =
	"894c5a4f000d0a1a0a104020a0094003090300000d000081a46b03ec8d0000000000395a04820000022a000000e26eca"
	"93301d6c696e652030206f6620300a8d01316d0131ad01346d0132ad01396d0133cd0436710134b2013235710135b101"
	"33850336d90739295e01363429620138312967013130302a6e013231297301313434297701313639297b01313936297d"
	"0132bd1031f1123629860132382af70233323429870133363129850134ac11e218343129860134382a0b033532392987"
	"0135373629850136ac11c50c36ac03c60c37322a0d0337ac0ac60c38342af50539ac11fc2fbc14f524302b12033130a4"
	"1cfe2431352a1d0631cc23e53c32a027db0c3133362a2403452e342aa10135fc3111000000000000";
static const char by_lz4[] =
	"02214c18ff000000c16c696e652030206f6620300a0c0010310c0012310c0010340c0012320c0010390c001333240010"
	"360d0012340d002032350d0012350d0011331a0013363f001739580027363459002738315a00383130305c002732315d"
	"00373134345e00373136395f00373139366000373232356100373235366200283238be00373332346200373336316200"
	"38343030c1002734316200283438c300373532396200373537366200373632356200373637366200283732c400373738"
	"3462002838347e0138393030800128363126011930c50048313038392801383135362901031c0104e201373239366700"
	"38313336ca004831343434690090353231206f6620340a";

static struct bytes unhex(const char *s)
{
	struct bytes b = { 0 };
	unsigned v;

	for (; s[0] && s[1]; s += 2) {
		assert_int_equal(sscanf((const char[]){ s[0], s[1], 0 }, "%x", &v), 1);
		put_byte(&b, v);
	}
	return b;
}

static struct bytes unpacked(void)
{
	struct bytes b = { 0 };
	FILE *f = xmemstream((char **)&b.p, &b.n);

	for (int i = 0; i < 40; i++)
		fprintf(f, "line %d of %d\n", i * i, i % 7);
	fclose(f);
	return b;
}

static void test_real_tools(void **state)
{
	static const char *const hex[] = { by_lzop, by_lz4 };
	struct bytes want = unpacked();

	(void)state;
	for (size_t i = 0; i < countof(hex); i++) {
		struct bytes b = unhex(hex[i]);
		auto_free void *out = NULL;
		struct err e = { 0 };

		if (decompress(b.p, b.n, want.n, &out, &e) < 0)
			fail_msg("%s", e.msg);
		assert_memory_equal(out, want.p, want.n);
		free(b.p);
	}
	free(want.p);
}

/* Every byte of an lzop file cut off or changed: an error or some text, never a byte outside. */
static void test_lzo_damage(void **state)
{
	struct bytes want = unpacked(), good = unhex(by_lzop);

	(void)state;
	for (size_t i = 0; i < good.n; i++) {
		auto_free uint8_t *cut = xmemdup(good.p, i ? i : 1), *out = xmalloc(want.n);

		assert_int_equal(lzop_unpack(cut, i, out, want.n), -1);
		for (unsigned bit = 0; bit < 8; bit++) {
			auto_free uint8_t *copy = xmemdup(good.p, good.n);

			copy[i] ^= (uint8_t)(1u << bit);
			(void)lzop_unpack(copy, good.n, out, want.n); /* checksums are not looked at: it may pass */
		}
	}
	free(good.p);
	free(want.p);
}

/* Instructions that short texts do not need: matches from more than 16 KiB back, and long lengths. */
static void test_lzo_far(void **state)
{
	enum { RUN = 20000, FAR = 18000, LONG = 300, NEAR = 400 };
	struct bytes block = { 0 }, file = lzop_head();
	uint8_t want[RUN + FAR % 7 + LONG + NEAR], out[sizeof(want)];
	uint32_t n = RUN, left;

	(void)state;
	for (uint32_t i = 0; i < RUN; i++)
		want[i] = (uint8_t)(i * i >> 7);
	put_byte(&block, 0); /* literals: 18 and 255 for every zero, and the rest */
	for (left = RUN - 18; left > 255; left -= 255)
		put_byte(&block, 0);
	put_byte(&block, left);
	put(&block, want, RUN);

	put_byte(&block, 0x10); /* far match: 9 and one zero's 255, and the rest; one literal behind it */
	put_byte(&block, 0);
	put_byte(&block, LONG - 9 - 255);
	put(&block, (const uint8_t[]){ (uint8_t)((FAR - 16384) << 2 | 1), (uint8_t)((FAR - 16384) >> 6), 'x' }, 3);
	for (uint32_t i = 0; i < LONG; i++, n++)
		want[n] = want[n - FAR];
	want[n++] = 'x';

	put_byte(&block, 0x20); /* near match over itself */
	put_byte(&block, 0);
	put_byte(&block, NEAR - 33 - 255);
	put(&block, (const uint8_t[]){ 0, 0 }, 2);
	for (uint32_t i = 0; i < NEAR; i++, n++)
		want[n] = 'x';

	put(&block, (const uint8_t[]){ 0x11, 0, 0 }, 3);
	lzop_block(&file, n, &block);
	put_be32(&file, 0);
	assert_int_equal(lzop_unpack(file.p, file.n, out, n), 0);
	assert_memory_equal(out, want, n);
	assert_int_equal(lzop_unpack(file.p, file.n, out, n - 1), -1);
	free(block.p);
	free(file.p);
}

static void test_format(void **state)
{
	static const char *const none[] = { "", "\x1f",
					    "\x7f"
					    "ELF",
					    "BZ",
					    "\xfd"
					    "7zXY" };
	char text[4096];

	(void)state;
	for (size_t i = 0; i < countof(none); i++)
		assert_null(decompress_format(none[i], strlen(none[i])));
	memset(text, 'k', sizeof(text));
	for (size_t i = 0; i < countof(formats); i++) {
		struct bytes b = formats[i].pack(text, sizeof(text));
		auto_free void *out = NULL;
		struct err e = { 0 };

		assert_string_equal(decompress_format(b.p, b.n), formats[i].name);
		if (decompress(b.p, b.n, sizeof(text), &out, &e) < 0)
			fail_msg("%s", e.msg);
		assert_memory_equal(out, text, sizeof(text));
		free(b.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_real_tools),
		cmocka_unit_test(test_lzo_damage),
		cmocka_unit_test(test_lzo_far),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
