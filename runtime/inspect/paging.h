/* paging.h: how a kernel of one architecture lays out its memory, and its page tables. */
#pragma once
#include <stdint.h>
struct err;
struct kmem;

struct paging {
	uint64_t image_first, image_end; /* the kernel's own image lies between */
	/* Resolves what translate() needs, from symbols and the guest's memory. */
	int (*find)(struct kmem *m, struct err *e);
	int (*translate)(const struct kmem *m, uint64_t va, uint64_t *pa, uint64_t *run, struct err *e);
};
extern const struct paging paging_x86_64, paging_aarch64;
