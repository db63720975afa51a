/* test_machine.c: QEMU's command line word by word, the memory map, and the text form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <string.h>

#include "arch/arch.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "vm/machine.h"

static char *lines(const struct argv *a)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < a->n; i++)
		fprintf(f, "%s%s", a->v[i], i + 1 < a->n && a->v[i + 1][0] == '-' ? "\n" : " ");
	fclose(f);
	text[n - 1] = 0;
	return text;
}

static const char cold_microvm[] =
	"qemu-system-x86_64\n"
	"-nodefaults\n"
	"-no-user-config\n"
	"-display none\n"
	"-no-reboot\n"
	"-machine microvm,acpi=on,pcie=off,usb=off,memory-backend=ram0\n"
	"-bios qboot.rom\n"
	"-accel tcg\n"
	"-cpu max,vendor=GenuineIntel,family=6,model=15,stepping=3,erms=off,fsrm=off,level-func7=0\n"
	"-smp cpus=4,sockets=1,cores=2,threads=2\n"
	"-m size=512M\n"
	"-object memory-backend-file,id=ram0,size=512M,mem-path=/proc/self/fd/20,share=on\n"
	"-chardev socket,id=qmp,fd=10\n"
	"-mon chardev=qmp,mode=control\n"
	"-chardev socket,id=console,fd=12\n"
	"-serial chardev:console\n"
	"-device virtio-serial-device,max_ports=2\n"
	"-chardev socket,id=chan,fd=11\n"
	"-device virtserialport,chardev=chan,name=ktstr\n"
	"-chardev socket,id=ring,fd=13\n"
	"-device isa-debugcon,iobase=0xe9,chardev=ring\n"
	"-kernel k\n"
	"-initrd i\n"
	"-append console=ttyS0 loglevel=4 panic=-1 rdinit=/init mitigations=off random.trust_cpu=on cryptomgr.notests"
	" reboot=t no_timer_check damon_stat.enabled=0 tsc_early_khz=2445426 tsc=reliable KTSTR_BOARD=2 x=y";

static const char cold_virt[] =
	"qemu-system-aarch64\n"
	"-nodefaults\n"
	"-no-user-config\n"
	"-display none\n"
	"-no-reboot\n"
	"-machine virt,gic-version=3,acpi=off,memory-backend=ram0\n"
	"-accel tcg\n"
	"-cpu neoverse-n1\n"
	"-smp cpus=4,sockets=1,clusters=1,cores=2,threads=2\n"
	"-m size=512M\n"
	"-object memory-backend-file,id=ram0,size=512M,mem-path=/proc/self/fd/20,share=on\n"
	"-chardev socket,id=qmp,fd=10\n"
	"-mon chardev=qmp,mode=control\n"
	"-chardev socket,id=console,fd=12\n"
	"-serial chardev:console\n"
	"-device virtio-serial-device,max_ports=2\n"
	"-chardev socket,id=chan,fd=11\n"
	"-device virtserialport,chardev=chan,name=ktstr\n"
	"-kernel k\n"
	"-initrd i\n"
	"-S\n"
	"-append console=ttyAMA0 loglevel=4 panic=-1 rdinit=/init mitigations=off random.trust_cpu=on cryptomgr.notests"
	" damon_stat.enabled=0 x=y";

static const char restored_q35[] =
	"qemu-system-x86_64\n"
	"-nodefaults\n"
	"-no-user-config\n"
	"-display none\n"
	"-no-reboot\n"
	"-machine q35,smm=off,hpet=off,sata=off,smbus=off,i8042=off,vmport=off,usb=off\n"
	"-bios qboot.rom\n"
	"-accel kvm\n"
	"-cpu host\n"
	"-smp cpus=8,sockets=2,dies=2,cores=2,threads=1\n"
	"-m size=1025M\n"
	"-object memory-backend-file,id=ram0,size=512M,mem-path=/proc/self/fd/20,share=off,readonly=on,rom=off\n"
	"-object memory-backend-file,id=ram1,size=513M,mem-path=/proc/self/fd/21,share=off,readonly=on,rom=off\n"
	"-numa node,nodeid=0,memdev=ram0\n"
	"-numa node,nodeid=1,memdev=ram1\n"
	"-numa cpu,node-id=0,socket-id=0\n"
	"-numa cpu,node-id=1,socket-id=1\n"
	"-chardev socket,id=qmp,fd=10\n"
	"-mon chardev=qmp,mode=control\n"
	"-chardev socket,id=console,fd=12\n"
	"-serial chardev:console\n"
	"-device virtio-serial-pci,max_ports=2\n"
	"-chardev socket,id=chan,fd=11\n"
	"-device virtserialport,chardev=chan,name=ktstr\n"
	"-incoming defer";

static const struct qemu_parts all_parts = { .microvm = true, .qboot = true, .pvh = true };

static void command_lines(void **state)
{
	static const struct {
		const struct arch *arch;
		struct topology topo;
		unsigned memory_mb;
		enum accel accel;
		enum ram_mode mode;
		const char *kernel, *extra, *want;
	} cases[] = {
		{ &arch_x86_64, TOPOLOGY(1, 1, 2, 2), 512, ACCEL_TCG, RAM_SHARED, "k", "x=y", cold_microvm },
		{ &arch_x86_64, TOPOLOGY(2, 4, 2, 1), 1025, ACCEL_KVM, RAM_PRIVATE_READONLY, NULL, "x=y",
		  restored_q35 },
		{ &arch_aarch64, TOPOLOGY(1, 1, 2, 2), 512, ACCEL_TCG, RAM_SHARED, "k", "x=y", cold_virt },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct machine_wires w = { .qmp = 10,
					   .chan = 11,
					   .console = 12,
					   .ring = 13,
					   .ram = { 20, 21 },
					   .ram_mode = cases[i].mode,
					   .kernel = cases[i].kernel,
					   .initrd = "i" };
		auto_argv struct argv a = { 0 };
		auto_free char *got = NULL;
		struct machine m;

		machine_plan(&m, cases[i].arch, &cases[i].topo, cases[i].memory_mb, cases[i].accel, 2445426, true);
		assert_int_equal(machine_boot(&m, NULL, 0, &cases[i].extra, 1, NULL), 0);
		machine_args(&a, &m, &w);
		got = lines(&a);
		assert_string_equal(got, cases[i].want);
		w.sandbox = true;
		auto_argv struct argv b = { 0 };

		machine_args(&b, &m, &w);
		assert_int_equal(b.n, a.n + 2);
		auto_free char *walled = lines(&b);

		assert_non_null(strstr(walled, "\n-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
					       "resourcecontrol=deny\n"));
	}
}

/* Words that say what is special about a topology. */
static void topologies(void **state)
{
	static const struct {
		const char *topo;
		enum accel accel;
		const char *want; /* parted by | */
	} cases[] = {
		{ "2,4,4,1/llcs=3,1/mem=768,256/dist=10,21,31,10", ACCEL_TCG,
		  "cpus=16,sockets=1,dies=4,cores=4,threads=1|cpu,node-id=0,socket-id=0,die-id=2|"
		  "cpu,node-id=1,socket-id=0,die-id=3|id=ram0,size=768M|id=ram1,size=256M|dist,src=0,dst=1,val=21|"
		  "dist,src=1,dst=0,val=31|,level=0x20|qboot.rom" },
		{ "2,4,4,1", ACCEL_TCG, "cpus=16,sockets=2,dies=2,cores=4,threads=1|cpu,node-id=1,socket-id=1|!dist" },
		{ "2,2,4,1", ACCEL_TCG, "cpus=8,sockets=2,dies=1|!level=0x" },
		{ "1,2,4,1", ACCEL_KVM, "host|!level=0x|!split|!intel-iommu" },
		{ "1,1,84,3", ACCEL_TCG, "q35,|intel-iommu,intremap=on,eim=on| intel_iommu=off|!qboot|!split" },
		{ "max-cpu", ACCEL_KVM, "q35,|kernel-irqchip=split|intel-iommu,intremap=on,eim=on|!qboot" },
		{ "near-max-llc", ACCEL_KVM, "q35,|qboot|!split|!intel-iommu" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct machine_wires w = { .kernel = "k", .initrd = "i" };
		auto_free char *want = xstrdup(cases[i].want), *line = NULL;
		auto_argv struct argv a = { 0 };
		struct topology t;
		struct machine m;
		struct err e;
		char *save = NULL;

		assert_int_equal(topology_parse(&t, cases[i].topo, &e), 0);
		machine_plan(&m, &arch_x86_64, &t, 1024, cases[i].accel, 1000, true);
		machine_args(&a, &m, &w);
		line = lines(&a);
		for (char *p = strtok_r(want, "|", &save); p; p = strtok_r(NULL, "|", &save))
			if ((*p == '!') == !!strstr(line, p + (*p == '!')))
				fail_msg("%s: %s: %s", cases[i].topo, p, line);
	}
}

static void checks(void **state)
{
	struct topology t;
	struct machine m;
	struct err e = { 0 };

	(void)state;
	assert_int_equal(topology_parse(&t, "2,2,1,1/mem=500,500", &e), 0);
	machine_plan(&m, &arch_x86_64, &t, 1000, ACCEL_TCG, 1, true);
	assert_int_equal(machine_settle(&m, "QEMU emulator version 10.0.2 (Debian)", &all_parts, &e), 0);
	m.memory_mb = 1024;
	assert_true(machine_settle(&m, "QEMU emulator version 10.0.2 (Debian)", &all_parts, &e) < 0);
	assert_int_equal(e.code, X_USAGE);
}

/* A QEMU without one of its parts. */
static void lacking_parts(void **state)
{
	static const struct {
		const char *topo;
		struct qemu_parts parts;
		const char *machine, *line, *hasnt; /* NULL: X_NO_QEMU */
	} cases[] = {
		{ "1,1,2,1", { true, true, true }, "machine microvm\n", "-bios qboot.rom", "q35" },
		{ "1,1,2,1", { false, true, true }, "machine q35\n", "-bios qboot.rom", "microvm" },
		{ "1,1,2,1", { true, false, true }, "machine q35-seabios\n", "q35", "qboot" },
		{ "1,2,1,1", { true, false, true }, "machine q35-seabios\n", "q35", "qboot" },
		{ "1,1,1,1", { true, true, false }, NULL, NULL, NULL },
		{ "1,2,1,1", { false, false, false }, NULL, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const struct machine_wires w = { .kernel = "k", .initrd = "i" };
		auto_argv struct argv a = { 0 };
		auto_free char *text = NULL;
		struct machine m, again;
		struct topology t;
		struct err e = { 0 };
		size_t n;

		assert_int_equal(topology_parse(&t, cases[i].topo, &e), 0);
		machine_plan(&m, &arch_x86_64, &t, 1024, ACCEL_TCG, 1, true);
		int r = machine_settle(&m, "QEMU emulator version 10.0.2", &cases[i].parts, &e);

		if (!cases[i].machine) {
			assert_true(r < 0);
			assert_int_equal(e.code, X_NO_QEMU);
			continue;
		}
		machine_args(&a, &m, &w);
		auto_free char *line = argv_quote((const char *const *)a.v);
		FILE *f = xmemstream(&text, &n);

		machine_write(f, &m);
		fclose(f);
		assert_non_null(strstr(line, cases[i].line));
		assert_null(strstr(line, cases[i].hasnt));
		assert_non_null(strstr(text, cases[i].machine));
		assert_int_equal(machine_read(&again, text, n, &e), 0);
		assert_int_equal(again.kind, m.kind);
		assert_int_equal(again.pci, m.pci);
		assert_int_equal(again.seabios, m.seabios);
	}
}

/* vCPUs of an old QEMU take turns. */
static void old_qemu(void **state)
{
	static const struct {
		const char *topo, *qemu;
		enum accel accel;
		bool serial;
	} cases[] = {
		{ "1,1,2,1", "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)", ACCEL_TCG, true },
		{ "1,2,1,1", "QEMU emulator version 8.0.9", ACCEL_TCG, true },
		{ "1,2,1,1", "QEMU emulator version 8.1.0", ACCEL_TCG, false },
		{ "1,2,1,1", "QEMU emulator version 10.0.2", ACCEL_TCG, false },
		{ "1,1,1,1", "QEMU emulator version 7.2.22", ACCEL_TCG, false },
		{ "1,1,2,1", "QEMU emulator version 7.2.22", ACCEL_KVM, false },
		{ "1,1,2,1", "something else", ACCEL_TCG, true },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		const struct machine_wires w = { .kernel = "k", .initrd = "i" };
		auto_argv struct argv a = { 0 };
		auto_free char *text = NULL;
		struct machine m, again;
		struct topology t;
		struct err e = { 0 };
		size_t n;
		FILE *f = xmemstream(&text, &n);

		assert_int_equal(topology_parse(&t, cases[i].topo, &e), 0);
		machine_plan(&m, &arch_x86_64, &t, 1024, cases[i].accel, 1, true);
		assert_int_equal(machine_settle(&m, cases[i].qemu, &all_parts, &e), 0);
		machine_args(&a, &m, &w);
		auto_free char *line = argv_quote((const char *const *)a.v);
		assert_int_equal(strstr(line, "-accel tcg,thread=single ") != NULL, cases[i].serial);
		machine_write(f, &m);
		fclose(f);
		assert_int_equal(machine_read(&again, text, n, &e), 0);
		assert_int_equal(again.serial, cases[i].serial);
		assert_int_equal(again.accel, cases[i].accel);
	}
}

static bool has(const struct argv *a, const char *part)
{
	for (size_t i = 0; i < a->n; i++)
		if (strstr(a->v[i], part))
			return true;
	return false;
}

static void plans(void **state)
{
	static const struct {
		struct topology topo;
		enum accel accel;
		bool mmio;
		enum machine_kind kind;
		bool pci;
		const char *part, *not ;
	} cases[] = {
		{ TOPOLOGY(1, 1, 4, 1), ACCEL_TCG, true, MACHINE_MICROVM, false, "virtio-serial-device", "serial-pci" },
		{ TOPOLOGY(1, 1, 4, 1), ACCEL_TCG, false, MACHINE_MICROVM, true, "microvm,acpi=on,pcie=on", "-numa" },
		{ TOPOLOGY(1, 2, 4, 1), ACCEL_TCG, true, MACHINE_Q35, true, ",memory-backend=ram0", "-numa" },
		{ TOPOLOGY(2, 2, 4, 1), ACCEL_TCG, true, MACHINE_Q35, true, "-numa", "memory-backend=ram0" },
		{ TOPOLOGY(1, 1, 1, 1), ACCEL_KVM, true, MACHINE_MICROVM, false, "host", "tsc" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct machine_wires w = { .kernel = "k", .initrd = "i" };
		auto_argv struct argv a = { 0 };
		struct machine m;

		machine_plan(&m, &arch_x86_64, &cases[i].topo, 512, cases[i].accel, 1000, cases[i].mmio);
		assert_int_equal(m.kind, cases[i].kind);
		assert_int_equal(m.pci, cases[i].pci);
		machine_args(&a, &m, &w);
		if (!has(&a, cases[i].part) || has(&a, cases[i].not ))
			fail_msg("case %zu: '%s' or '%s'", i, cases[i].part, cases[i].not );
	}
}

#define G(n) ((uint64_t)(n) << 30)

static void memory_map(void **state)
{
	static const struct {
		enum machine_kind kind;
		unsigned mb;
		uint64_t gpa;
		bool in;
		uint64_t offset, run;
	} cases[] = {
		{ MACHINE_MICROVM, 512, 0, true, 0, 512u << 20 },
		{ MACHINE_MICROVM, 512, (512u << 20) - 1, true, (512u << 20) - 1, 1 },
		{ MACHINE_MICROVM, 512, 512u << 20, false, 0, 0 },
		{ MACHINE_MICROVM, 512, G(4), false, 0, 0 },
		{ MACHINE_MICROVM, 3072, G(3) - 4096, true, G(3) - 4096, 4096 },
		{ MACHINE_MICROVM, 5120, G(3), false, 0, 0 },
		{ MACHINE_MICROVM, 5120, G(4) - 1, false, 0, 0 },
		{ MACHINE_MICROVM, 5120, G(4), true, G(3), G(2) },
		{ MACHINE_MICROVM, 5120, G(6) - 1, true, G(5) - 1, 1 },
		{ MACHINE_MICROVM, 5120, G(6), false, 0, 0 },
		{ MACHINE_MICROVM, 5120, UINT64_MAX, false, 0, 0 },
		{ MACHINE_Q35, 2815, (2815ull << 20) - 1, true, (2815ull << 20) - 1, 1 },
		{ MACHINE_Q35, 2816, G(2), false, 0, 0 },
		{ MACHINE_Q35, 2816, G(2) - 1, true, G(2) - 1, 1 },
		{ MACHINE_Q35, 2816, G(4), true, G(2), 768u << 20 },
		{ MACHINE_Q35, 5120, G(7) - 1, true, G(5) - 1, 1 },
		{ MACHINE_Q35, 5120, G(7), false, 0, 0 },
		{ MACHINE_VIRT, 512, 0, false, 0, 0 },
		{ MACHINE_VIRT, 512, G(1) - 1, false, 0, 0 },
		{ MACHINE_VIRT, 512, G(1), true, 0, 512u << 20 },
		{ MACHINE_VIRT, 512, G(1) + (512u << 20) - 1, true, (512u << 20) - 1, 1 },
		{ MACHINE_VIRT, 512, G(1) + (512u << 20), false, 0, 0 },
		{ MACHINE_VIRT, 5120, G(6) - 1, true, G(5) - 1, 1 },
		{ MACHINE_VIRT, 5120, UINT64_MAX, false, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct machine m = { .kind = cases[i].kind, .topo = TOPOLOGY(1, 1, 1, 1), .memory_mb = cases[i].mb };
		uint64_t offset = 0, run = 0;

		if (machine_ram_offset(&m, cases[i].gpa, &offset, &run) != cases[i].in || offset != cases[i].offset ||
		    run != cases[i].run)
			fail_msg("case %zu: offset %#" PRIx64 " run %#" PRIx64, i, offset, run);
	}
}

/* What -cpu host takes on which processor, and what performance mode adds. */
static void processors(void **state)
{
	static const struct {
		const char *cpu, *topo;
		enum accel accel;
		bool perf;
		const char *want;
	} cases[] = {
		{ "GenuineIntel-6-143-8", "1,2,2,1", ACCEL_KVM, false, "host" },
		{ "GenuineIntel-6-143-8", "1,1,2,1", ACCEL_KVM, true, "host,kvm-hint-dedicated=on" },
		{ "AuthenticAMD-25-1-1-topoext", "1,2,2,1", ACCEL_KVM, false, "host,topoext=on" },
		{ "AuthenticAMD-25-1-1-topoext", "1,1,1,2", ACCEL_KVM, true, "host,topoext=on,kvm-hint-dedicated=on" },
		{ "AuthenticAMD-23-1-2-topoext", "1,2,2,1", ACCEL_KVM, false, "host,topoext=on,model=49" },
		{ "AuthenticAMD-23-1-2-topoext", "1,1,2,1", ACCEL_KVM, false, "host,topoext=on" },
		{ "AuthenticAMD-23-49-0-topoext", "1,2,2,1", ACCEL_KVM, false, "host,topoext=on" },
		{ "AuthenticAMD-15-107-1", "1,1,2,1", ACCEL_KVM, false, "host" },
		{ "", "1,1,2,1", ACCEL_TCG, true,
		  "max,vendor=GenuineIntel,family=6,model=15,stepping=3,erms=off,fsrm=off,level-func7=0" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct machine_wires w = { .kernel = "k", .initrd = "i" };
		auto_argv struct argv a = { 0 };
		struct topology t;
		struct machine m;
		struct err e;
		size_t k = 0;

		assert_int_equal(topology_parse(&t, cases[i].topo, &e), 0);
		machine_plan(&m, &arch_x86_64, &t, 512, cases[i].accel, 1000, true);
		strcpy(m.host_cpu, cases[i].cpu);
		m.perf = cases[i].perf;
		machine_args(&a, &m, &w);
		while (strcmp(a.v[k], "-cpu") != 0)
			k++;
		assert_string_equal(a.v[k + 1], cases[i].want);
		assert_int_equal(has(&a, "cpu-pm=on"), cases[i].perf && cases[i].accel == ACCEL_KVM);
	}
}

static void text_form(const struct arch *arch, const char *topo, const char *text)
{
	struct topology t;
	struct machine m;
	struct err ignored;

	assert_int_equal(topology_parse(&t, topo, &ignored), 0);
	machine_plan(&m, arch, &t, 1024, ACCEL_TCG, 5, true);
	for (int round = 0; round < 2; round++) {
		auto_free char *wrote = NULL;
		struct err e = { 0 };
		size_t n;
		FILE *f = xmemstream(&wrote, &n);

		machine_write(f, &m);
		fclose(f);
		assert_string_equal(wrote, text);
		m = (struct machine){ 0 };
		assert_int_equal(machine_read(&m, wrote, n, &e), 0);
		assert_ptr_equal(machine_arch(&m), arch);
	}
}

static void text_forms(void **state)
{
	(void)state;
	text_form(&arch_x86_64, "2,4,2,1/llcs=3,1/mem=768,256",
		  "machine q35\naccel tcg\ntopology 2,4,2,1/llcs=3,1/mem=768,256\nmemory_mb 1024\nvirtio pci\n"
		  "tsc_khz 5\nhost_cpu -\nperf off\n");
	text_form(
		&arch_aarch64, "1,1,84,3",
		"machine virt\naccel tcg\ntopology 1,1,84,3\nmemory_mb 1024\nvirtio mmio\ntsc_khz 0\nhost_cpu -\nperf off\n");
}

#define MOST "accel tcg\ntopology 1,1,1,1\nmemory_mb 64\nvirtio mmio\ntsc_khz 5\n"
#define REST MOST "host_cpu -\nperf off\n"

static void text_refused(void **state)
{
	static const char *const cases[] = {
		"",
		REST,
		"machine pc\n" REST,
		"machine microvm\n" REST "machine microvm\n",
		"machine microvm\n" REST "more 1\n",
		"machine microvm\n" MOST,
		"machine microvm\n" MOST "host_cpu a,pmu=off\nperf off\n",
		"machine microvm\n" MOST "host_cpu 0123456789012345678901234567890123456789\nperf off\n",
		"machine microvm\n" MOST "host_cpu -\nperf perhaps\n",
		"machine microvm\n" REST "tsc_khz\n",
		"machine microvm\n" REST "boot \n",
		"machine microvm\n" REST "boot x\ty\n",
		"machine q35\n" REST,
		"machine microvm\naccel tcg\ntopology 1,2,1,1\nmemory_mb 64\nvirtio mmio\ntsc_khz 5\nhost_cpu -\nperf off\n",
		"machine microvm\naccel tcg\ntopology 1,1,1\nmemory_mb 64\nvirtio mmio\ntsc_khz 5\nhost_cpu -\nperf off\n",
		"machine microvm\naccel tcg\ntopology 1,1,84,3\nmemory_mb 64\nvirtio mmio\ntsc_khz 5\nhost_cpu -\nperf off\n",
		"machine q35\naccel tcg\ntopology 2,2,1,1/mem=64,64\nmemory_mb 64\nvirtio pci\ntsc_khz 5\nhost_cpu -\nperf off\n",
		"machine microvm\naccel tcg\ntopology 1,1,1,1\nmemory_mb 6\nvirtio mmio\ntsc_khz 5\nhost_cpu -\nperf off\n",
		"machine microvm\naccel tcg\ntopology 1,1,1,1\nmemory_mb 99999999\nvirtio mmio\ntsc_khz 5\nhost_cpu -\nperf off\n",
		"machine microvm\naccel tcg\ntopology 1,1,1,1\nmemory_mb 64x\nvirtio mmio\ntsc_khz 5\nhost_cpu -\nperf off\n",
		"machine microvm\naccel tcg\ntopology 1,1,1,1\nmemory_mb -64\nvirtio mmio\ntsc_khz 5\nhost_cpu -\nperf off\n",
		"machine microvm\naccel tcg\ntopology 1,1,1,1\nmemory_mb \nvirtio mmio\ntsc_khz 5\nhost_cpu -\nperf off\n",
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct machine m = { .memory_mb = 77 };
		struct err e = { 0 };

		if (machine_read(&m, cases[i], strlen(cases[i]), &e) >= 0)
			fail_msg("accepted: %s", cases[i]);
		assert_int_equal(e.code, X_FAIL);
		assert_int_equal(m.memory_mb, 77);
	}
	struct machine m;
	struct err e;

	assert_true(machine_read(&m, "machine microvm\n" REST, sizeof("machine microvm\n" REST), &e) < 0);
	assert_int_equal(machine_read(&m, "machine microvm\n" REST, sizeof("machine microvm\n" REST) - 1, &e), 0);
}

static void words_for_the_kernel(void **state)
{
	const char *const sysctls[] = { "vm.a=1", "kernel.b=2 3" }, *const kargs[] = { "x=y", "z" };
	static const char *const bad[] = { "", "a\"b", "a b", "a\nb", "a\\" };
	struct machine m = { 0 }, again = { 0 };
	const struct topology t = TOPOLOGY(1, 1, 1, 1);
	auto_free char *wrote = NULL, *longest = xcalloc(MACHINE_BOOT_MAX + 2, 1);
	struct err e = { 0 };
	size_t n;
	FILE *f = xmemstream(&wrote, &n);

	(void)state;
	machine_plan(&m, &arch_x86_64, &t, 64, ACCEL_TCG, 5, true);
	assert_int_equal(machine_boot(&m, sysctls, 2, kargs, 2, &e), 0);
	assert_string_equal(m.boot, "\"KTSTR_SYSCTLS=vm.a=1;kernel.b=2 3\" x=y z");
	machine_write(f, &m);
	fclose(f);
	assert_non_null(strstr(wrote, "\nboot \"KTSTR_SYSCTLS=vm.a=1;kernel.b=2 3\" x=y z\n"));
	assert_int_equal(machine_read(&again, wrote, n, &e), 0);
	assert_string_equal(again.boot, m.boot);
	for (size_t i = 0; i < countof(bad); i++)
		assert_true(machine_boot(&again, NULL, 0, &bad[i], 1, &e) < 0 && e.code == X_USAGE);
	assert_true(machine_boot(&again, &(const char *){ "a=1;b=2" }, 1, NULL, 0, &e) < 0);
	memset(longest, 'x', MACHINE_BOOT_MAX + 1);
	assert_true(machine_boot(&again, NULL, 0, (const char *const *)&longest, 1, &e) < 0);
	assert_string_equal(again.boot, m.boot);
	assert_int_equal(machine_boot(&again, NULL, 0, NULL, 0, &e), 0);
	assert_string_equal(again.boot, "");
}

/* The first of QEMU's folders that has it. */
static void firmware(void **state)
{
	struct err e = { 0 };
	auto_free char *dir = tmpdir_make("test_machine", &e), *asked = xasprintf("microvm /none:%s:%s/b", dir, dir);
	auto_free char *rom = xasprintf("%s/qboot.rom", dir);
	const char *name;
	char *path;
	size_t i = 0, found = 0;

	(void)state;
	assert_true(file_write(AT_FDCWD, rom, "x", 1, &e) >= 0);
	for (; qemu_firmware(i, asked, &name, &path); i++) {
		if (path)
			assert_string_equal(path, rom);
		found += path != NULL;
		free(path);
	}
	assert_true(i > 1);
	assert_int_equal(found, 1);
	assert_true(qemu_firmware(0, "-", &name, &path));
	assert_null(path);
	assert_int_equal(rmtree(AT_FDCWD, dir, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(topologies),    cmocka_unit_test(checks),     cmocka_unit_test(old_qemu),
		cmocka_unit_test(lacking_parts), cmocka_unit_test(firmware),   cmocka_unit_test(command_lines),
		cmocka_unit_test(plans),         cmocka_unit_test(memory_map), cmocka_unit_test(text_forms),
		cmocka_unit_test(text_refused),  cmocka_unit_test(processors), cmocka_unit_test(words_for_the_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
