#include "vm/devtree.h"

#include <endian.h>
#include <inttypes.h>
#include <libfdt.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "vm/ram.h"
#include "vm/state.h"

enum {
	TREE_MAX = 2 << 20, /* of Linux (MAX_FDT_SIZE) */
	NODE_ROOM = 256,    /* a cache and what refers to it */
	LINE = 64,
	L2_BYTES = 1 << 20,
	L3_BYTES = 16 << 20,
};
#define BOOT_CODE 0x40000000ull /* where RAM begins */

size_t devtree_room(const struct topology *t)
{
	return NODE_ROOM * (2 + (size_t)t->llcs + 2 * (size_t)topology_cpus(t));
}

static int failed(int r, const char *what, struct err *e)
{
	return r < 0 ? err_set(e, X_VM, "the device tree of the guest: %s: %s", what, fdt_strerror(r)) : 0;
}

/* A cache below /cpus, known by phandle; next: the one behind it, 0 at the last level. */
static int add_cache(void *fdt, const char *name, uint32_t phandle, uint32_t next, struct err *e)
{
	unsigned level = next ? 2 : 3, bytes = next ? L2_BYTES : L3_BYTES;
	int at = fdt_add_subnode(fdt, fdt_path_offset(fdt, "/cpus"), name), r = at;

	if (r >= 0)
		r = fdt_setprop_string(fdt, at, "compatible", "cache");
	if (r >= 0)
		r = fdt_setprop_empty(fdt, at, "cache-unified");
	if (r >= 0)
		r = fdt_setprop_u32(fdt, at, "cache-level", level);
	if (r >= 0)
		r = fdt_setprop_u32(fdt, at, "cache-size", bytes);
	if (r >= 0)
		r = fdt_setprop_u32(fdt, at, "cache-line-size", LINE);
	if (r >= 0)
		r = fdt_setprop_u32(fdt, at, "cache-sets", bytes / LINE / 16);
	if (r >= 0 && next)
		r = fdt_setprop_u32(fdt, at, "next-level-cache", next);
	if (r >= 0)
		r = fdt_setprop_u32(fdt, at, "phandle", phandle);
	return failed(r, name, e);
}

/* QEMU numbers the nodes of CPUs as -smp does. */
static int set_cache(void *fdt, unsigned cpu, uint32_t cache, struct err *e)
{
	auto_free char *path = xasprintf("/cpus/cpu@%u", cpu);
	int r = fdt_path_offset(fdt, path);

	if (r >= 0)
		r = fdt_setprop_u32(fdt, r, "next-level-cache", cache);
	return failed(r, path, e);
}

/* What changes a tree trusts its offsets and lengths. Of trees before version 16, whose names are paths, libfdt's own check trusts
 * them too (fdt_check_full of 1.6.1); QEMU makes version 17. */
static int check(const void *fdt, size_t n)
{
	int r = fdt_check_header(fdt);

	if (r == 0 && fdt_version(fdt) < FDT_LAST_SUPPORTED_VERSION)
		r = -FDT_ERR_BADVERSION;
	return r < 0 ? r : fdt_check_full(fdt, n);
}

int devtree_add_caches(void *fdt, size_t n, const struct topology *t, struct err *e)
{
	uint32_t llc = 0, core = 0, phandle;
	unsigned cpus = topology_cpus(t);

	if (failed(check(fdt, n), "its structure", e) < 0 ||
	    failed(fdt_open_into(fdt, fdt, (int)n), "its header", e) < 0 ||
	    failed(fdt_find_max_phandle(fdt, &phandle), "its phandles", e) < 0)
		return -1;
	for (unsigned i = 0; i < cpus; i++) {
		if (i % (t->cores * t->threads) == 0) {
			auto_free char *name = xasprintf("l3-cache-%u", i / (t->cores * t->threads));

			llc = ++phandle;
			if (add_cache(fdt, name, llc, 0, e) < 0)
				return -1;
		}
		if (i % t->threads == 0) {
			auto_free char *name = xasprintf("l2-cache-%u", i / t->threads);

			core = ++phandle;
			if (add_cache(fdt, name, core, llc, e) < 0)
				return -1;
		}
		if (set_cache(fdt, i, core, e) < 0)
			return -1;
	}
	return 0;
}

/* QEMU begins with a few instructions of its own, the first of which loads the tree's address into x0, as Linux wants it
 * (Documentation/arch/arm64/booting.rst): LDR (literal), relative to itself, in words. */
static int find(struct vm *vm, uint64_t *at, struct err *e)
{
	uint32_t load;
	uint64_t v;

	if (vm_read_phys(vm, BOOT_CODE, &load, sizeof(load), e) < 0)
		return -1;
	load = le32toh(load);
	if ((load & 0xff80001f) != 0x58000000)
		return err_set(e, X_VM, "QEMU enters the guest in an unknown way (%#" PRIx32 ")", load);
	if (vm_read_phys(vm, BOOT_CODE + (load >> 5 & 0x3ffff) * 4, &v, sizeof(v), e) < 0)
		return -1;
	*at = le64toh(v);
	return 0;
}

/* Behind the tree lies nothing: kernel and initramfs are in front of it. */
int devtree_complete(struct vm *vm, struct err *e)
{
	auto_free uint8_t *fdt = xcalloc(1, TREE_MAX);
	struct fdt_header h;
	uint64_t at = 0;
	size_t n;

	if (find(vm, &at, e) < 0 || vm_read_phys(vm, at, &h, sizeof(h), e) < 0)
		return err_in(e, "the device tree of the guest");
	if (fdt_magic(&h) != FDT_MAGIC || fdt_totalsize(&h) < sizeof(h))
		return err_set(e, X_VM, "the guest has no device tree at %#" PRIx64, at);
	n = fdt_totalsize(&h) + devtree_room(&vm->m.topo);
	if (n > TREE_MAX)
		return err_set(e, X_VM, "the device tree of the guest is too large (%zu bytes)", n);
	if (vm_read_phys(vm, at, fdt, fdt_totalsize(&h), e) < 0 || devtree_add_caches(fdt, n, &vm->m.topo, e) < 0)
		return -1;
	if (failed(fdt_pack(fdt), "its end", e) < 0)
		return -1;
	return vm_write_phys(vm, at, fdt, fdt_totalsize(fdt), e);
}
