/* fuzz_elf.c: what asks for what, from any ELF file. */
#include "fuzz.h"

#include "guest/elfneeds.h"
#include <elf.h>

enum { BASE = 0x1000, STR = 64 + 3 * 56, DYN = STR + 64, SIZE = DYN + 4 * 16 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char strings[] = "\0/lib64/ld.so\0libc.so.6\0$ORIGIN/lib";
	const Elf64_Phdr ph[] = {
		{ .p_type = PT_LOAD, .p_vaddr = BASE, .p_filesz = SIZE },
		{ .p_type = PT_DYNAMIC, .p_offset = DYN, .p_vaddr = BASE + DYN, .p_filesz = SIZE - DYN },
		{ .p_type = PT_INTERP, .p_offset = STR + 1, .p_filesz = 13 },
	};
	const Elf64_Dyn dyn[] = {
		{ DT_STRTAB, { BASE + STR } },
		{ DT_STRSZ, { sizeof strings } },
		{ DT_NEEDED, { 14 } },
		{ DT_RUNPATH, { 24 } },
	};
	Elf64_Ehdr eh = { .e_type = ET_DYN,
			  .e_machine = EM_X86_64,
			  .e_phoff = 64,
			  .e_phentsize = sizeof(Elf64_Phdr),
			  .e_phnum = countof(ph) };
	char file[SIZE] = { 0 };

	(void)argc, (void)argv;
	memcpy(eh.e_ident, ELFMAG "\2\1\1", 7);
	memcpy(file, &eh, sizeof eh);
	memcpy(file + 64, ph, sizeof ph);
	memcpy(file + STR, strings, sizeof strings);
	memcpy(file + DYN, dyn, sizeof dyn);
	fuzz_seed("program", file, sizeof file);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct elf_needs needs = { 0 };
	struct err e = { 0 };

	if (elf_needs_parse(&needs, data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	for (size_t i = 0; i < needs.n_needed; i++)
		MUST(needs.needed[i] && strlen(needs.needed[i]) < n);
	elf_needs_free(&needs);
	return 0;
}
