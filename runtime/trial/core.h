/* core.h: a stopped guest's memory and registers as an ELF core, for gdb and drgn. */
#pragma once
struct err;
struct kmem;
struct vm;

/* path: an absolute one; the file is there whole, or not at all. COREFILE_NOTED or COREFILE_BARE (corefile.h). X_DISK_FULL: there is no
 * room for all of the guest's memory, which is said before any of it is written. */
int core_write(struct vm *vm, const struct kmem *m, const char *path, struct err *e);
