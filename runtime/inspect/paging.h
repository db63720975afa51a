/* paging.h: what memory.c shares with the architectures whose page tables it follows. */
#pragma once
#include "inspect/memory.h"
#include <stdbool.h>

/* How a kernel of one architecture lays out its memory. */
struct paging {
	uint64_t image_first, image_end; /* the kernel's own image lies between */
	/* Resolves what translate() needs, from symbols and the guest's memory. */
	int (*find)(struct kmem *m, struct err *e);
	int (*translate)(const struct kmem *m, uint64_t va, uint64_t *pa, uint64_t *run, struct err *e);
};
extern const struct paging paging_x86_64, paging_aarch64;

/* gpa can be RAM: there are holes below RAM, or in it. */
bool kmem_in_ram(const struct kmem *m, uint64_t gpa);
/* va lies in the kernel's image, and that in RAM. */
bool kmem_in_image(const struct kmem *m, uint64_t va);
int kmem_phys_u64(const struct kmem *m, uint64_t gpa, uint64_t *out, struct err *e);
