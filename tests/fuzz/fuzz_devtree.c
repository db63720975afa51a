/* fuzz_devtree.c: any bytes as the device tree that QEMU has left in a guest's memory. */
#include "fuzz.h"

#include <libfdt.h>

#include "topology/topology.h"
#include "vm/devtree.h"

static const struct topology topo = { .nodes = 1, .llcs = 2, .cores = 1, .threads = 2 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char fdt[4096];
	int cpus;

	(void)argc, (void)argv;
	MUST(fdt_create_empty_tree(fdt, sizeof(fdt)) == 0 && (cpus = fdt_add_subnode(fdt, 0, "cpus")) >= 0);
	for (unsigned i = topology_cpus(&topo); i-- > 0;) {
		auto_free char *name = xasprintf("cpu@%u", i);
		int at = fdt_add_subnode(fdt, cpus, name);

		MUST(at >= 0 && fdt_setprop_u32(fdt, at, "phandle", 0x8000 + i) == 0);
	}
	MUST(fdt_pack(fdt) == 0);
	fuzz_seed("tree", fdt, fdt_totalsize(fdt));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	size_t size = n + devtree_room(&topo);
	auto_free char *fdt = xcalloc(1, size);
	struct err e = { 0 };

	memcpy(fdt, data, n);
	if (devtree_add_caches(fdt, size, &topo, &e) < 0)
		must_say_why(&e);
	else
		MUST(fdt_totalsize(fdt) <= size && fdt_check_full(fdt, size) == 0);
	return 0;
}
