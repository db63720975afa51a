/* changed.h: what of a guest's memory differs from the snapshot that it was continued from. */
#pragma once
#include "attach/pages.h"
struct err;
struct vm;

/* Into fd, an empty file, as pages.h has it. The guest has memory of its own (vm_restore_own) and stands still. */
int changed_write(struct vm *vm, const char *snapshot_dir, int fd, struct err *e);
/* Lays them over the memory of a guest that was just made from the snapshot. */
int changed_lay(struct vm *vm, int fd, struct err *e);
