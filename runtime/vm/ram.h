/* ram.h: the files behind a guest's RAM, and what is in it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;
struct machine_wires;
struct vm;

/* New RAM files for all nodes in dir, or nameless ones when dir is NULL. */
int ram_create(struct vm *vm, const char *dir, struct err *e);
/* Removes such files, so that they can be made anew. dir NULL: there are none. */
int ram_forget(const char *dir, unsigned nodes, struct err *e);
/* Those of a snapshot, to be mapped privately. own: copies without a name, which QEMU leaves out of the state when that is saved
 * again. Sets the modes of mapping in w. */
int ram_open(struct vm *vm, const char *dir, bool own, struct machine_wires *w, struct err *e);
/* Where a process has all of that file mapped, by the text of its /proc/PID/maps: the first place. X_VM when it has not. */
int ram_find(FILE *maps, int fd, uint64_t *address, struct err *e);

/* Where QEMU has a node's RAM, in its own address space. */
int ram_address(struct vm *vm, unsigned node, uint64_t *address, struct err *e);

/* Guest-physical memory of a paused or running guest, by process_vm_readv/writev on QEMU. Bounded by the machine's RAM;
 * out of range is an error, never a partial copy. Reader for inspect: struct mem's read function. */
int vm_read_phys(void *vm, uint64_t gpa, void *buf, size_t n, struct err *e);
int vm_write_phys(struct vm *vm, uint64_t gpa, const void *buf, size_t n, struct err *e);
