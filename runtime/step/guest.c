#include "step/guest.h"
#include "base/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/mem.h"
#include "step/step.h"
#include "store/recipe.h"
#include "store/store.h"

static int plan_machine(struct guest_opts *g, struct err *e)
{
	auto_free char *mmio = NULL;
	struct accel_probe probe;
	struct topology topo;
	enum accel accel;

	if (!g->boot || !g->initrd)
		return err_set(e, X_USAGE, "--boot and --initrd are required");
	if (topology_parse(&topo, g->topology ? g->topology : "1,1,1,1", e) < 0 ||
	    accel_cached(&probe, step_store()->path, e) < 0 ||
	    accel_choose(&accel, g->accel ? g->accel : "auto", &probe, e) < 0 ||
	    facts_file(g->boot, "facts", "virtio_mmio", &mmio, e) < 0)
		return -1;
	if (!g->memory_mb)
		g->memory_mb = topology_memory_mb(&topo) ? topology_memory_mb(&topo) : 1024;
	machine_plan(&g->machine, &topo, (unsigned)g->memory_mb, accel, probe.tsc_khz, !strcmp(mmio, "yes"));
	return machine_check(&g->machine, e);
}

void guest_kernel(struct guest_opts *g)
{
	free(g->kernel);
	g->kernel = xasprintf("%s/kernel", g->boot);
}

int guest_recipe(struct guest_opts *g, struct recipe *r, struct hashes *h, struct err *e)
{
	static const char *const qemu[] = { "qemu-system-x86_64", "--version", NULL };
	const struct machine_wires wires = { .kernel = "kernel", .initrd = "initrd" };
	auto_argv struct argv a = { 0 };

	if (plan_machine(g, e) < 0)
		return -1;
	if (recipe_tool(r, "qemu", qemu, e) < 0)
		return err_as(e, e->code == X_NO_TOOL ? X_NO_QEMU : e->code,
			      "QEMU is needed (on Debian: apt-get install qemu-system-x86)");
	machine_args(&a, &g->machine, &wires, NULL);
	auto_free char *args = argv_quote((const char *const *)a.v);

	guest_kernel(g);
	recipe_str(r, "machine", args);
	if (recipe_file(r, "kernel", g->kernel, h, e) < 0)
		return -1;
	return recipe_file(r, "initrd", g->initrd, h, e);
}
