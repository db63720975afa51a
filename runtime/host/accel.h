/* accel.h: does KVM work here?
 *
 * Opening /dev/kvm proves nothing: on nested or paravirtual hosts a VM can be created that dies on the first BMI
 * instruction of a decompressor. So the probe runs a few ordinary long-mode instructions, VEX-encoded ones among them,
 * in a VM of a few pages and looks at how it exits. */
#pragma once
#include <stdbool.h>
struct arch;
struct err;

enum accel { ACCEL_TCG, ACCEL_KVM };
enum accel_kvm { KVM_WORKS, KVM_MISSING, KVM_FORBIDDEN, KVM_BROKEN };

struct accel_probe {
	enum accel_kvm kvm;
	char why[256];         /* one line for people; "" when it works */
	unsigned long tsc_khz; /* of the host, 0 unknown (needed on TCG guests' command line, see machine.h) */
};

/* Runs the probe: at most 2 s (10 s on an emulated host), in a child, so that a hang costs no more. */
int accel_probe(struct accel_probe *p, struct err *e);
/* The answer remembered per boot of this host and its /dev/kvm in {store}/host/{boot_id}; runs the probe when there is none. */
int accel_cached(struct accel_probe *p, const char *store, struct err *e);
/* Runs the probe whatever is remembered, and remembers that. */
int accel_renewed(struct accel_probe *p, const char *store, struct err *e);
/* want: "auto", "kvm", "tcg". kvm that is not usable: X_NO_KVM or X_KVM_UNUSABLE with what to do. KVM runs guests of this
 * machine's architecture only. */
int accel_choose(enum accel *a, const struct arch *guest, const char *want, const struct accel_probe *p, struct err *e);
const char *accel_name(enum accel a);
/* This host is itself emulated by QEMU (TCG), so that what KVM runs here is slow as well. */
bool accel_host_emulated(void);
/* What "-cpu host" means here: "GenuineIntel-6-143-8": vendor, family, model, stepping; with "-topoext" behind it one of AMD
 * that tells its caches in leaves of its own. Caller frees. */
char *accel_host_cpu(void);
