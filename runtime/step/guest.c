#include "step/guest.h"
#include "arch/arch.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "guest/initramfs.h"
#include "host/needs.h"
#include "step/step.h"
#include "process/spawn.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include "store/store.h"
#include "vm/admit.h"
#include <sys/stat.h>

/* What the bootable step found out. */
static int kernel_facts(const struct guest_opts *g, const struct arch **arch, bool *mmio, struct err *e)
{
	auto_free char *name = NULL, *built_in = NULL;

	if (facts_file(g->boot, "facts", "arch", &name, e) < 0 ||
	    facts_file(g->boot, "facts", "virtio_mmio", &built_in, e) < 0)
		return -1;
	*mmio = !strcmp(built_in, "yes");
	*arch = arch_by_name(name);
	return *arch ? 0 : err_set(e, X_BAD_KERNEL, "guests cannot have a processor of kind \"%s\"", name);
}

/* Virtual time is QEMU's emulation; only who asks for KVM by name is told that it has none. */
static const char *which_accel(const struct guest_opts *g)
{
	bool virtual = g->clock && !strcmp(g->clock, "virtual");

	if (!g->accel || (virtual && !strcmp(g->accel, "auto")))
		return virtual ? accel_name(ACCEL_TCG) : "auto";
	return g->accel;
}

static int plan_machine(struct guest_opts *g, struct err *e)
{
	const struct arch *arch;
	struct accel_probe probe;
	struct topology topo;
	enum accel accel;
	bool mmio;

	if (!g->boot || !g->initrd)
		return err_set(e, X_USAGE, "--boot and --initrd are required");
	if (topology_parse(&topo, g->topology ? g->topology : "1,1,1,1", e) < 0 ||
	    kernel_facts(g, &arch, &mmio, e) < 0 || accel_cached(&probe, step_store()->path, e) < 0 ||
	    accel_choose(&accel, arch, which_accel(g), &probe, e) < 0)
		return -1;
	if (!g->memory_mb)
		g->memory_mb = topology_memory_mb(&topo) ? topology_memory_mb(&topo) : 1024;
	machine_plan(&g->machine, arch, &topo, (unsigned)g->memory_mb, accel, probe.tsc_khz, mmio);
	g->machine.perf = g->perf_mode;
	struct clock clock;

	if (clock_choose(&clock, g->clock, g->shift, CLOCK_UNSAID, topology_cpus(&topo), e) < 0 ||
	    machine_set_clock(&g->machine, &clock, e) < 0)
		return -1;
	if (machine_boot(&g->machine, g->sysctls.v, g->sysctls.n, g->kargs.v, g->kargs.n, e) < 0)
		return -1;
	if (accel == ACCEL_KVM) {
		auto_free char *cpu = accel_host_cpu();

		snprintf(g->machine.host_cpu, sizeof(g->machine.host_cpu), "%s", cpu);
	}
	return 0;
}

void guest_kernel(struct guest_opts *g)
{
	free(g->kernel);
	g->kernel = xasprintf("%s/kernel", g->boot);
}

char *guest_initrd(const char *boot, const char *initrd, struct err *e)
{
	auto_free char *config = xasprintf("%s/config.cpio", boot);
	struct stat st;
	int fd;

	if (stat(config, &st) < 0) {
		err_sys(e, "%s", config);
		return NULL;
	}
	if (!st.st_size)
		return xstrdup(initrd);
	fd = initramfs_join(initrd, config, e); /* never closed: QEMU opens it by the name below */
	return fd < 0 ? NULL : xasprintf("/proc/%d/fd/%d", getpid(), fd);
}

/* What QEMU says of itself is remembered as its version is; its files are looked at each time. The caller's. */
static char *ask_parts(const struct arch *arch, struct hashes *h, struct err *e)
{
	static const char question[] = "parts";
	auto_free char *path = spawn_find(qemu_program(arch));
	auto_free char *asked = path ? hashes_recall(h, path, question) : NULL;

	if (!asked) {
		asked = qemu_asked(arch, e);
		if (asked && path)
			hashes_remember(h, path, question, asked);
	}
	return TAKE(asked);
}

/* They run before the kernel does, and what they leave in memory is part of a snapshot. */
static int state_firmware(struct recipe *r, const char *asked, struct hashes *h, struct err *e)
{
	const char *name;
	char *file;

	for (size_t i = 0; qemu_firmware(i, asked, &name, &file); i++) {
		auto_free char *path = file, *tag = xasprintf("qemu.%s", name);

		if (path && recipe_file(r, tag, path, h, e) < 0)
			return -1;
	}
	return 0;
}

/* It is part of that QEMU. */
static int state_idle(struct recipe *r, struct hashes *h, struct err *e)
{
	auto_free char *path = qemu_idle(e);

	return path ? recipe_file(r, "idle", path, h, e) : -1;
}

int guest_recipe(struct guest_opts *g, struct recipe *r, struct hashes *h, struct err *e)
{
	const struct machine_wires wires = { .kernel = "kernel", .initrd = "initrd" };
	auto_argv struct argv a = { 0 };
	auto_free char *version = NULL, *asked = NULL;

	if (needs_check(NEEDS_GUEST, e) < 0 || plan_machine(g, e) < 0)
		return -1;
	const struct arch *arch = machine_arch(&g->machine);
	const char *const qemu[] = { qemu_program(arch), "--version", NULL };
	struct qemu_parts parts = { 0 };

	if (recipe_tool(r, "qemu", qemu, &version, e) < 0)
		return err_as(e, e->code == X_NO_TOOL ? X_NO_QEMU : e->code,
			      "QEMU is needed (on Debian: apt-get install %s)", arch->qemu_package);
	if (arch == &arch_x86_64) {
		asked = ask_parts(arch, h, e);
		if (!asked || state_firmware(r, asked, h, e) < 0)
			return -1;
		qemu_parts(&parts, asked);
	}
	if (machine_settle(&g->machine, version, &parts, e) < 0)
		return -1;
	machine_args(&a, &g->machine, &wires);
	auto_free char *args = argv_quote((const char *const *)a.v);

	guest_kernel(g);
	recipe_str(r, "machine", args);
	if (g->machine.clock.virtual && state_idle(r, h, e) < 0)
		return -1;
	/* "-cpu host" is another processor on another host. */
	if (g->machine.host_cpu[0])
		recipe_str(r, "host_cpu", g->machine.host_cpu);
	if (g->machine.perf)
		recipe_u64(r, "perf_mode", 1);
	if (recipe_file(r, "kernel", g->kernel, h, e) < 0)
		return -1;
	auto_free char *config = xasprintf("%s/config.cpio", g->boot);

	if (recipe_file(r, "initrd", g->initrd, h, e) < 0)
		return -1;
	return recipe_file(r, "config", config, h, e);
}

enum {
	MACHINE_MAX = 1 << 20,
	WAIT_S = 24 * 60 * 60 /* a day's work of others may be in front of us, or their shell */
};

int guest_admit(const struct machine *m, struct err *e)
{
	struct admit_size room, ask;
	int share; /* never closed: it ends with this process, which runs one guest */

	if (admit_room(&room, e) < 0 || admit_ask(&ask, m, &room, e) < 0)
		return -1;
	return admit_wait(&ask, &room, now_ms() + 1000LL * WAIT_S, step_note, &share, e);
}

static int read_machine(struct machine *m, const char *snapshot, struct err *e)
{
	auto_free char *path = xasprintf("%s/machine", snapshot);
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, MACHINE_MAX, &text, &n, e) < 0 || machine_read(m, text, n, e) < 0)
		return err_in(e, "snapshot %s", snapshot);
	return 0;
}

int guest_admit_restored(const char *snapshot, struct err *e)
{
	struct machine m;

	return read_machine(&m, snapshot, e) < 0 ? -1 : guest_admit(&m, e);
}

void guest_size(struct step_size *s, const struct guest_opts *g, const char *snapshot)
{
	static const struct admit_size any = { UINT32_MAX, UINT32_MAX };
	struct admit_size ask = { 1, ADMIT_QEMU_MB };
	struct machine m = g->machine;
	struct err ignored;

	/* A snapshot that cannot be read is the step's business to tell. */
	if (!snapshot || read_machine(&m, snapshot, &ignored) == 0)
		(void)admit_ask(&ask, &m, &any, &ignored);
	*s = (struct step_size){ ask.cpus, ask.mb };
}

int guest_run_recipe(struct guest_opts *g, const struct guest_run *x, struct recipe *r, struct hashes *h, struct err *e)
{
	auto_free char *base = xasprintf("%s/recipe", x->snapshot ? x->snapshot : ".");

	if (!g->boot || !g->initrd || !x->payload || x->cold == (x->snapshot != NULL))
		return err_set(e, X_USAGE, "--boot, --initrd, --payload and one of --snapshot and --cold are required");
	guest_kernel(g);
	/* A snapshot is what its recipe says: making it again differs in bytes, not in meaning. */
	if (x->cold ? guest_recipe(g, r, h, e) < 0 : recipe_file(r, "snapshot", base, h, e) < 0)
		return -1;
	if (x->seed)
		recipe_u64(r, "seed", x->seed);
	g->machine.clock.seed = x->seed;
	return recipe_file(r, "payload", x->payload, h, e);
}

int guest_run_admit(const struct guest_opts *g, const struct guest_run *x, struct err *e)
{
	return x->snapshot ? guest_admit_restored(x->snapshot, e) : guest_admit(&g->machine, e);
}
