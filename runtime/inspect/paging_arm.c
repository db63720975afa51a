/* paging_arm.c: page tables of arm64 (Arm ARM, VMSAv8-64): granules of 4, 16 and 64 KiB.
 *
 * Nothing but the walk is needed: the linear map is in the tables as well, so where it begins (which depends on
 * CONFIG_ARM64_VA_BITS, on what the processor can do, and on KASLR) need not be known. Which granule and how many bits an
 * address has is no variable of the kernel, but the tables have to map its text to where it lies, and do so for one only.
 * Output addresses past 48 bits do not occur: RAM of a guest ends far below. */
#include <inttypes.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/kmem.h"
#include "inspect/paging.h"

enum { VALID = 1, TABLE = 2, TEXT_ALIGN = 4096 };
#define ENTRY_ADDRESS 0x0000fffffffff000ull

/* Page size as a shift, and bits of an address: all that arch/arm64/Kconfig has, the usual ones first. A kernel for 52 bits
 * has as many only on a processor that can. */
static const struct {
	unsigned char page, va;
} layouts[] = {
	{ 12, 48 }, { 12, 52 }, { 12, 39 }, { 16, 52 }, { 16, 48 },
	{ 16, 42 }, { 14, 47 }, { 14, 48 }, { 14, 52 }, { 14, 36 },
};

static int walk(const struct kmem *m, uint64_t va, uint64_t *pa, uint64_t *run, struct err *e)
{
	unsigned per_level = m->page_shift - 3;
	uint64_t table = m->pgd_pa, entry, size;

	if (va >> m->va_bits != UINT64_MAX >> m->va_bits)
		return err_set(e, X_VM, "guest address %#" PRIx64 " is not canonical", va);
	for (int level = m->levels; level >= 1; level--) {
		unsigned shift = m->page_shift + per_level * (unsigned)(level - 1);
		unsigned width = level == m->levels ? m->va_bits - shift : per_level;

		if (kmem_phys_u64(m, table + (va >> shift & ((1u << width) - 1)) * 8, &entry, e) < 0)
			return err_in(e, "page table of guest address %#" PRIx64, va);
		/* At the last level the bit of a table says that it is a page, and without it the entry is reserved. */
		if (!(entry & VALID) || (level == 1 && !(entry & TABLE)))
			return err_set(e, X_VM, "guest address %#" PRIx64 " is not mapped", va);
		table = entry & ENTRY_ADDRESS & ~((1ull << m->page_shift) - 1);
		if (level > 1 && (entry & TABLE))
			continue;
		if (level > 3)
			return err_set(e, X_VM, "guest address %#" PRIx64 ": a page at level %d", va, level);
		size = 1ull << shift;
		*pa = (table & ~(size - 1)) | (va & (size - 1));
		*run = size - (va & (size - 1));
		return 0;
	}
	return err_set(e, X_VM, "guest has no page table"); /* no layout has that few bits */
}

/* Whether the tables map what follows start in the image to what follows its physical address. */
static bool try_start(struct kmem *m, uint64_t start, uint64_t pgd, uint64_t text)
{
	uint64_t pa, run;
	struct err ignored;

	m->pgd_pa = pgd - start + m->text_pa;
	for (size_t i = 0; i < countof(layouts); i++) {
		unsigned per_level = layouts[i].page - 3u, bits = (unsigned)layouts[i].va - layouts[i].page;

		m->page_shift = layouts[i].page;
		m->va_bits = layouts[i].va;
		m->levels = (int)((bits + per_level - 1) / per_level);
		if (walk(m, text, &pa, &run, &ignored) == 0 && pa == text - start + m->text_pa)
			return true;
	}
	return false;
}

static int find(struct kmem *m, struct err *e)
{
	/* What the image's first physical address is that of. The kernel's own mapping begins at the second. */
	static const char *const starts[] = { "_text", "_stext" };
	uint64_t pgd = kmem_symbol(m, "swapper_pg_dir"), text = kmem_symbol(m, "_stext");

	if (!pgd)
		return err_set(e, X_VM, "the guest sent no swapper_pg_dir");
	if (!kmem_in_image(m, pgd) || pgd % TEXT_ALIGN)
		return err_set(e, X_VM, "the guest's page table cannot be at %#" PRIx64, pgd);
	for (size_t i = 0; i < countof(starts); i++) {
		uint64_t start = kmem_symbol(m, starts[i]);

		if (start >= m->text_va && start <= pgd && try_start(m, start, pgd, text))
			return 0;
	}
	return err_set(e, X_VM, "the guest's page table does not map its kernel (%#" PRIx64 ") to %#" PRIx64,
		       m->text_va, m->text_pa);
}

/* The image lies above the linear map, which has the lower half of the kernel's addresses or more. */
const struct paging paging_aarch64 = {
	.image_first = 0xffff800000000000ull,
	.image_end = 0xfffffffffe000000ull,
	.find = find,
	.translate = walk,
};
