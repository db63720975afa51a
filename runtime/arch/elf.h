/* elf.h: a 64-bit little-endian ELF file whose bytes may be anything: nothing is followed before it was checked against the
 * file, and headers are copied out, since nothing promises their alignment. */
#pragma once
#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf {
	const char *p; /* not owned */
	size_t n;
	Elf64_Ehdr h;
};

enum elf_fault {
	ELF_FINE,
	ELF_NONE,    /* another kind of file */
	ELF_CLASS,   /* 32 bits, or big-endian */
	ELF_CUT,     /* ends within its header */
	ELF_DAMAGED, /* program headers of another size */
	ELF_OUTSIDE, /* program headers behind the end of the file */
};
/* After ELF_FINE program headers can be read; sections may still be missing. */
enum elf_fault elf_open(struct elf *f, const void *data, size_t n);
bool elf_is(const void *data, size_t n);
/* Whether the file has len bytes at off. */
bool elf_inside(const struct elf *f, uint64_t off, uint64_t len);
/* i < h.e_phnum. */
Elf64_Phdr elf_phdr(const struct elf *f, size_t i);
/* Headers behind the end of a truncated file are as good as none: what matters then is missing too. */
bool elf_shdr(const struct elf *f, size_t i, Elf64_Shdr *s);
/* The first section of that name. Its content need not be inside. */
bool elf_section(const struct elf *f, const char *name, Elf64_Shdr *found);
