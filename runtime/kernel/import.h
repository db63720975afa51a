/* import.h: kernels somebody else built: .deb, .rpm, bare images, the running kernel.
 *
 * Packages of one kernel are given together; each contributes what it has: the image (boot/vmlinuz-*, or
 * lib/modules/…/vmlinuz below any prefix), the configuration (boot/config-*, lib/modules/…/config), debug symbols
 * (vmlinux). Packages are read as streams with libarchive, nothing but these members is unpacked, sizes are bounded. */
#pragma once
#include <stddef.h>
struct err;

struct import_facts {
	char release[128];
	char version[32];  /* leading "D.D[.D][-rcN]" of release */
	int has_config;
};

/* Fills folder dir with "bzImage", "vmlinux" (unpacked, or the debug one when given), "config" when known, and
 * "release". Refuses with X_NO_SCX a kernel without CONFIG_SCHED_CLASS_EXT (or, without configuration, without
 * struct sched_ext_ops in its BTF), saying what is missing; X_BAD_KERNEL for damaged input; packages of different
 * kernels together are X_BAD_KERNEL too, naming both. */
int import_unpack(const char *const *files, size_t n, int dir, const char *path, struct import_facts *f, struct err *e);
/* Files of the running kernel: /boot/vmlinuz-{r}, /lib/modules/{r}/vmlinuz, configuration, vmlinux, that exist.
 * NULL-ended, caller frees. */
int import_running(char ***files, struct err *e);
