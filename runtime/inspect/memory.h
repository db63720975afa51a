/* memory.h: reading a guest kernel's memory by virtual address, from outside, without believing it.
 *
 * Symbols come from HELLO ("sym name address" lines, text_va, text_pa), so KASLR may stay on. On x86_64 kernel-image
 * addresses are translated by the image's load address, direct-map addresses by page_offset_base, everything else by a page
 * walk from init_top_pgt (4 or 5 levels, 2 MiB and 1 GiB pages); on aarch64 all by a walk from swapper_pg_dir (pages of 4, 16
 * and 64 KiB, blocks, 36 to 52 bits). Nothing is cached between guests. */
#pragma once
#include "inspect/kmem.h"
#include <stddef.h>
#include <stdint.h>
struct err;

/* Parses HELLO's lines ("machine" tells the architecture, x86_64 without it) and resolves paging. X_VM when something needed is missing or implausible. */
int kmem_open(struct kmem *m, const struct phys *p, const char *hello, size_t n, struct err *e);
void kmem_close(struct kmem *m);
#define auto_kmem __attribute__((unused, cleanup(kmem_close)))
/* Virtual to physical; the bytes up to the end of that page. */
int kmem_translate(const struct kmem *m, uint64_t va, uint64_t *pa, uint64_t *run, struct err *e);
int kmem_read(const struct kmem *m, uint64_t va, void *buf, size_t n, struct err *e);
int kmem_u64(const struct kmem *m, uint64_t va, uint64_t *out, struct err *e);
int kmem_u32(const struct kmem *m, uint64_t va, uint32_t *out, struct err *e);
/* Where each possible CPU's own memory begins, of m->nr_cpus, for the caller to free; NULL when the guest does not say. */
uint64_t *kmem_own(const struct kmem *m);
