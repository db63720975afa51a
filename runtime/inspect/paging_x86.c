/* paging_x86.c: three ways from a virtual address to a physical one on x86_64, all of them arithmetic on numbers the guest
 * gave. */
#include "inspect/paging.h"

#include <inttypes.h>
#include <stdbool.h>

#include "base/err.h"
#include "inspect/kmem.h"

enum { PAGE = 4096, ENTRY_PRESENT = 1 << 0, ENTRY_LARGE = 1 << 7 };
#define IMAGE_FIRST 0xffffffff80000000ull
#define ENTRY_ADDRESS 0x000ffffffffff000ull
#define DEFAULT_PAGE_OFFSET 0xffff888000000000ull
#define LEVEL4_FIRST 0xffff800000000000ull /* kernel half with 4 levels; with 5 the direct map is below it */

/* The bits above those a walk uses must repeat the highest of them. */
static bool canonical(uint64_t va, int levels)
{
	int unused = 64 - (12 + 9 * levels);

	return (uint64_t)((int64_t)(va << unused) >> unused) == va;
}

static int walk(const struct kmem *m, uint64_t va, uint64_t *pa, uint64_t *run, struct err *e)
{
	uint64_t table = m->pgd_pa, entry, size;

	if (!canonical(va, m->levels))
		return err_set(e, X_VM, "guest address %#" PRIx64 " is not canonical", va);
	for (int level = m->levels; level >= 1; level--) {
		int shift = 12 + 9 * (level - 1);

		if (kmem_phys_u64(m, table + ((va >> shift) & 511) * 8, &entry, e) < 0)
			return err_in(e, "page table of guest address %#" PRIx64, va);
		if (!(entry & ENTRY_PRESENT))
			return err_set(e, X_VM, "guest address %#" PRIx64 " is not mapped", va);
		table = entry & ENTRY_ADDRESS;
		if (level > 1 && !(entry & ENTRY_LARGE))
			continue;
		if (level > 3)
			return err_set(e, X_VM, "guest address %#" PRIx64 ": a page at level %d", va, level);
		size = (uint64_t)1 << shift;
		/* Bit 12 of a large entry is a caching attribute, not an address bit. */
		*pa = (table & ~(size - 1)) | (va & (size - 1));
		*run = size - (va & (size - 1));
		return 0;
	}
	return err_set(e, X_VM, "guest has no page table"); /* levels are 4 or 5 */
}

static int translate(const struct kmem *m, uint64_t va, uint64_t *pa, uint64_t *run, struct err *e)
{
	uint64_t linear;

	if (kmem_in_image(m, va)) {
		linear = va - m->text_va + m->text_pa;
	} else {
		linear = va - m->page_offset;
		if (va < m->page_offset || !kmem_in_ram(m, linear))
			return walk(m, va, pa, run, e);
	}
	*pa = linear;
	*run = PAGE - va % PAGE;
	return 0;
}

static int page_offset_find(struct kmem *m, struct err *e)
{
	uint64_t at = kmem_symbol(m, "page_offset_base"), v;

	/* Without CONFIG_DYNAMIC_MEMORY_LAYOUT it is a constant and there is no such variable. */
	m->page_offset = DEFAULT_PAGE_OFFSET;
	if (!at)
		return 0;
	if (!kmem_in_image(m, at) || kmem_phys_u64(m, at - m->text_va + m->text_pa, &v, e) < 0)
		return err_set(e, X_VM, "the guest's page_offset_base at %#" PRIx64 " cannot be read", at);
	if (v % PAGE || !(v >> 63) || v >= IMAGE_FIRST)
		return err_set(e, X_VM, "the guest's direct map cannot be at %#" PRIx64, v);
	m->page_offset = v;
	return 0;
}

/* The kernel's text is at a place we know: the page table has to agree, and the number of levels is the one for which
 * it does. (__pgtable_l5_enabled would tell too, but newer kernels have no such variable.) */
static int paging_find(struct kmem *m, struct err *e)
{
	uint64_t pgd = kmem_symbol(m, "init_top_pgt"), pa, run;
	int guess = m->page_offset < LEVEL4_FIRST ? 5 : 4;

	if (!pgd)
		pgd = kmem_symbol(m, "swapper_pg_dir");
	if (!pgd)
		return err_set(e, X_VM, "the guest sent no init_top_pgt");
	if (!kmem_in_image(m, pgd) || pgd % PAGE)
		return err_set(e, X_VM, "the guest's page table cannot be at %#" PRIx64, pgd);
	m->pgd_pa = pgd - m->text_va + m->text_pa;
	m->levels = guess;
	if (walk(m, m->text_va, &pa, &run, e) == 0 && pa == m->text_pa)
		return 0;
	m->levels = 9 - guess;
	if (walk(m, m->text_va, &pa, &run, e) == 0 && pa == m->text_pa)
		return 0;
	return err_set(e, X_VM, "the guest's page table does not map its kernel (%#" PRIx64 ") to %#" PRIx64,
		       m->text_va, m->text_pa);
}

static int find(struct kmem *m, struct err *e)
{
	return page_offset_find(m, e) < 0 ? -1 : paging_find(m, e);
}

const struct paging paging_x86_64 = {
	.image_first = IMAGE_FIRST,
	.image_end = 0xffffffffc0000000ull, /* modules begin */
	.find = find,
	.translate = translate,
};
