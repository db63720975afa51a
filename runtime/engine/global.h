/* global.h: variables and maps of the BPF programs in the kernel, found by their names and BTF, and written.
 *
 * What stands in BTF was written by whoever loaded the programs: every length and index of it is checked. */
#pragma once
#include "engine/trouble.h"
#include <stddef.h>
#include <stdint.h>

/* Sets a global variable of 1, 2, 4 or 8 bytes; of several programs that have one of that name, the newest one's. ENDS_TEXT: there is
 * none, it is no number, or it is constant. */
int global_set(const char *name, int64_t value, struct trouble *t);
/* Writes 32 bits, in the machine's order, into the first entry of the newest map whose name ends so. ENDS_TEXT: there is none, or its
 * entries end before. */
int global_write_map(const char *ending, unsigned offset, uint32_t value, struct trouble *t);

/* Of n bytes of BTF: the variable's place in the data section of that type id. For tests. */
struct global_place {
	uint32_t offset, size;
};
enum global_found { GLOBAL_NONE, GLOBAL_FOUND, GLOBAL_NO_NUMBER };
enum global_found global_find(const void *btf, size_t n, uint32_t section, const char *name, struct global_place *at);
