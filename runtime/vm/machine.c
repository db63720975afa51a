/* machine.c: what a guest's hardware is, where its RAM lies, and how it is written down. */
#include "vm/machine.h"

#include <inttypes.h>
#include <string.h>

#include "arch/arch.h"
#include "base/err.h"
#include "base/mem.h"
#include "guest/proto.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)
#define SERIAL "tcg-serial"
#define SEABIOS "-seabios"

static enum machine_kind kind_for(const struct arch *arch, const struct topology *t)
{
	if (arch == &arch_aarch64)
		return MACHINE_VIRT;
	return t->llcs == 1 && topology_last_apic_id(t) <= TOPO_XAPIC_LAST ? MACHINE_MICROVM : MACHINE_Q35;
}

void machine_plan(struct machine *m, const struct arch *arch, const struct topology *t, unsigned memory_mb,
		  enum accel a, unsigned long tsc_khz, bool virtio_mmio)
{
	enum machine_kind kind = kind_for(arch, t);

	*m = (struct machine){
		.kind = kind,
		.accel = a,
		.topo = *t,
		.memory_mb = memory_mb,
		.pci = kind == MACHINE_Q35 || !virtio_mmio,
		.tsc_khz = a == ACCEL_TCG && kind != MACHINE_VIRT ? tsc_khz : 0,
	};
}

const struct arch *machine_arch(const struct machine *m)
{
	return m->kind == MACHINE_VIRT ? &arch_aarch64 : &arch_x86_64;
}

bool machine_has_board(const struct machine *m)
{
	return m->kind != MACHINE_VIRT && m->accel != ACCEL_KVM;
}

bool machine_x2apic(const struct machine *m)
{
	return m->kind != MACHINE_VIRT && topology_last_apic_id(&m->topo) > TOPO_XAPIC_LAST;
}

/* qboot and a microvm belong together: SeaBIOS lets QEMU's PVH loader put the initramfs on top of its ACPI tables there. */
static int settle_parts(struct machine *m, const struct qemu_parts *parts, struct err *e)
{
	if (!parts->pvh)
		return err_set(
			e, X_NO_QEMU,
			"QEMU cannot load a kernel: its pvh.bin is missing (on Debian: apt-get install qemu-system-data)");
	m->seabios = !parts->qboot;
	if (m->kind == MACHINE_MICROVM && !(parts->microvm && parts->qboot)) {
		m->kind = MACHINE_Q35;
		m->pci = true;
	}
	return 0;
}

/* QEMU emulates x2APIC since 9.0; KVM had it long before.
 *
 * Before 8.1 it translates a page while another vCPU may be writing to it, and keeps what was there before the write. Linux
 * patches its own text (static keys, alternatives): a vCPU then comes upon a breakpoint that was taken away, and the guest
 * panics in update_rq_clock() or wherever it was; with 8 vCPUs that happened often. vCPUs that take turns cannot do that. */
int machine_settle(struct machine *m, const char *qemu, const struct qemu_parts *parts, struct err *e)
{
	auto_free char *name = topology_name(&m->topo);

	if (m->kind != MACHINE_VIRT && settle_parts(m, parts, e) < 0)
		return -1;

	if (topology_check_memory(&m->topo, m->memory_mb, e) < 0)
		return -1;
	m->serial = m->accel == ACCEL_TCG && topology_cpus(&m->topo) > 1 && !qemu_since(qemu, 8, 1);
	if (m->clock.virtual && !qemu_since(qemu, 7, 2))
		return err_set(e, X_NO_QEMU, "virtual time takes QEMU 7.2 or later. This is %s", qemu);
	if (!machine_x2apic(m) || m->accel != ACCEL_TCG || qemu_since(qemu, 9, 0))
		return 0;
	return err_set(e, X_NO_QEMU,
		       "topology %s has APIC ids up to %u; past %u it takes QEMU 9.0 or later, or KVM. This is %s",
		       name, topology_last_apic_id(&m->topo), TOPO_XAPIC_LAST, qemu);
}

bool machine_takes_turns(const struct machine *m)
{
	return topology_cpus(&m->topo) == 1 || m->clock.virtual || m->serial;
}

bool machine_take_turns(struct machine *m)
{
	bool parallel = m->accel == ACCEL_TCG && !machine_takes_turns(m);

	m->serial |= parallel;
	return parallel;
}

int machine_set_clock(struct machine *m, const struct clock *c, struct err *e)
{
	if (c->virtual && m->kind == MACHINE_VIRT)
		return err_set(
			e, X_USAGE,
			"guests of aarch64 have no virtual time yet: it talks through I/O ports. Use --clock real");
	if (c->virtual && m->accel == ACCEL_KVM)
		return err_set(e, X_USAGE, "virtual time is made by QEMU's emulation; KVM has none. Use --accel tcg");
	if (c->virtual && m->perf)
		return err_set(e, X_USAGE,
			       "--perf-mode is for real time: in virtual time nothing depends on host CPUs");
	m->clock = *c;
	if (!c->virtual)
		return 0;
	m->tsc_khz = CLOCK_TSC_KHZ;
	m->pci = m->kind == MACHINE_Q35;
	return 0;
}

/* Quotes would part words that are one. */
static int check_word(const char *what, const char *word, const char * not, struct err *e)
{
	for (const char *at = word; *at; at++)
		if (*at < ' ' || *at > '~' || strchr(not, *at))
			return err_set(e, X_USAGE, "--%s: no kernel can be told \"%.100s\"", what, word);
	return *word ? 0 : err_set(e, X_USAGE, "--%s: it is empty", what);
}

int machine_boot(struct machine *m, const char *const *sysctls, size_t n_sysctls, const char *const *kargs,
		 size_t n_kargs, struct err *e)
{
	auto_free char *words = NULL;
	size_t n;
	FILE *f = xmemstream(&words, &n);
	int r = 0;

	for (size_t i = 0; r == 0 && i < n_sysctls; i++) {
		r = check_word("sysctl", sysctls[i], "\"'\\;", e);
		fprintf(f, "%s%s", i ? ";" : "\"" PROTO_SYSCTLS "=", sysctls[i]);
	}
	fputs(n_sysctls ? "\"" : "", f);
	for (size_t i = 0; r == 0 && i < n_kargs; i++) {
		r = check_word("karg", kargs[i], "\"'\\ ", e);
		fprintf(f, "%s%s", i || n_sysctls ? " " : "", kargs[i]);
	}
	fclose(f);
	if (r == 0 && n > MACHINE_BOOT_MAX)
		return err_set(e, X_USAGE, "sysctls and parameters of the kernel have %zu bytes, and %d at most", n,
			       MACHINE_BOOT_MAX);
	if (r == 0)
		strcpy(m->boot, words);
	return r;
}

uint64_t machine_node_bytes(const struct machine *m, unsigned node)
{
	return topology_node_mb(&m->topo, m->memory_mb, node) * MIB;
}

/* A q35 with 2.75 GiB or more starts its PCI hole at 2 GiB, so that what is above 4 GiB begins on a whole GiB. */
static uint64_t low_ram(const struct machine *m)
{
	uint64_t ram = m->memory_mb * MIB;

	if (m->kind == MACHINE_MICROVM)
		return ram < 3 * GIB ? ram : 3 * GIB;
	return ram < 0xb0000000 ? ram : 2 * GIB;
}

static bool virt_ram_offset(const struct machine *m, uint64_t gpa, uint64_t *offset, uint64_t *run)
{
	uint64_t ram = m->memory_mb * MIB;

	if (gpa < GIB || gpa - GIB >= ram)
		return false;
	*offset = gpa - GIB;
	*run = ram - *offset;
	return true;
}

bool machine_ram_offset(const struct machine *m, uint64_t gpa, uint64_t *offset, uint64_t *run)
{
	uint64_t ram = m->memory_mb * MIB, low = low_ram(m);

	if (m->kind == MACHINE_VIRT)
		return virt_ram_offset(m, gpa, offset, run);

	if (gpa < low) {
		*offset = gpa;
		*run = low - gpa;
		return true;
	}
	if (gpa < 4 * GIB || gpa - 4 * GIB >= ram - low)
		return false;
	*offset = low + (gpa - 4 * GIB);
	*run = ram - *offset;
	return true;
}

static const char *const kind_names[] = {
	[MACHINE_MICROVM] = "microvm",
	[MACHINE_Q35] = "q35",
	[MACHINE_VIRT] = "virt",
};

void machine_write(FILE *f, const struct machine *m)
{
	fprintf(f, "machine %s%s\n", kind_names[m->kind], m->seabios ? SEABIOS : "");
	fprintf(f, "accel %s\n", m->serial ? SERIAL : accel_name(m->accel));
	fputs("topology ", f);
	topology_write(f, &m->topo);
	fprintf(f, "\nmemory_mb %u\n", m->memory_mb);
	fprintf(f, "virtio %s\n", m->pci ? "pci" : "mmio");
	fprintf(f, "tsc_khz %lu\n", m->tsc_khz);
	fprintf(f, "host_cpu %s\n", m->host_cpu[0] ? m->host_cpu : "-");
	fprintf(f, "perf %s\n", m->perf ? "on" : "off");
	/* These are left out where there is nothing to say, as before there was. */
	if (m->clock.virtual) {
		fputs("clock ", f);
		clock_write(f, &m->clock);
		fputs("\n", f);
	}
	if (*m->boot)
		fprintf(f, "boot %s\n", m->boot);
}

static int one_of(const char *value, const char *zero, const char *one, struct err *e)
{
	if (!strcmp(value, zero))
		return 0;
	if (!strcmp(value, one))
		return 1;
	return err_set(e, X_FAIL, "machine description: '%s' is neither %s nor %s", value, zero, one);
}

static int number(const char *value, unsigned long max, unsigned long *out, struct err *e)
{
	char rest;

	if (strlen(value) > 18 || strspn(value, "0123456789") != strlen(value) ||
	    sscanf(value, "%lu%c", out, &rest) != 1 || *out > max)
		return err_set(e, X_FAIL, "machine description: '%s' is not a number up to %lu", value, max);
	return 0;
}

static int read_kind(struct machine *m, const char *value, struct err *e)
{
	m->seabios = !strcmp(value, "q35" SEABIOS);
	if (m->seabios) {
		m->kind = MACHINE_Q35;
		return 0;
	}
	for (size_t i = 0; i < countof(kind_names); i++) {
		if (strcmp(value, kind_names[i]) != 0)
			continue;
		m->kind = (enum machine_kind)i;
		return 0;
	}
	return err_set(e, X_FAIL, "machine description: '%s' is not a machine", value);
}

static int host_cpu(struct machine *m, const char *value, struct err *e)
{
	if (!*value || strlen(value) >= sizeof(m->host_cpu) || strpbrk(value, " ,"))
		return err_set(e, X_FAIL, "machine description: '%.100s' is not a processor", value);
	strcpy(m->host_cpu, strcmp(value, "-") != 0 ? value : "");
	return 0;
}

static int boot_words(struct machine *m, const char *value, struct err *e)
{
	for (const char *at = value; *at; at++)
		if (*at < ' ' || *at > '~')
			return err_set(e, X_FAIL, "machine description: words for a kernel are no such text");
	if (!*value || strlen(value) > MACHINE_BOOT_MAX)
		return err_set(e, X_FAIL, "machine description: words for a kernel have 1 to %d bytes",
			       MACHINE_BOOT_MAX);
	strcpy(m->boot, value);
	return 0;
}

enum key {
	KEY_MACHINE,
	KEY_ACCEL,
	KEY_TOPOLOGY,
	KEY_MEMORY,
	KEY_VIRTIO,
	KEY_TSC,
	KEY_CPU,
	KEY_PERF,
	KEY_CLOCK,
	KEY_BOOT,
	KEYS
};

static int set_value(struct machine *m, enum key key, const char *value, struct err *e)
{
	unsigned long v = 0;
	int r = 0;

	switch (key) {
	case KEY_MACHINE:
		r = read_kind(m, value, e);
		break;
	case KEY_ACCEL:
		m->serial = !strcmp(value, SERIAL);
		r = m->serial ? 0 : one_of(value, accel_name(ACCEL_TCG), accel_name(ACCEL_KVM), e);
		m->accel = r > 0 ? ACCEL_KVM : ACCEL_TCG;
		break;
	case KEY_TOPOLOGY:
		r = topology_parse(&m->topo, value, e);
		break;
	case KEY_MEMORY:
		r = number(value, TOPO_MEMORY_MB_MAX, &v, e);
		m->memory_mb = (unsigned)v;
		break;
	case KEY_VIRTIO:
		r = one_of(value, "mmio", "pci", e);
		m->pci = r > 0;
		break;
	case KEY_TSC:
		r = number(value, 100000000, &m->tsc_khz, e);
		break;
	case KEY_CPU:
		r = host_cpu(m, value, e);
		break;
	case KEY_PERF:
		r = one_of(value, "off", "on", e);
		m->perf = r > 0;
		break;
	case KEY_CLOCK:
		r = clock_read(&m->clock, value, e);
		break;
	default:
		r = boot_words(m, value, e);
		break;
	}
	return r < 0 ? err_as(e, X_FAIL, "machine description") : 0;
}

static int read_line(struct machine *m, const char *line, unsigned *seen, struct err *e)
{
	static const char *const keys[KEYS] = { "machine", "accel",    "topology", "memory_mb", "virtio",
						"tsc_khz", "host_cpu", "perf",     "clock",     "boot" };
	size_t n = strcspn(line, " ");

	for (unsigned i = 0; line[n] && i < KEYS; i++) {
		if (strlen(keys[i]) != n || strncmp(line, keys[i], n))
			continue;
		if (*seen & 1u << i)
			return err_set(e, X_FAIL, "machine description: %s twice", keys[i]);
		*seen |= 1u << i;
		return set_value(m, (enum key)i, line + n + 1, e);
	}
	return err_set(e, X_FAIL, "machine description: unknown line '%.100s'", line);
}

static int sound(const struct machine *m, struct err *e)
{
	if (topology_check_memory(&m->topo, m->memory_mb, e) < 0)
		return err_as(e, X_FAIL, "machine description");
	if (m->kind == MACHINE_MICROVM && m->topo.llcs > 1)
		return err_set(e, X_FAIL, "machine description: a microvm has one LLC, not %u", m->topo.llcs);
	if (m->kind == MACHINE_MICROVM && machine_x2apic(m))
		return err_set(e, X_FAIL, "machine description: a microvm has no APIC ids past %u", TOPO_XAPIC_LAST);
	if (m->kind == MACHINE_Q35 && !m->pci)
		return err_set(e, X_FAIL, "machine description: a q35 has its virtio devices on PCI");
	if (m->clock.virtual && (m->accel != ACCEL_TCG || m->kind == MACHINE_VIRT || m->perf))
		return err_set(e, X_FAIL, "machine description: a machine like this has no virtual time");
	return 0;
}

int machine_read(struct machine *m, const char *text, size_t n, struct err *e)
{
	auto_free char *copy = xstrndup(text, n);
	struct machine parsed = { 0 };
	unsigned seen = 0;
	char *save = NULL;

	if (strlen(copy) != n)
		return err_set(e, X_FAIL, "machine description: it is not text");
	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (read_line(&parsed, line, &seen, e) < 0)
			return -1;
	if ((seen | 1u << KEY_CLOCK | 1u << KEY_BOOT) != (1u << KEYS) - 1)
		return err_set(e, X_FAIL, "machine description: a line is missing");
	if (sound(&parsed, e) < 0)
		return -1;
	*m = parsed;
	return 0;
}

uint64_t machine_end(const struct machine *m)
{
	uint64_t ram = (uint64_t)m->memory_mb << 20;

	return ram <= 2ull << 30 ? ram : ram + (4ull << 30);
}
