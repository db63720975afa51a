/* fuzz_progs.c: a guest whose memory is what the fuzzer likes.
 *
 * clang -g -O1 -fsanitize=fuzzer,address,undefined -D_GNU_SOURCE -Iruntime tests/fuzz/fuzz_progs.c \
 *	runtime/inspect/memory.c runtime/inspect/progs.c runtime/base/err.c runtime/base/mem.c
 *
 * The input is a list of changes to the RAM of a small sane guest: 3 bytes of address (in units of 4 bytes), 8 of content;
 * or, when it begins with a letter, HELLO's text for that guest. */
#include "../unit/fake_guest.h"
#include "inspect/progs.h"

enum { CHANGES = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct fake_guest guest;
static uint64_t used;

static void guest_make(void)
{
	static const uint32_t ids[] = { 1, 2, 63, 64, 4095 };
	uint64_t root;

	fg_open(&guest, 4);
	root = fg_node(&guest, 6);
	for (size_t i = 0; i < countof(ids); i++) {
		uint64_t prog = fg_prog(&guest, ids[i], i % 2 ? 26 : FG_STRUCT_OPS, "program_name_of");
		fg_btf(&guest, prog, "program_name_of_more_than_fifteen");
		uint64_t va = 0xffffb00000000000ull + ids[i] * 4096ull;

		fg_map(&guest, va, prog, 1);
		fg_enter(&guest, root, ids[i], i % 3 ? va : guest.base + prog);
	}
	fg_idr(&guest, fg_node_entry(&guest, root), 4096);
	used = guest.next;
}

static void walk(const char *hello, size_t n)
{
	struct phys p = fg_phys(&guest);
	auto_progs struct progs progs = { 0 };
	auto_kmem struct kmem m = { 0 };
	struct err e;

	if (kmem_open(&m, &p, hello, n, &e) < 0 || progs_read(&progs, &m, &fg_layout, &e) < 0)
		return;
	for (size_t i = 0; i < progs.n; i++)
		if (strlen(progs.v[i].name) >= PROG_NAME_MAX || strlen(progs.v[i].short_name) > 16 ||
		    !prog_names_fit(progs.v[i].name, progs.v[i].short_name) ||
		    (i && progs.v[i].id <= progs.v[i - 1].id))
			abort();
}

/* Where the next change goes: what means something begins with a page, and ends within OBJECT bytes but for strings. */
static uint64_t address(const uint8_t *p)
{
	enum { PAGE = 4096, OBJECT = 1104 };
	static const uint64_t hot[] = { FG_PGD, FG_PAGE_OFFSET_BASE, FG_IDR };
	uint64_t at = (p[0] | (uint64_t)p[1] << 8) * 4;

	if (p[2] < countof(hot))
		return hot[p[2]] + at % PAGE;
	return FG_FREE + (p[2] - countof(hot)) % ((used - FG_FREE) / PAGE) * PAGE + at % (at & 4 ? OBJECT : PAGE - 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *hello = fg_hello();
	uint64_t undo[CHANGES][2];
	size_t changes = 0;

	if (!guest.ram)
		guest_make();
	if (n && data[0] >= 'a' && data[0] <= 'z') {
		walk((const char *)data, n);
		return 0;
	}
	for (; n >= 11 && changes < CHANGES; data += 11, n -= 11, changes++) {
		undo[changes][0] = address(data);
		memcpy(&undo[changes][1], guest.ram + undo[changes][0], 8);
		memcpy(guest.ram + undo[changes][0], data + 3, 8);
	}
	walk(hello, strlen(hello));
	while (changes--)
		memcpy(guest.ram + undo[changes][0], &undo[changes][1], 8);
	return 0;
}
