/* import.h: kernels somebody else built: .deb, .rpm, tars, bare images, the running kernel.
 *
 * Packages of one kernel are given together; each contributes what it has: the image (boot/vmlinuz-*, or
 * lib/modules/…/vmlinuz below any prefix), the configuration (boot/config-*, lib/modules/…/config), debug symbols
 * (vmlinux). Bare files may be the same three, compressed or not (/proc/config.gz); an image may be a
 * unified one (uki.h), whose kernel is taken out. Packages are read as
 * streams with libarchive, nothing but these members is unpacked, sizes are bounded. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct arch;
struct err;

struct import_facts {
	char release[128];
	char version[32]; /* leading "D.D[.D][-rcN]" of release; "" when it has none */
	const struct arch *arch;
	bool has_config;
	bool virtio_mmio; /* virtio-mmio and its command line parameter are built in */
};

/* Fills folder dir (absolute path given) with "bzImage" (the boot image as it was given, or out of a unified one), "vmlinux" (the ELF kernel
 * inside it, or the debug one without its DWARF when that can be booted) and "config" when known. When all there is is
 * an ELF kernel, "bzImage" is that. Refuses with X_NO_SCX a kernel without CONFIG_SCHED_CLASS_EXT (or, without
 * configuration, without struct sched_ext_ops in its BTF), saying what is missing; X_BAD_KERNEL for damaged input;
 * packages of different kernels together are X_BAD_KERNEL too, naming both. Leaves nothing else in dir. */
int import_unpack(const char *const *files, size_t n, int dir, const char *path, struct import_facts *f, struct err *e);
/* Files of the running kernel: /boot/vmlinuz-{r}, /lib/modules/{r}/vmlinuz, configuration, vmlinux, that exist.
 * X_NO_INPUT when its image is not there. NULL-ended; import_files_free(). */
int import_running(char ***files, struct err *e);
void import_files_free(char **files);
