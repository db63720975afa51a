/* memory.h: reading a guest kernel's memory by virtual address, from outside, without believing it.
 *
 * Symbols come from HELLO ("sym name address" lines, text_va, text_pa), so KASLR may stay on. On x86_64 kernel-image
 * addresses are translated by the image's load address, direct-map addresses by page_offset_base, everything else by a page
 * walk from init_top_pgt (4 or 5 levels, 2 MiB and 1 GiB pages); on aarch64 all by a walk from swapper_pg_dir (pages of 4, 16
 * and 64 KiB, blocks, 36 to 52 bits). Nothing is cached between guests. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;
struct paging;

struct phys {
	/* Copies n bytes at a guest-physical address; 0 or negative. Never partial. */
	int (*read)(void *ctx, uint64_t gpa, void *buf, size_t n, struct err *e);
	void *ctx;
	uint64_t size; /* bytes of RAM, for plausibility */
};

struct symbol {
	char name[64];
	uint64_t va;
};

struct kmem {
	struct phys phys;
	const struct paging *paging;
	uint64_t text_va, text_pa; /* where the image begins, and where that lies */
	uint64_t page_offset;      /* x86_64 */
	uint64_t pgd_pa;
	int levels;                   /* of page tables */
	unsigned page_shift, va_bits; /* aarch64 */
	unsigned nr_cpus;             /* possible ones; 0: it did not say */
	struct symbol *sym;
	size_t n_sym;
};

/* Parses HELLO's lines ("machine" tells the architecture, x86_64 without it) and resolves paging. X_VM when something needed is missing or implausible. */
int kmem_open(struct kmem *m, const struct phys *p, const char *hello, size_t n, struct err *e);
void kmem_close(struct kmem *m);
#define auto_kmem __attribute__((unused, cleanup(kmem_close)))
/* 0 when unknown. */
uint64_t kmem_symbol(const struct kmem *m, const char *name);
/* Virtual to physical; the bytes up to the end of that page. */
int kmem_translate(const struct kmem *m, uint64_t va, uint64_t *pa, uint64_t *run, struct err *e);
int kmem_read(const struct kmem *m, uint64_t va, void *buf, size_t n, struct err *e);
int kmem_u64(const struct kmem *m, uint64_t va, uint64_t *out, struct err *e);
int kmem_u32(const struct kmem *m, uint64_t va, uint32_t *out, struct err *e);
