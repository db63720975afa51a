/* machine.h: a guest's virtual hardware, and the QEMU command line that makes it.
 *
 * One LLC on x86_64 is a microvm; more are q35 with sockets = nodes, dies = LLCs per node (one socket where nodes have
 * different numbers of LLCs) and one memory backend per node. On aarch64 all are virt. Everything that decides guest-visible hardware is in struct
 * machine, so a restored guest gets exactly the arguments it was saved with. Facts behind the arguments: docs/vm.md. */
#pragma once
#include "host/accel.h"
#include "clock/clock.h"
#include "vm/qemu.h"
#include "topology/topology.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
struct arch;
struct argv;
struct err;

/* Bytes of further words for a kernel: its command line has 2048 (COMMAND_LINE_SIZE of x86 and arm64), of which some 400 are ours. */
enum { MACHINE_BOOT_MAX = 1200 };
enum machine_kind { MACHINE_MICROVM, MACHINE_Q35, MACHINE_VIRT };

struct machine {
	enum machine_kind kind;
	enum accel accel;
	struct topology topo;
	unsigned memory_mb;
	bool pci;              /* virtio over PCI (also on microvm); false: virtio-mmio, not on q35 */
	unsigned long tsc_khz; /* TCG: tsc_early_khz= on the command line; without it half of the boots hang */
	char host_cpu[40];     /* KVM: the processor the guest's is a copy of (accel_host_cpu); "" with TCG */
	bool seabios;          /* QEMU has no qboot.rom */
	struct clock clock;    /* virtual: TCG only, and what is said below as "serial" */
	bool serial;           /* TCG: one thread of the host runs all vCPUs in turn (machine_settle) */
	bool perf;             /* performance mode: host CPUs of its own (host/perf.h); with KVM the guest is told */
	char boot[MACHINE_BOOT_MAX + 1]; /* further words of the kernel's command line (machine_boot); "" none */
};

/* kind from the architecture and the topology. virtio_mmio: the kernel has VIRTIO_MMIO built in (the device is found
 * through ACPI, or on virt in the device tree). */
void machine_plan(struct machine *m, const struct arch *arch, const struct topology *t, unsigned memory_mb,
		  enum accel a, unsigned long tsc_khz, bool virtio_mmio);
/* After that. X_USAGE: what it is cannot run in virtual time. */
int machine_set_clock(struct machine *m, const struct clock *c, struct err *e);
/* After that: what else its kernel is told. sysctls are NAME=VALUE, which PID 1 sets; kargs parameters as they stand. X_USAGE: a word
 * cannot stand there, or they are too long. */
int machine_boot(struct machine *m, const char *const *sysctls, size_t n_sysctls, const char *const *kargs,
		 size_t n_kargs, struct err *e);
const struct arch *machine_arch(const struct machine *m);

/* Whether the QEMU that says this of its --version can be this machine, and its memory is enough: X_USAGE, X_NO_QEMU. Fills
 * serial and seabios; one LLC becomes a q35 where QEMU has no microvm. */
int machine_settle(struct machine *m, const char *qemu, const struct qemu_parts *parts, struct err *e);
/* After a panic that QEMU may have caused (machine_settle tells how; rare since 8.1, and still seen with 10.0.2): from now on the
 * vCPUs of an emulated guest take turns. Returns false when they do already or there is but one. */
bool machine_take_turns(struct machine *m);
/* One thread of the host runs all vCPUs: of a machine with one, in virtual time, and where it was settled so. */
bool machine_takes_turns(const struct machine *m);
/* Has ports to ring by (guest/board.h). Not with KVM: in an emulated KVM host (tests/long/kvm.sh) PID 1 of a continued guest faults at
 * its first byte to a port, and no other was there to try. */
bool machine_has_board(const struct machine *m);
/* Has APIC ids that take x2APIC and interrupt remapping. */
bool machine_x2apic(const struct machine *m);

/* How QEMU maps the RAM's files. A guest made from a snapshot gets them copy-on-write; READONLY: QEMU may not open them
 * for writing (8.2 and later can live with that). */
enum ram_mode { RAM_SHARED, RAM_PRIVATE, RAM_PRIVATE_READONLY };

/* Descriptors handed to QEMU (socketpair ends, inherited under these numbers) and files it opens. */
struct machine_wires {
	int qmp, chan, console; /* all pre-connected sockets; in virtual time there is no chan, and console is a file */
	int ring, gate;         /* of a board (guest/board.h); gate: of virtual time */
	int ram[TOPO_MAX_NODES]; /* one backing file per node, inherited as well */
	enum ram_mode ram_mode;
	unsigned host_node[TOPO_MAX_NODES]; /* host node each node's RAM is to be from, counted from 1; 0: any */
	bool sandbox; /* QEMU gives up system calls it does not need; not every QEMU can, nor on every host */
	const char
		*kernel; /* vmlinux with a PVH note, bzImage or Image; NULL: wait for a saved state (-incoming defer) */
	const char *initrd;
};
/* What QEMU is told for that: it starts no programs, takes no rights, and does not move its threads or change their priority
 * (host/pin.h does, from outside). A QEMU without it names the option when it gives up. */
#define MACHINE_SANDBOX "-sandbox"
/* The whole command, argv[0] the architecture's QEMU. */
void machine_args(struct argv *a, const struct machine *m, const struct machine_wires *w);

/* RAM of one node; the last one has what is left over by a division into whole MiB. */
uint64_t machine_node_bytes(const struct machine *m, unsigned node);

/* Guest-physical address to offset in the node backends' concatenation, by QEMU's memory map of this machine
 * (hw/i386/microvm.c, pc_q35.c: RAM below the PCI hole, the rest from 4 GiB on; hw/arm/virt.c: all from 1 GiB on). Returns false outside of RAM.
 * *run: bytes from there that stay contiguous. */
bool machine_ram_offset(const struct machine *m, uint64_t gpa, uint64_t *offset, uint64_t *run);

/* As lines "key value", for recipes and a snapshot's description. */
void machine_write(FILE *f, const struct machine *m);
int machine_read(struct machine *m, const char *text, size_t n, struct err *e);
/* No guest-physical address of its RAM is above: what does not fit below the PCI hole goes on at 4 GiB. */
uint64_t machine_end(const struct machine *m);
