/* elfneeds.h: what a 64-bit ELF file asks of the dynamic linker. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

struct elf_needs {
	uint16_t machine;
	bool dynamic, is_program;
	char *interp;
	char **needed;
	size_t n_needed;
	char *soname, *rpath, *runpath; /* NULL: it has none; the last two may be "" */
};

/* From memory, hostile. X_BAD_SCHED with what it is instead, to be put behind its name. */
int elf_needs_parse(struct elf_needs *n, const void *data, size_t len, struct err *e);
/* Of a file for this machine (EM_X86_64 …). X_NO_INPUT: it cannot be read; X_BAD_SCHED: it is something else. Its name is in
 * the message. */
int elf_needs_file(struct elf_needs *n, const char *path, uint16_t machine, struct err *e);
void elf_needs_free(struct elf_needs *n);
