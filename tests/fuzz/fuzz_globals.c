/* fuzz_globals.c: a scheduler's file, in which names of variables and maps are looked for. */
#include "fuzz.h"

#include <bpf/btf.h>
#include <elf.h>

#include "trial/globals.h"

enum { STRINGS = 64 + 3 * 64, TYPES = STRINGS + 16 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct btf *b = btf__new_empty();
	int number = btf__add_int(b, "int", 4, BTF_INT_SIGNED), x = btf__add_var(b, "x", BTF_VAR_STATIC, number);
	Elf64_Ehdr h = { .e_machine = EM_BPF,
			 .e_shoff = sizeof(h),
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 3,
			 .e_shstrndx = 2 };
	struct globals g = { 0 };
	char file[1024] = { 0 };
	uint32_t n;

	(void)argc, (void)argv;
	btf__add_datasec(b, ".bss", 4);
	btf__add_datasec_var_info(b, x, 0, 4);
	const void *types = btf__raw_data(b, &n);
	const Elf64_Shdr s[3] = {
		[1] = { .sh_name = 1, .sh_offset = TYPES, .sh_size = n }, [2] = { .sh_offset = STRINGS, .sh_size = 16 }
	};

	memcpy(h.e_ident, ELFMAG "\2\1\1", 7);
	memcpy(file, &h, sizeof(h));
	memcpy(file + sizeof(h), s, sizeof(s));
	memcpy(file + STRINGS, "\0.BTF", 6);
	memcpy(file + TYPES, types, n);
	MUST(globals_read(&g, file, TYPES + n) && globals_has_var(&g, "x"));
	globals_free(&g);
	fuzz_seed("one", file, TYPES + n);
	btf__free(b);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct globals g = { 0 };

	if (globals_read(&g, data, n))
		for (size_t i = 0; i < g.vars.n; i++)
			MUST(globals_has_var(&g, g.vars.v[i]));
	else
		MUST(!g.vars.n || !globals_has_var(&g, ""));
	(void)globals_has_map(&g, ".bss");
	globals_free(&g);
	return 0;
}
