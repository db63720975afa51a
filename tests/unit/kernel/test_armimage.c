/* test_armimage.c: boot images of arm64 as packages have them, and the BTF inside. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>

#include "arch/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "kernel/image/armimage.h"
#include "kernel/image/decompress.h"
#include "kernel/image/image.h"
#include "packers.h"

enum { IMAGE = 3 << 12, BTF_AT = 0x1008 };

static void set32(uint8_t *p, uint32_t v)
{
	memcpy(p, &v, 4);
}

/* magic, version, flags, hdr_len; type_off, type_len, str_off, str_len */
static size_t btf(uint8_t *at, uint32_t types, uint32_t strings)
{
	set32(at, 0x0001eb9f);
	set32(at + 4, 24);
	set32(at + 8, 0);
	set32(at + 12, types);
	set32(at + 16, types);
	set32(at + 20, strings);
	memset(at + 24, 7, types);
	memset(at + 24 + types, 'x', strings);
	at[24 + types] = at[24 + types + strings - 1] = 0;
	return 24 + types + strings;
}

static struct bytes image(void)
{
	struct bytes b = { .p = xcalloc(1, IMAGE), .n = IMAGE };

	memcpy(b.p, "MZ", 2);
	memcpy(b.p + 56, "ARM\x64", 4);
	strcpy((char *)b.p + 0x400, "Linux version 7.3.4-arm (x@y) #1");
	btf(b.p + 0x800, 16, 8);
	btf(b.p + BTF_AT, 400, 100);
	set32(b.p + 0x2000, 0x0001eb9f); /* and bytes that only begin like it */
	set32(b.p + 0x2004, 24);
	set32(b.p + 0x200c, 0x7fffffff);
	return b;
}

static struct bytes zboot(struct bytes stream, size_t unpacked, bool size_behind)
{
	struct bytes b = { .p = xcalloc(1, 256 + stream.n + 64) };

	b.n = 256 + stream.n + 64;
	memcpy(b.p, "MZ\0\0zimg", 8);
	set32(b.p + 8, 256);
	set32(b.p + 12, (uint32_t)stream.n);
	set32(b.p + 60, 128);
	memcpy(b.p + 128, "PE\0\0\x64\xaa", 6);
	memcpy(b.p + 256, stream.p, stream.n);
	if (size_behind)
		set32(b.p + 256 + stream.n, (uint32_t)unpacked);
	free(stream.p);
	return b;
}

static void unpacks(struct bytes packed, const struct bytes *want)
{
	struct err e = { 0 };
	void *out;
	size_t n;

	assert_ptr_equal(image_arch(packed.p, packed.n), &arch_aarch64);
	if (image_unpack(packed.p, packed.n, &out, &n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(n, want->n);
	assert_memory_equal(out, want->p, n);
	free(out);
	/* Cut short anywhere it is refused, and nothing else happens. */
	for (size_t len = 0; len + 128 < packed.n; len += 97)
		if (image_unpack(packed.p, len, &out, &n, &e) == 0)
			free(out);
	if (packed.p != want->p)
		free(packed.p);
}

static void forms(void **state)
{
	struct bytes plain = image();

	(void)state;
	unpacks(plain, &plain);
	unpacks(gzip(plain.p, plain.n), &plain);
	unpacks(zboot(gzip(plain.p, plain.n), 0, false), &plain);
	unpacks(zboot(zstd(plain.p, plain.n), plain.n, true), &plain);
	unpacks(zboot(xz(plain.p, plain.n), plain.n, true), &plain);
	free(plain.p);
}

static void inspected(void **state)
{
	struct bytes plain = image();
	struct image_info i;
	struct err e;

	(void)state;
	assert_int_equal(image_inspect(&i, plain.p, plain.n, &e), 0);
	assert_int_equal(i.machine, EM_AARCH64);
	assert_true(i.loadable && !i.pvh);
	assert_string_equal(i.release, "7.3.4-arm");
	assert_ptr_equal(i.btf, plain.p + BTF_AT);
	assert_int_equal(i.btf_n, 524);
	set32(plain.p + BTF_AT + 24 + 400, 1); /* strings that do not begin with the empty one */
	assert_int_equal(image_inspect(&i, plain.p, plain.n, &e), 0);
	assert_int_equal(i.btf_n, 48);
	set32(plain.p + 0x800, 0);
	assert_int_equal(image_inspect(&i, plain.p, plain.n, &e), 0);
	assert_null(i.btf);
	free(plain.p);
}

static void refused(const char *what, const struct bytes *b, const char *text)
{
	struct err e = { 0 };
	void *out;
	size_t n;

	if (image_unpack(b->p, b->n, &out, &n, &e) == 0)
		fail_msg("%s: unpacked", what);
	assert_int_equal(e.code, X_BAD_KERNEL);
	if (!strstr(e.msg, text))
		fail_msg("%s: \"%s\" has no \"%s\"", what, e.msg, text);
}

static void lies(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint32_t value;
		const char *text;
	} cases[] = {
		{ "offset", 8, 0xfffffff0, "truncated" },
		{ "size", 12, 0xfffffff0, "truncated" },
		{ "no size", 12, 4, "truncated" },
		{ "machine", 132, 0x5064, "not a kernel for arm64" },
		{ "PE header", 60, 0xffffffff, "not a kernel for arm64" },
		{ "format", 256, 0, "an unknown way" },
	};
	struct bytes plain = image();

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct bytes b = zboot(zstd(plain.p, plain.n), plain.n, true);

		set32(b.p + cases[i].at, cases[i].value);
		refused(cases[i].what, &b, cases[i].text);
		free(b.p);
	}
	struct bytes b = zboot(zstd(plain.p, plain.n), plain.n + 1, true);

	refused("unpacked size", &b, "damaged zstd data");
	free(b.p);
	b = zboot(zstd(plain.p, plain.n), 0xffffffff, true);
	refused("too large", &b, "more than 1 GiB");
	free(b.p);
	b = gzip("text", 4);
	assert_null(image_arch(b.p, b.n));
	refused("text", &b, "not an arm64 Image");
	free(b.p);
	free(plain.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(inspected),
		cmocka_unit_test(lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
