/* fake_guest.h: a guest's RAM, page tables, BPF programs and their tree, made up for tests and fuzzing. */
#pragma once
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/layout.h"
#include "inspect/memory.h"

#define FG_RAM ((size_t)16 << 20)
#define FG_TEXT_VA 0xffffffff9a000000ull
#define FG_TEXT_PA 0x200000ull
#define FG_PGD (FG_TEXT_PA + 0x10000)
#define FG_PAGE_OFFSET_BASE (FG_TEXT_PA + 0x20000)
#define FG_IDR (FG_TEXT_PA + 0x30000)
#define FG_FREE 0x400000ull
#define FG_BASE4 0xffff9c0000000000ull
#define FG_BASE5 0xff1a000000000000ull
#define FG_STRUCT_OPS 27u

enum { FG_PRESENT = 1, FG_LARGE = 1 << 7 };

struct fake_guest {
	uint8_t *ram;
	uint64_t next; /* free physical memory */
	uint64_t base; /* of the direct map */
	int levels;
};

static inline int fg_read(void *ctx, uint64_t gpa, void *buf, size_t n, struct err *e)
{
	const struct fake_guest *g = ctx;

	if (gpa > FG_RAM || n > FG_RAM - gpa)
		return err_set(e, X_VM, "no RAM at %#" PRIx64, gpa);
	memcpy(buf, g->ram + gpa, n);
	return 0;
}

static inline void fg_u64(struct fake_guest *g, uint64_t pa, uint64_t v)
{
	memcpy(g->ram + pa, &v, sizeof(v));
}

static inline void fg_u32(struct fake_guest *g, uint64_t pa, uint32_t v)
{
	memcpy(g->ram + pa, &v, sizeof(v));
}

static inline uint64_t fg_alloc(struct fake_guest *g, size_t n)
{
	uint64_t at = g->next;

	g->next += (n + 4095) & ~(size_t)4095;
	return at;
}

/* level: of the entry that holds the page: 1 (4 KiB), 2 (2 MiB), 3 (1 GiB), or more for entries no CPU takes. */
static inline void fg_map(struct fake_guest *g, uint64_t va, uint64_t pa, int level)
{
	uint64_t table = FG_PGD;

	for (int at = g->levels; at > level; at--) {
		uint64_t slot = table + ((va >> (12 + 9 * (at - 1))) & 511) * 8, entry;

		memcpy(&entry, g->ram + slot, sizeof(entry));
		if (!entry)
			fg_u64(g, slot, entry = fg_alloc(g, 4096) | FG_PRESENT);
		table = entry & 0x000ffffffffff000ull;
	}
	fg_u64(g, table + ((va >> (12 + 9 * (level - 1))) & 511) * 8, pa | FG_PRESENT | (level > 1 ? FG_LARGE : 0));
}

static inline void fg_open(struct fake_guest *g, int levels)
{
	*g = (struct fake_guest){
		.ram = xcalloc(1, FG_RAM),
		.next = FG_FREE,
		.base = levels == 5 ? FG_BASE5 : FG_BASE4,
		.levels = levels,
	};
	fg_map(g, FG_TEXT_VA, FG_TEXT_PA, 2);
	fg_u64(g, FG_PAGE_OFFSET_BASE, g->base);
}

static inline void fg_close(struct fake_guest *g)
{
	free(g->ram);
}

static inline struct phys fg_phys(struct fake_guest *g)
{
	return (struct phys){ .read = fg_read, .ctx = g, .size = FG_RAM };
}

static inline uint64_t fg_symbol(uint64_t pa)
{
	return pa - FG_TEXT_PA + FG_TEXT_VA;
}

static inline char *fg_hello(void)
{
	return xasprintf("version 1\nrelease 6.12.1\ntext_pa %" PRIx64 "\ntext_va %" PRIx64 "\n"
			 "sym page_offset_base %" PRIx64 "\nsym init_top_pgt %" PRIx64 "\nsym prog_idr %" PRIx64 "\n",
			 (uint64_t)FG_TEXT_PA, (uint64_t)FG_TEXT_VA, fg_symbol(FG_PAGE_OFFSET_BASE), fg_symbol(FG_PGD),
			 fg_symbol(FG_IDR));
}

static const struct layout fg_layout = {
	.idr_xa_head = { 8, 8 },
	.idr_next = { 20, 4 },
	.xa_slots = { 40, 512 },
	.xa_shift = { 0, 1 },
	.prog_type = { 4, 4 },
	.prog_aux = { 56, 8 },
	.prog_len = { 12, 4 },
	.prog_jited_len = { 16, 4 },
	.prog_stats = { 32, 8 },
	.aux_name = { 968, 16 },
	.aux_id = { 32, 4 },
	.aux_verified_insns = { 944, 4 },
	.aux_stack_depth = { 28, 4 },
	.aux_attach_btf_id = { 48, 4 },
	.aux_func_cnt = { 36, 4 },
	.aux_real_func_cnt = { 40, 4 },
	.aux_btf = { 56, 8 },
	.aux_func_info = { 64, 8 },
	.aux_func_info_cnt = { 72, 4 },
	.btf_types = { 8, 8 },
	.btf_strings = { 24, 8 },
	.btf_str_len = { 60, 4 },
	.btf_nr_types = { 72, 4 },
	.btf_base = { 104, 8 },
	.stats_cnt = { 0, 8 },
	.stats_nsecs = { 8, 8 },
	.struct_ops_type = FG_STRUCT_OPS,
	.has_scx = 1,
};

/* Physical address of a bpf_prog whose numbers follow from its id. */
static inline uint64_t fg_prog(struct fake_guest *g, uint32_t id, uint32_t type, const char *name)
{
	uint64_t prog = fg_alloc(g, 96), aux = fg_alloc(g, 1100);
	size_t len = strlen(name);

	fg_u32(g, prog + 4, type);
	fg_u32(g, prog + 12, id * 3);
	fg_u32(g, prog + 16, id * 5);
	fg_u64(g, prog + 56, g->base + aux);
	fg_u32(g, aux + 28, id + 64);
	fg_u32(g, aux + 32, id);
	fg_u32(g, aux + 944, id * 100);
	memcpy(g->ram + aux + 968, name, len < 16 ? len : 16);
	return prog;
}

/* Gives prog a BTF in which its main function has that name. Physical address of the struct btf. */
static inline uint64_t fg_btf(struct fake_guest *g, uint64_t prog, const char *name)
{
	uint64_t btf = fg_alloc(g, 128), info = fg_alloc(g, 16), types = fg_alloc(g, 32), type = fg_alloc(g, 16), aux;
	uint64_t strings = fg_alloc(g, 4096 + strlen(name));
	uint32_t off = 4090 - (uint32_t)strlen(name) % 4000; /* over the end of a page, mostly */

	memcpy(&aux, g->ram + prog + 56, sizeof(aux));
	aux -= g->base;
	fg_u64(g, aux + 56, g->base + btf);
	fg_u64(g, aux + 64, g->base + info);
	fg_u32(g, aux + 72, 1);
	fg_u32(g, info + 4, 3);
	fg_u64(g, btf + 8, g->base + types);
	fg_u64(g, btf + 24, g->base + strings);
	fg_u32(g, btf + 60, off + (uint32_t)strlen(name) + 1);
	fg_u32(g, btf + 72, 4);
	fg_u64(g, types + 24, g->base + type);
	fg_u32(g, type, off);
	fg_u32(g, type + 4, 12u << 24);
	memcpy(g->ram + strings + off, name, strlen(name) + 1);
	return btf;
}

static inline uint64_t fg_node(struct fake_guest *g, uint8_t shift)
{
	uint64_t node = fg_alloc(g, 576);

	g->ram[node] = shift;
	return node;
}

static inline uint64_t fg_node_entry(const struct fake_guest *g, uint64_t node)
{
	return g->base + node + 2;
}

static inline void fg_slot(struct fake_guest *g, uint64_t node, unsigned slot, uint64_t entry)
{
	fg_u64(g, node + 40 + 8ull * slot, entry);
}

/* Enters entry as id below a root of the given shift, making the nodes between. */
static inline void fg_enter(struct fake_guest *g, uint64_t root, uint32_t id, uint64_t entry)
{
	uint64_t node = root;

	for (uint8_t shift = g->ram[root]; shift; shift = (uint8_t)(shift - 6)) {
		unsigned slot = id >> shift & 63;
		uint64_t below;

		memcpy(&below, g->ram + node + 40 + 8ull * slot, sizeof(below));
		if (!below)
			fg_slot(g, node, slot, below = fg_node_entry(g, fg_node(g, (uint8_t)(shift - 6))));
		node = below - 2 - g->base;
	}
	fg_slot(g, node, id & 63, entry);
}

static inline void fg_idr(struct fake_guest *g, uint64_t head, uint32_t next)
{
	fg_u64(g, FG_IDR + 8, head);
	fg_u32(g, FG_IDR + 20, next);
}
