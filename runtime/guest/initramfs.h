/* initramfs.h: the smallest root a kernel can start ktstr-init from. */
#pragma once
#include <stddef.h>
struct err;

/* Writes a newc cpio with /init and /dev/console to a new file name in folder dir. The same init gives the same bytes. */
int initramfs_write(int dir, const char *name, const char *init, struct err *e);
/* The same for one with /boot/config of this text; init names it after the release. It is where libbpf looks for the values of
 * __kconfig variables when the kernel has no /proc/config.gz. */
int initramfs_write_config(int dir, const char *name, const char *text, size_t n, struct err *e);
/* A file without a name, open, in which more stands behind base: the kernel unpacks one after the other. */
int initramfs_join(const char *base, const char *more, struct err *e);
