/* initramfs.h: the smallest root a kernel can start ktstr-init from. */
#pragma once
struct err;

/* Writes a newc cpio with /init and /dev/console to a new file name in folder dir. The same init gives the same bytes. */
int initramfs_write(int dir, const char *name, const char *init, struct err *e);
