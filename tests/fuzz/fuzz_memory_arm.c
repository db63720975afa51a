/* fuzz_memory_arm.c: page tables of an arm64 guest as the fuzzer likes them.
 *
 * A guest of 1 MiB whose tables map its text, with 4 KiB pages and 48 bits. The input: 8 bytes, the address to look up; then
 * changes to the tables, 2 bytes where (in units of 8 bytes), 8 what. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/memory.h"

enum { RAM = 1 << 20, PGD = 0x20000, TABLES = 0x40000, CHANGES = 64 };
#define BASE 0x40000000ull
#define TEXT 0xffff800080000000ull

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static uint8_t ram[RAM];

static int read_ram(void *ctx, uint64_t gpa, void *buf, size_t n, struct err *e)
{
	(void)ctx;
	if (gpa < BASE || gpa - BASE > RAM || n > RAM - (gpa - BASE))
		return err_set(e, X_VM, "no RAM there");
	memcpy(buf, ram + (gpa - BASE), n);
	return 0;
}

static void set(uint64_t at, uint64_t v)
{
	memcpy(ram + at, &v, sizeof(v));
}

/* A block of 2 MiB at the third of four levels. */
static void guest_make(void)
{
	memset(ram, 0, sizeof(ram));
	set(PGD + (TEXT >> 39 & 511) * 8, (BASE + TABLES) | 3);
	set(TABLES + (TEXT >> 30 & 511) * 8, (BASE + TABLES + 4096) | 3);
	set(TABLES + 4096 + (TEXT >> 21 & 511) * 8, BASE | 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char hello[] = "machine aarch64\ntext_pa 40000000\ntext_va ffff800080000000\n"
				    "sym _text ffff800080000000\nsym _stext ffff800080010000\n"
				    "sym swapper_pg_dir ffff800080020000\n";
	const struct phys p = { .read = read_ram, .size = RAM };
	auto_kmem struct kmem m = { 0 };
	uint64_t va, pa, run, v;
	struct err e;

	if (n < 8)
		return 0;
	guest_make();
	memcpy(&va, data, 8);
	data += 8, n -= 8;
	for (size_t i = 0; i < CHANGES && n >= 10; i++, data += 10, n -= 10)
		memcpy(ram + PGD + (data[0] | (size_t)data[1] << 8) * 8 % (RAM - PGD), data + 2, 8);
	if (kmem_open(&m, &p, hello, sizeof(hello) - 1, &e) < 0)
		return 0;
	if (kmem_translate(&m, va, &pa, &run, &e) == 0 && (!run || run > 1ull << 42 || (pa + run) % 4096))
		abort();
	(void)kmem_u64(&m, va, &v, &e);
	return 0;
}
