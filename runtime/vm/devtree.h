/* devtree.h: what QEMU leaves out of the device tree of a virt machine: caches.
 *
 * Without them Linux takes all CPUs for neighbours, whatever sockets and clusters there are. With them an LLC is an L3 cache
 * as on a PC; below it each core has an L2 cache, and its L1 caches are the processor's own. */
#pragma once
#include <stddef.h>
struct err;
struct topology;
struct vm;

/* Adds the caches to a flattened device tree in a buffer of n bytes, which has room for devtree_room() more than the tree.
 * X_VM: no tree, or not one with these CPUs. */
int devtree_add_caches(void *fdt, size_t n, const struct topology *t, struct err *e);
size_t devtree_room(const struct topology *t);
/* The same in the memory of a guest whose CPUs have not run yet. */
int devtree_complete(struct vm *vm, struct err *e);
