#include "arch/elf.h"

#include <string.h>

bool elf_is(const void *data, size_t n)
{
	return n >= SELFMAG && !memcmp(data, ELFMAG, SELFMAG);
}

static bool fits(uint64_t n, uint64_t off, uint64_t len)
{
	return off <= n && len <= n - off;
}

bool elf_inside(const struct elf *f, uint64_t off, uint64_t len)
{
	return fits(f->n, off, len);
}

enum elf_fault elf_open(struct elf *f, const void *data, size_t n)
{
	*f = (struct elf){ .p = data, .n = n };
	if (!elf_is(data, n))
		return ELF_NONE;
	if (n < EI_NIDENT)
		return ELF_CUT;
	if (f->p[EI_CLASS] != ELFCLASS64 || f->p[EI_DATA] != ELFDATA2LSB)
		return ELF_CLASS;
	if (n < sizeof(f->h))
		return ELF_CUT;
	memcpy(&f->h, data, sizeof(f->h));
	if (f->h.e_phnum && f->h.e_phentsize != sizeof(Elf64_Phdr))
		return ELF_DAMAGED;
	return !f->h.e_phnum || elf_inside(f, f->h.e_phoff, f->h.e_phnum * sizeof(Elf64_Phdr)) ? ELF_FINE : ELF_OUTSIDE;
}

Elf64_Phdr elf_phdr(const struct elf *f, size_t i)
{
	Elf64_Phdr p;

	memcpy(&p, f->p + f->h.e_phoff + i * sizeof(p), sizeof(p));
	return p;
}

bool elf_shdr(const struct elf *f, size_t i, Elf64_Shdr *s)
{
	if (f->h.e_shentsize != sizeof(*s) || i >= f->h.e_shnum ||
	    !elf_inside(f, f->h.e_shoff, f->h.e_shnum * sizeof(*s)))
		return false;
	memcpy(s, f->p + f->h.e_shoff + i * sizeof(*s), sizeof(*s));
	return true;
}

bool elf_section(const struct elf *f, const char *name, Elf64_Shdr *found)
{
	Elf64_Shdr names, s;
	size_t len = strlen(name) + 1;

	if (!elf_shdr(f, f->h.e_shstrndx, &names) || names.sh_type == SHT_NOBITS ||
	    !elf_inside(f, names.sh_offset, names.sh_size))
		return false;
	for (size_t i = 1; elf_shdr(f, i, &s); i++) {
		if (!fits(names.sh_size, s.sh_name, len) || memcmp(f->p + names.sh_offset + s.sh_name, name, len) != 0)
			continue;
		*found = s;
		return true;
	}
	return false;
}
