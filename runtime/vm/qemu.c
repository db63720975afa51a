/* qemu.c: the program, what it lacks, and a machine as its command line, one function per group of options. Facts behind them:
 * docs/vm.md. */
#include "vm/qemu.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arch/arch.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "host/tool.h"
#include "guest/board.h"
#include "vm/machine.h"

#define IDLE "ktstr-idle.so"

enum { ANSWER_MAX = 1 << 20, ANSWER_MS = 30 * 1000 };

const char *qemu_program(const struct arch *arch)
{
	static const char other[] = "/usr/libexec/qemu-kvm";
	auto_free char *found = spawn_find(arch->qemu);

	return found || arch != arch_host() || access(other, X_OK) < 0 ? arch->qemu : other;
}

static int lacking(const struct arch *arch, struct err *e)
{
	return err_as(e, e->code == X_NO_TOOL ? X_NO_QEMU : e->code, "QEMU is needed (on Debian: apt-get install %s)",
		      arch->qemu_package);
}

char *qemu_version(const struct arch *arch, struct err *e)
{
	const char *const argv[] = { qemu_program(arch), "--version", NULL };
	char *line = tool_line(argv, e);

	if (!line)
		lacking(arch, e);
	return line;
}

char *qemu_idle(struct err *e)
{
	auto_free char *dir = self_dir(e), *path = dir ? xasprintf("%s/%s", dir, IDLE) : NULL;

	if (!path || file_exists(path))
		return TAKE(path);
	err_set(e, X_FAIL, "%s, which virtual time needs, is missing: build everything with make, or install again",
		path);
	return NULL;
}

bool qemu_has_idle(pid_t pid)
{
	auto_free char *path = xasprintf("/proc/%d/maps", (int)pid), *line = NULL;
	FILE *f = fopen(path, "re");
	bool has = !f; /* who may not look cannot say no */
	size_t cap = 0;

	while (!has && getline(&line, &cap, f) > 0)
		has = strstr(line, "/" IDLE);
	if (f)
		fclose(f);
	return has;
}

bool qemu_since(const char *version, unsigned major, unsigned minor)
{
	unsigned a, b;

	return sscanf(version, "QEMU emulator version %u.%u", &a, &b) == 2 && (a > major || (a == major && b >= minor));
}

/* What it prints and ends well; NULL when it ends otherwise, or does not run, which *e says. */
static char *answer(const struct arch *arch, const char *option, const char *value, int *status, struct err *e)
{
	const char *const argv[] = { qemu_program(arch), option, value, NULL };
	const struct spawn s = { .argv = argv, .in = SPAWN_NULL, .err = SPAWN_NULL };
	char *text = NULL;

	return spawn_capture(&s, false, ANSWER_MAX, ANSWER_MS, &text, NULL, status, e) < 0 ? NULL : text;
}

char *qemu_asked(const struct arch *arch, struct err *e)
{
	/* Of a machine it does not know it says which ones it does, or fails. */
	static const char unknown[] = "Supported machines";
	int machine = 0, folders = 0;
	auto_free char *help = answer(arch, "-machine", "microvm,help", &machine, e);
	auto_free char *dirs = help ? answer(arch, "-L", "help", &folders, e) : NULL;

	if (!dirs) {
		lacking(arch, e);
		return NULL;
	}
	bool microvm = !machine && strncmp(help, unknown, strlen(unknown)) != 0;
	const char *colon = "";
	char *line, *save;
	size_t n;
	FILE *f = xmemstream(&line, &n);

	fputs(microvm ? "microvm " : "- ", f);
	for (char *dir = folders ? NULL : strtok_r(dirs, "\n", &save); dir; dir = strtok_r(NULL, "\n", &save)) {
		if (*dir != '/')
			continue;
		fprintf(f, "%s%s", colon, dir);
		colon = ":";
	}
	fclose(f);
	return line;
}

/* Whether a word of text is name: 'name "virtserialport", bus …', "q35   Standard PC", "tcg". */
static bool lists(const char *text, const char *name)
{
	static const char within[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
	size_t n = strlen(name);

	for (const char *at = text; (at = strstr(at, name)); at += n)
		if ((at == text || !strchr(within, at[-1])) && (!at[n] || !strchr(within, at[n])))
			return true;
	return false;
}

char *qemu_lacks(const struct arch *arch, struct err *e)
{
	static const struct {
		const char *option, *head, *names[3]; /* head: what a list of it has; another answer says nothing */
	} needed[] = {
		{ "-device", "name \"", { "virtserialport", "virtio-serial-pci" } },
		{ "-machine", "Supported machines", { "q35" } },
		{ "-accel", "Accelerators", { "tcg" } },
	};
	/* Red Hat's has no emulation, and with KVM nobody misses it. */
	size_t n_needed = countof(needed) - (access("/dev/kvm", R_OK | W_OK) == 0);
	auto_free char *lacking = NULL;
	size_t n;
	FILE *f = xmemstream(&lacking, &n);
	bool asked = true;
	int status;

	for (size_t i = 0; i < n_needed && asked; i++) {
		auto_free char *text = answer(arch, needed[i].option, "help", &status, e);

		asked = text;
		for (size_t k = 0; text && strstr(text, needed[i].head) && needed[i].names[k]; k++)
			if (!lists(text, needed[i].names[k]))
				fprintf(f, "%s%s %s", ftell(f) ? ", " : "", needed[i].option + 1, needed[i].names[k]);
	}
	fclose(f);
	return asked ? TAKE(lacking) : NULL;
}

/* NULL: in none. */
static char *in_one_of(const char *dirs, const char *name)
{
	for (; *dirs; dirs += *dirs == ':') {
		size_t n = strcspn(dirs, ":");
		auto_free char *path = xasprintf("%.*s/%s", (int)n, dirs, name);

		if (file_exists(path))
			return TAKE(path);
		dirs += n;
	}
	return NULL;
}

static bool is_in(const char *dirs, const char *name)
{
	auto_free char *path = in_one_of(dirs, name);

	return path;
}

static const char *folders_of(const char *asked)
{
	const char *dirs = asked + strcspn(asked, " ");

	return dirs + (*dirs == ' ');
}

static const char *const firmware[] = { "qboot.rom",     "pvh.bin",           "bios-256k.bin", "bios-microvm.bin",
					"linuxboot.bin", "linuxboot_dma.bin", "kvmvapic.bin" };

bool qemu_firmware(size_t i, const char *asked, const char **name, char **path)
{
	if (i >= countof(firmware))
		return false;
	*name = firmware[i];
	*path = in_one_of(folders_of(asked), firmware[i]);
	return true;
}

char *qemu_facts(const struct arch *arch)
{
	static const char *const folders[] = { "qemu", "qemu-kvm", "seabios" };
	auto_free char *program = tool_facts(qemu_program(arch));
	/* "/usr/bin/qemu-system-x86_64 …": what is below the folder above. */
	auto_free char *prefix = xstrndup(program, strcspn(program, " \n"));
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (int i = 0; i < 2; i++)
		prefix[strrchr(prefix, '/') ? strrchr(prefix, '/') - prefix : 0] = '\0';
	fputs(program, f);
	for (size_t i = 0; arch == &arch_x86_64 && i < 2 * countof(folders) * countof(firmware); i++) {
		const char *top = i % 2 ? "/usr" : prefix, *dir = folders[i / 2 % countof(folders)];
		auto_free char *path = xasprintf("%s/share/%s/%s", top, dir, firmware[i / 2 / countof(folders)]);
		auto_free char *line = i % 2 && !strcmp(prefix, "/usr") ? xstrdup("") : file_facts(path, R_OK);

		fputs(line, f);
	}
	fclose(f);
	return text;
}

void qemu_parts(struct qemu_parts *p, const char *asked)
{
	const char *dirs = folders_of(asked);

	/* One that does not tell its folders is taken at its word when it is started. */
	*p = (struct qemu_parts){
		.microvm = !strncmp(asked, "microvm ", 8),
		.qboot = !*dirs || is_in(dirs, "qboot.rom"),
		.pvh = !*dirs || is_in(dirs, "pvh.bin"),
	};
}

/* ---- the command line */

/* With KVM the guest has the host's processor. One of AMD tells Linux its LLCs in a leaf that QEMU fills in if topoext is
 * on; but of the first Zens (family 17h up to model 1Fh) Linux knows that 8 APIC ids share one, whatever that leaf says, so
 * that a guest with dies is shown as the next model. */
static void args_cpu_host(struct argv *a, const struct machine *m)
{
	bool amd = strstr(m->host_cpu, "-topoext") != NULL;
	unsigned family = 0, model = 0;
	bool zen = sscanf(m->host_cpu, "AuthenticAMD-%u-%u-", &family, &model) == 2 && family == 23 && model < 32;

	argv_opt(a, "-cpu", "host%s%s%s", amd ? ",topoext=on" : "",
		 zen && topology_dies(&m->topo) > 1 ? ",model=49" : "", m->perf ? ",kvm-hint-dedicated=on" : "");
	if (m->perf)
		argv_opt(a, "-overcommit", "cpu-pm=on");
}

/* TCG's "max" is an AMD processor, of which Linux learns its LLCs from a leaf that TCG does not fill in. The fast string
 * instructions are slow here, byte by byte: without them (func7: fsrs and fzrm) Linux uses plain stores. Its model says that
 * the TSC ticks steadily: else each CPU but the first measures how fast it is, which fails for long while the host is busy.
 *
 * With dies the last CPUID leaf is 1F, and a leaf past the last one is answered as the last one: QEMU (10.0) then dies of
 * an assertion when ECX happens to be large. A leaf behind it that is all zero takes such questions. */
static void args_cpu_model(struct argv *a, const struct machine *m)
{
	static const char tcg[] =
		"max,vendor=GenuineIntel,family=6,model=15,stepping=3,erms=off,fsrm=off,level-func7=0";

	if (m->accel == ACCEL_KVM)
		args_cpu_host(a, m);
	else
		argv_opt(a, "-cpu", "%s%s", tcg, topology_dies(&m->topo) > 1 ? ",level=0x20" : "");
}

static void args_accel(struct argv *a, const struct machine *m)
{
	argv_opt(a, "-accel", "%s%s", accel_name(m->accel), m->serial || m->clock.virtual ? ",thread=single" : "");
	clock_args(a, &m->clock);
}

/* One node's RAM is the machine's; more are joined by -numa. qboot instead of SeaBIOS: it starts a kernel in half a
 * second less, and leaves ACPI tables where the PVH loader of QEMU does not put the initramfs on top of them, as happens
 * with SeaBIOS on a microvm. But only SeaBIOS switches to x2APIC, without which Linux ignores the CPUs that need it.
 * Switched off is what a kernel would spend time on and nobody uses. */
static void args_pc(struct argv *a, const struct machine *m, const char *ram)
{
	const char *irqchip = machine_x2apic(m) && m->accel == ACCEL_KVM ? ",kernel-irqchip=split" : "";

	if (m->kind == MACHINE_MICROVM)
		argv_opt(a, "-machine", "microvm,acpi=on,pcie=%s,usb=off%s", m->pci ? "on" : "off", ram);
	else
		argv_opt(a, "-machine", "q35,smm=off,hpet=off,sata=off,smbus=off,i8042=off,vmport=off,usb=off%s%s",
			 irqchip, ram);
	if (!machine_x2apic(m) && !m->seabios)
		argv_opt(a, "-bios", "qboot.rom");
	args_accel(a, m);
	args_cpu_model(a, m);
	if (machine_x2apic(m))
		argv_opt(a, "-device", "intel-iommu,intremap=on,eim=on");
}

/* Firmware would make ACPI tables; without it the kernel takes the device tree, and starts sooner. A Neoverse N1 has the
 * atomic instructions, which are cheap to emulate, and not yet the signed pointers of later ones, which are dear. */
static void args_virt(struct argv *a, const struct machine *m, const char *ram)
{
	argv_opt(a, "-machine", "virt,gic-version=3,acpi=off%s", ram);
	args_accel(a, m);
	argv_opt(a, "-cpu", "neoverse-n1");
}

static void args_machine(struct argv *a, const struct machine *m)
{
	const char *ram = m->topo.nodes == 1 ? ",memory-backend=ram0" : "";

	if (m->kind == MACHINE_VIRT)
		args_virt(a, m, ram);
	else
		args_pc(a, m, ram);
}

static void args_cpus(struct argv *a, const struct machine *m)
{
	const struct topology *t = &m->topo;

	if (m->kind == MACHINE_VIRT)
		argv_opt(a, "-smp", "cpus=%u,sockets=%u,clusters=%u,cores=%u,threads=%u", topology_cpus(t),
			 topology_sockets(t), topology_dies(t), t->cores, t->threads);
	else if (m->kind == MACHINE_MICROVM)
		argv_opt(a, "-smp", "cpus=%u,sockets=1,cores=%u,threads=%u", topology_cpus(t), t->cores, t->threads);
	else
		argv_opt(a, "-smp", "cpus=%u,sockets=%u,dies=%u,cores=%u,threads=%u", topology_cpus(t),
			 topology_sockets(t), topology_dies(t), t->cores, t->threads);
}

static void args_distances(struct argv *a, const struct topology *t)
{
	for (unsigned from = 0; from < t->nodes; from++)
		for (unsigned to = 0; to < t->nodes; to++)
			if (from != to)
				argv_opt(a, "-numa", "dist,src=%u,dst=%u,val=%u", from, to,
					 topology_distance(t, from, to));
}

static void args_nodes(struct argv *a, const struct topology *t, const char *llc)
{
	for (unsigned i = 0; i < t->nodes; i++)
		argv_opt(a, "-numa", "node,nodeid=%u,memdev=ram%u", i, i);
	for (unsigned i = 0; topology_even(t) && i < t->nodes; i++)
		argv_opt(a, "-numa", "cpu,node-id=%u,socket-id=%u", i, i);
	for (unsigned i = 0; !topology_even(t) && i < t->llcs; i++)
		argv_opt(a, "-numa", "cpu,node-id=%u,socket-id=0,%s-id=%u", topology_node_of(t, i), llc, i);
	if (t->distance[0][0])
		args_distances(a, t);
}

static void args_memory(struct argv *a, const struct machine *m, const struct machine_wires *w)
{
	static const char *const modes[] = {
		[RAM_SHARED] = "share=on",
		[RAM_PRIVATE] = "share=off",
		[RAM_PRIVATE_READONLY] = "share=off,readonly=on,rom=off",
	};

	argv_opt(a, "-m", "size=%uM", m->memory_mb);
	for (unsigned i = 0; i < m->topo.nodes; i++) {
		auto_free char *bind =
			w->host_node[i] ? xasprintf(",policy=bind,host-nodes=%u", w->host_node[i] - 1) : xstrdup("");

		argv_opt(a, "-object", "memory-backend-file,id=ram%u,size=%lluM,mem-path=/proc/self/fd/%d,%s%s", i,
			 (unsigned long long)(machine_node_bytes(m, i) >> 20), w->ram[i], modes[w->ram_mode], bind);
	}
	if (m->topo.nodes > 1)
		args_nodes(a, &m->topo, m->kind == MACHINE_VIRT ? "cluster" : "die");
}

static void args_ring(struct argv *a, const struct machine_wires *w)
{
	argv_opt(a, "-chardev", "socket,id=ring,fd=%d", w->ring);
	argv_opt(a, "-device", "isa-debugcon,iobase=%#x,chardev=ring", BOARD_RING_PORT);
}

/* No virtio device: each has an ioeventfd or a queue that QEMU's main loop serves when the host has time for it, and the guest
 * would see when. A console in a socket that is full would be seen as well. */
static void args_wires_virtual(struct argv *a, const struct machine_wires *w)
{
	argv_opt(a, "-chardev", "file,id=console,path=/proc/self/fd/%d", w->console);
	argv_opt(a, "-serial", "chardev:console");
	args_ring(a, w);
	argv_opt(a, "-chardev", "socket,id=gate,fd=%d", w->gate);
	argv_opt(a, "-device", "isa-debugcon,iobase=%#x,chardev=gate", BOARD_GATE_PORT);
}

static void args_wires(struct argv *a, const struct machine *m, const struct machine_wires *w)
{
	argv_opt(a, "-chardev", "socket,id=qmp,fd=%d", w->qmp);
	argv_opt(a, "-mon", "chardev=qmp,mode=control");
	if (m->clock.virtual) {
		args_wires_virtual(a, w);
		return;
	}
	argv_opt(a, "-chardev", "socket,id=console,fd=%d", w->console);
	argv_opt(a, "-serial", "chardev:console");
	argv_opt(a, "-device", "%s,max_ports=2", m->pci ? "virtio-serial-pci" : "virtio-serial-device");
	argv_opt(a, "-chardev", "socket,id=chan,fd=%d", w->chan);
	argv_opt(a, "-device", "virtserialport,chardev=chan,name=ktstr");
	if (machine_has_board(m))
		args_ring(a, w);
}

/* TCG shows the host's TSC, but not its frequency. Calibration against the PIT hangs half of the boots, and later the
 * kernel's watchdog compares the TSC with ticks that a loaded host delivers late, and falls back to counting those: so
 * both the frequency and that it may be trusted are said.
 *
 * intel_iommu=off: only its interrupt remapping is wanted, and that stays.
 *
 * loglevel=4: the console carries warnings and all of a panic.
 *
 * damon_stat: a thread that looks every 5 ms at which memory is used, in kernels that switch it on by themselves. A host pays for it,
 * and in virtual time it would tell the guest something of the host: it clears the marks that a page was accessed, without
 * emptying the TLB, and QEMU's TLB, which it makes larger and smaller by the host's clock (accel/tcg/cputlb.c, 10.0), decides
 * whether the next access sets them.
 *
 * The rest is time nobody needs to spend. */
static void args_kernel(struct argv *a, const struct machine *m, const struct machine_wires *w)
{
	const char *iommu = machine_x2apic(m) ? " intel_iommu=off" : "";
	const struct arch *arch = machine_arch(m);
	const char *board = !machine_has_board(m) ? ""
			    : m->clock.virtual    ? " " BOARD_VARIABLE "=" BOARD_VIRTUAL
						  : " " BOARD_VARIABLE "=" BOARD_REAL;
	auto_free char *tsc = m->tsc_khz ? xasprintf(" tsc_early_khz=%lu tsc=reliable", m->tsc_khz) : xstrdup("");

	argv_opt(a, "-kernel", "%s", w->kernel);
	argv_opt(a, "-initrd", "%s", w->initrd);
	if (m->kind == MACHINE_VIRT)
		argv_add(a, "-S"); /* devtree.h */
	argv_opt(a, "-append",
		 "console=%s loglevel=4 panic=-1 rdinit=/init mitigations=off random.trust_cpu=on cryptomgr.notests"
		 "%s damon_stat.enabled=0%s%s%s%s%s",
		 arch->console, arch->cmdline, tsc, iommu, board, *m->boot ? " " : "", m->boot);
}

void machine_args(struct argv *a, const struct machine *m, const struct machine_wires *w)
{
	static const char *const bare[] = { "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", NULL };

	argv_add(a, qemu_program(machine_arch(m)));
	argv_addv(a, bare);
	if (w->sandbox)
		argv_opt(a, MACHINE_SANDBOX, "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	args_machine(a, m);
	args_cpus(a, m);
	args_memory(a, m, w);
	args_wires(a, m, w);
	if (w->kernel)
		args_kernel(a, m, w);
	else
		argv_opt(a, "-incoming", "defer");
}
