/* test_memory.c: addresses through the image, the direct map and page tables; guests that lie about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_guest.h"

static void open_guest(struct fake_guest *g, struct kmem *m, int levels)
{
	auto_free char *hello = fg_hello();
	struct phys p;
	struct err e = { 0 };

	fg_open(g, levels);
	p = fg_phys(g);
	if (kmem_open(m, &p, hello, strlen(hello), &e) < 0)
		fail_msg("%s", e.msg);
}

#define VMALLOC4 0xffffb00000000000ull
#define VMALLOC5 0xffa0000000000000ull
#define MODULES 0xffffffffc0100000ull

struct where {
	uint64_t va;
	int64_t pa; /* -1: an error with text in it */
	uint64_t run;
	const char *text;
};

static void check_where(const struct kmem *m, const struct where *w, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t pa = 1, run = 2;
		struct err e = { 0 };
		int r = kmem_translate(m, w[i].va, &pa, &run, &e);

		if (w[i].pa < 0) {
			assert_int_equal(r, -1);
			assert_int_equal(e.code, X_VM);
			if (!strstr(e.msg, w[i].text))
				fail_msg("%#" PRIx64 ": \"%s\" has no \"%s\"", w[i].va, e.msg, w[i].text);
			assert_int_equal(pa, 1);
			continue;
		}
		if (r < 0)
			fail_msg("%s", e.msg);
		assert_int_equal(pa, w[i].pa);
		assert_int_equal(run, w[i].run);
	}
}

static void test_translate4(void **state)
{
	static const struct where where[] = {
		{ FG_TEXT_VA, FG_TEXT_PA, 4096, NULL },
		{ FG_TEXT_VA + 0x1234, FG_TEXT_PA + 0x1234, 4096 - 0x234, NULL },
		{ FG_BASE4, 0, 4096, NULL },
		{ FG_BASE4 + FG_RAM - 8, FG_RAM - 8, 8, NULL },
		{ VMALLOC4 + 0x10, 0x5000 + 0x10, 4096 - 0x10, NULL },
		{ VMALLOC4 + 0x1010, 0x9000 + 0x10, 4096 - 0x10, NULL },
		{ VMALLOC4 + 0x2000, -1, 0, "0xffffb00000002000 is not mapped" },
		{ VMALLOC4 + 0x200000 + 0x12345, 0x400000 + 0x12345, 0x200000 - 0x12345, NULL },
		{ VMALLOC4 + (1ull << 30) + 0x123456, 0x123456, (1ull << 30) - 0x123456, NULL },
		{ VMALLOC4 + (1ull << 39), -1, 0, "a page at level 4" },
		{ VMALLOC4 + (2ull << 39), -1, 0, "no RAM at" },
		{ MODULES, 0x7000, 4096, NULL },
		{ 0x1000, -1, 0, "not mapped" },
		{ 0x0000800000000000ull, -1, 0, "not canonical" },
		{ 0xffff7fffffffffffull, -1, 0, "not canonical" },
		{ UINT64_MAX, -1, 0, "not mapped" },
	};
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };

	(void)state;
	open_guest(&g, &m, 4);
	assert_int_equal(m.levels, 4);
	assert_int_equal(m.page_offset, FG_BASE4);
	fg_map(&g, VMALLOC4, 0x5000, 1);
	fg_map(&g, VMALLOC4 + 0x1000, 0x9000, 1);
	fg_map(&g, VMALLOC4 + 0x200000, 0x400000 | 1 << 12, 2); /* with the PAT bit of large pages */
	fg_map(&g, VMALLOC4 + (1ull << 30), 0, 3);
	fg_map(&g, VMALLOC4 + (1ull << 39), 0, 4);
	fg_u64(&g, FG_PGD + ((VMALLOC4 + (2ull << 39)) >> 39 & 511) * 8, 0x000ffffffffff000ull | FG_PRESENT);
	fg_map(&g, MODULES, 0x7000, 1);
	check_where(&m, where, countof(where));
	fg_close(&g);
}

static void test_translate5(void **state)
{
	static const struct where where[] = {
		{ FG_TEXT_VA + 8, FG_TEXT_PA + 8, 4088, NULL },
		{ FG_BASE5 + 0x2001, 0x2001, 4095, NULL },
		{ VMALLOC5 + 4, 0x6004, 4092, NULL },
		{ VMALLOC5 + (1ull << 48), -1, 0, "a page at level 5" },
		{ 0x0100000000000000ull, -1, 0, "not canonical" },
		{ 0x0000800000000000ull, -1, 0, "not mapped" },
	};
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };

	(void)state;
	open_guest(&g, &m, 5);
	assert_int_equal(m.levels, 5);
	fg_map(&g, VMALLOC5, 0x6000, 1);
	fg_map(&g, VMALLOC5 + (1ull << 48), 0, 5);
	check_where(&m, where, countof(where));
	fg_close(&g);
}

static void test_read(void **state)
{
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };
	struct err e = { 0 };
	char text[12] = "";
	uint64_t v64 = 7;
	uint32_t v32;

	(void)state;
	open_guest(&g, &m, 4);
	fg_map(&g, VMALLOC4, 0x5000, 1);
	fg_map(&g, VMALLOC4 + 0x1000, 0x9000, 1);
	memcpy(g.ram + 0x5ffa, "across", 6);
	memcpy(g.ram + 0x9000, " pages", 6);
	assert_int_equal(kmem_read(&m, VMALLOC4 + 0xffa, text, sizeof(text), &e), 0);
	assert_memory_equal(text, "across pages", 12);
	fg_u64(&g, 0x3000, 0x1122334455667788);
	assert_int_equal(kmem_u64(&m, FG_BASE4 + 0x3000, &v64, &e), 0);
	assert_int_equal(v64, 0x1122334455667788);
	assert_int_equal(kmem_u32(&m, FG_BASE4 + 0x3004, &v32, &e), 0);
	assert_int_equal(v32, 0x11223344);
	assert_int_equal(kmem_u64(&m, VMALLOC4 + 0x1ffc, &v64, &e), -1);
	assert_int_equal(v64, 0x1122334455667788);
	assert_non_null(strstr(e.msg, "0xffffb00000002000"));
	assert_int_equal(kmem_u64(&m, FG_BASE4 + FG_RAM - 4, &v64, &e), -1);
	assert_int_equal(kmem_u64(&m, UINT64_MAX - 3, &v64, &e), -1);
	assert_non_null(strstr(e.msg, "wrap"));
	fg_close(&g);
}

/* A page table that is its own next level: the depth of a walk is the number of levels, whatever it says. */
static void test_loop(void **state)
{
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };
	struct err e = { 0 };
	uint64_t pa, run, i300 = 300, va = UINT64_MAX << 47;

	(void)state;
	va |= i300 << 39 | i300 << 30 | i300 << 21 | i300 << 12 | 0x123;
	open_guest(&g, &m, 4);
	for (int i = 256; i < 500; i++)
		fg_u64(&g, FG_PGD + 8ull * (unsigned)i, FG_PGD | FG_PRESENT);
	assert_int_equal(kmem_translate(&m, va, &pa, &run, &e), 0);
	assert_int_equal(pa, FG_PGD + 0x123);
	fg_close(&g);
}

/* ---- aarch64 */

#define ARM_BASE 0x40000000ull /* of RAM */
#define ARM_TEXT_PA 0x40200000ull
#define ARM_TEXT_VA 0xffff9f0012400000ull
#define ARM_PGD_OFFSET 0x20000ull
#define ARM_RAM ((size_t)4 << 20)

struct arm_guest {
	uint8_t *ram;
	uint64_t next;
	unsigned page, va; /* as kmem has them */
};

static int arm_read(void *ctx, uint64_t gpa, void *buf, size_t n, struct err *e)
{
	const struct arm_guest *g = ctx;

	if (gpa < ARM_BASE || gpa - ARM_BASE > ARM_RAM || n > ARM_RAM - (gpa - ARM_BASE))
		return err_set(e, X_VM, "no RAM at %#" PRIx64, gpa);
	memcpy(buf, g->ram + (gpa - ARM_BASE), n);
	return 0;
}

/* By the book, apart from the code under test: index and shift of each level from the numbers of the granule.
 * level: of the entry that holds the page, counted from the last one, 1. type: 3 there, 1 of a block. */
static void arm_map(struct arm_guest *g, uint64_t va, uint64_t pa, unsigned level, unsigned type)
{
	unsigned step = g->page - 3, levels = (g->va - g->page + step - 1) / step;
	uint64_t table = ARM_TEXT_PA + ARM_PGD_OFFSET;

	for (unsigned at = levels;; at--) {
		unsigned low = g->page + (at - 1) * step, high = at == levels ? g->va : low + step;
		uint64_t slot = table + (va << (64 - high) >> (64 - high + low)) * 8, entry;

		memcpy(&entry, g->ram + (slot - ARM_BASE), 8);
		if (at == level) {
			entry = pa | 0x0060000000000f00ull | type; /* UXN, PXN, nG, AF, SH */
			memcpy(g->ram + (slot - ARM_BASE), &entry, 8);
			return;
		}
		if (!entry) {
			g->next = (g->next + (1ull << g->page) - 1) & ~((1ull << g->page) - 1);
			entry = g->next | 3;
			memcpy(g->ram + (slot - ARM_BASE), &entry, 8);
			g->next += 1ull << g->page;
		}
		table = entry & 0x0000fffffffff000ull;
	}
}

static char *arm_hello(uint64_t code_pa)
{
	return xasprintf("machine aarch64\ntext_pa %" PRIx64 "\ntext_va %" PRIx64 "\nsym _text %" PRIx64
			 "\nsym _stext %" PRIx64 "\nsym swapper_pg_dir %" PRIx64 "\n",
			 code_pa, (uint64_t)ARM_TEXT_VA, (uint64_t)ARM_TEXT_VA, (uint64_t)(ARM_TEXT_VA + 0x10000),
			 (uint64_t)(ARM_TEXT_VA + ARM_PGD_OFFSET));
}

static void arm_open(struct arm_guest *g, unsigned page, unsigned va)
{
	*g = (struct arm_guest){ .ram = xcalloc(1, ARM_RAM), .next = ARM_BASE + 0x280000, .page = page, .va = va };
	/* What lies before _stext is not mapped. */
	for (uint64_t at = 0x10000; at < 0x30000; at += 1ull << page)
		arm_map(g, ARM_TEXT_VA + at, ARM_TEXT_PA + at, 1, 3);
}

/* Addresses of the linear map and of vmalloc have all upper bits up to the sign of va_bits. */
static void arm_case(unsigned page, unsigned va, bool from_stext)
{
	uint64_t linear = UINT64_MAX << (va - 1), size = 1ull << page;
	uint64_t block = 1ull << (page + page - 3);
	auto_free char *hello = arm_hello(ARM_TEXT_PA + (from_stext ? 0x10000 : 0));
	const struct where where[] = {
		{ ARM_TEXT_VA + 0x10008, ARM_TEXT_PA + 0x10008, size - 8, NULL },
		{ linear + block + 0x1234, ARM_BASE + 0x1234, block - 0x1234, NULL },
		{ linear + 2 * block + 5 * size + 8, ARM_BASE + size + 8, size - 8, NULL },
		{ linear + 2 * block + 6 * size, -1, 0, "not mapped" },
		{ linear + 2 * block + 7 * size, -1, 0, "not mapped" },
		{ 0x1000, -1, 0, "not canonical" },
	};
	auto_kmem struct kmem m = { 0 };
	struct arm_guest g;
	struct err e = { 0 };

	arm_open(&g, page, va);
	arm_map(&g, linear + block, ARM_BASE, 2, 1);
	arm_map(&g, linear + 2 * block + 5 * size, ARM_BASE + size, 1, 3);
	arm_map(&g, linear + 2 * block + 7 * size, ARM_BASE, 1, 1); /* reserved */
	struct phys p = { .read = arm_read, .ctx = &g, .size = ARM_RAM };

	if (kmem_open(&m, &p, hello, strlen(hello), &e) < 0)
		fail_msg("%u, %u: %s", page, va, e.msg);
	assert_int_equal(m.page_shift, page);
	assert_int_equal(m.va_bits, va);
	check_where(&m, where, countof(where));
	free(g.ram);
}

static void test_arm(void **state)
{
	(void)state;
	arm_case(12, 48, false);
	arm_case(12, 48, true);
	arm_case(12, 52, false);
	arm_case(14, 47, false);
	arm_case(14, 48, true);
	arm_case(14, 52, false);
	arm_case(16, 48, false);
	arm_case(16, 52, true);
}

/* Which addresses there are is found out, not believed. */
static void test_arm_refused(void **state)
{
	static const struct {
		const char *hello, *text;
	} cases[] = {
		{ "machine riscv64\n", "an unknown machine" },
		{ "machine aarch64\ntext_va ffff9f0012400000\ntext_pa 40200000\n", "no swapper_pg_dir" },
		{ "machine aarch64\ntext_va 9f0012400000\ntext_pa 40200000\n", "cannot be at 0x9f0012400000" },
		{ "machine aarch64\ntext_va ffff9f0012400000\ntext_pa 40200000\nsym swapper_pg_dir ffff8f0012400000\n",
		  "page table cannot be at" },
		{ "machine aarch64\ntext_va ffff9f0012400000\ntext_pa 40200000\nsym swapper_pg_dir ffff9f0012420000\n"
		  "sym _text ffff9f0012400000\nsym _stext ffff9f0012408000\n",
		  "does not map its kernel" },
		{ "machine aarch64\ntext_va ffff9f0012400000\ntext_pa 40200000\nsym swapper_pg_dir ffff9f0012420000\n",
		  "does not map its kernel" },
	};
	struct arm_guest g;

	(void)state;
	arm_open(&g, 12, 48);
	struct phys p = { .read = arm_read, .ctx = &g, .size = ARM_RAM };

	for (size_t i = 0; i < countof(cases); i++) {
		struct kmem m;
		struct err e = { 0 };

		assert_int_equal(kmem_open(&m, &p, cases[i].hello, strlen(cases[i].hello), &e), -1);
		assert_int_equal(e.code, X_VM);
		if (!strstr(e.msg, cases[i].text))
			fail_msg("%s", e.msg);
	}
	free(g.ram);
}

#define VA "text_va ffffffff9a000000\n"
#define PA "text_pa 200000\n"
#define PGD "sym init_top_pgt ffffffff9a010000\n"
#define BASE "sym page_offset_base ffffffff9a020000\n"

static void test_hello(void **state)
{
	static const struct {
		const char *hello, *text; /* NULL: fine */
	} cases[] = {
		{ VA PA PGD BASE, NULL },
		{ "version 1\nnoise\n\n" VA "text_pa 0x200000\n" PGD BASE "sym last ffffffff9a000000", NULL },
		{ "sym _text ffffffff9a000000\n" PA PGD BASE, NULL },
		{ VA PA "sym swapper_pg_dir ffffffff9a010000\n" BASE, NULL },
		{ VA PA "sym init_top_pgt 0\n" PGD BASE, NULL },
		{ VA PA PGD, NULL },
		{ "", "cannot be at 0" },
		{ PA PGD BASE, "cannot be at 0" },
		{ VA PGD BASE, "cannot be loaded at 0" },
		{ VA "text_pa 200800\n" PGD BASE, "cannot be loaded at 0x200800" },
		{ VA "text_pa 7fffff00000000\n" PGD BASE, "cannot be loaded" },
		{ "text_va ffffffffc0000000\n" PA PGD BASE, "cannot be at 0xffffffffc0000000" },
		{ "text_va 12345678901234567\n" PA PGD BASE, "text_va that is no address" },
		{ "text_va\n" PA PGD BASE, "text_va that is no address" },
		{ VA PA BASE, "no init_top_pgt" },
		{ VA PA BASE "sym init_top_pgt ffff888000001000\n", "page table cannot be at" },
		{ VA PA BASE "sym init_top_pgt ffffffff9a010008\n", "page table cannot be at" },
		{ VA PA BASE "sym init_top_pgt ffffffff9a011000\n", "does not map its kernel" },
		{ VA "text_pa 400000\n" PGD, "does not map its kernel" },
		{ VA PA PGD "sym page_offset_base ffffffffb0000000\n", "page_offset_base at 0xffffffffb0000000" },
		{ VA PA PGD "sym page_offset_base 1000\n", "page_offset_base at 0x1000" },
		{ VA PA PGD "sym page_offset_base ffffffff9a000000\n", "direct map cannot be at 0" },
		{ VA PA PGD BASE "sym lonely\n", "symbol that is none" },
		{ VA PA PGD BASE "sym x zz\n", "symbol that is none" },
		{ VA PA PGD BASE "sym "
				 "a234567890123456789012345678901234567890123456789012345678901234 1\n",
		  "symbol that is none" },
	};
	struct fake_guest g;
	struct phys p;

	(void)state;
	fg_open(&g, 4);
	p = fg_phys(&g);
	for (size_t i = 0; i < countof(cases); i++) {
		struct kmem m;
		struct err e = { 0 };
		int r = kmem_open(&m, &p, cases[i].hello, strlen(cases[i].hello), &e);

		if (!cases[i].text && r < 0)
			fail_msg("case %zu: %s", i, e.msg);
		if (cases[i].text && (r == 0 || e.code != X_VM || !strstr(e.msg, cases[i].text)))
			fail_msg("case %zu: %d \"%s\", not \"%s\"", i, r, e.msg, cases[i].text);
		if (r == 0)
			kmem_close(&m);
		else
			assert_null(m.sym);
	}
	fg_close(&g);
}

static void test_symbols(void **state)
{
	auto_free char *hello = NULL;
	struct fake_guest g;
	struct kmem m;
	struct phys p;
	struct err e = { 0 };
	size_t n;
	FILE *f = xmemstream(&hello, &n);

	(void)state;
	fprintf(f, VA PA PGD BASE "sym twice 10\nsym twice 20\n");
	fclose(f);
	fg_open(&g, 4);
	p = fg_phys(&g);
	assert_int_equal(kmem_open(&m, &p, hello, n, &e), 0);
	assert_int_equal(kmem_symbol(&m, "twice"), 0x10);
	assert_int_equal(kmem_symbol(&m, "never"), 0);
	kmem_close(&m);
	kmem_close(&m);

	free(hello);
	f = xmemstream(&hello, &n);
	for (int i = 0; i < 4097; i++)
		fprintf(f, "sym s%d 10\n", i);
	fclose(f);
	assert_int_equal(kmem_open(&m, &p, hello, n, &e), -1);
	assert_non_null(strstr(e.msg, "more than 4096 symbols"));
	fg_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_translate4), cmocka_unit_test(test_translate5),  cmocka_unit_test(test_read),
		cmocka_unit_test(test_loop),       cmocka_unit_test(test_hello),       cmocka_unit_test(test_symbols),
		cmocka_unit_test(test_arm),        cmocka_unit_test(test_arm_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
