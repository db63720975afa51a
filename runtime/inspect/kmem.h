/* kmem.h: what is known of a guest kernel's memory before any page table is followed. */
#pragma once
#include <stdbool.h>
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

/* 0 when unknown. */
uint64_t kmem_symbol(const struct kmem *m, const char *name);
/* gpa can be RAM: there are holes below RAM, or in it. */
bool kmem_in_ram(const struct kmem *m, uint64_t gpa);
/* va lies in the kernel's image, and that in RAM. */
bool kmem_in_image(const struct kmem *m, uint64_t va);
int kmem_phys_u64(const struct kmem *m, uint64_t gpa, uint64_t *out, struct err *e);
