/* test_globals.c: names in a scheduler's file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/btf.h>
#include <elf.h>
#include <string.h>

#include "base/mem.h"
#include "trial/globals.h"

enum { ROOM = 4096, AT = 100 /* of the object in its file */ };

/* Variables x and late_bound in .bss, a map "a_map_with_a_long_name" and callbacks "my_ops". */
static struct btf *btf_of(void)
{
	struct btf *b = btf__new_empty();
	int number = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	int x = btf__add_var(b, "x", BTF_VAR_GLOBAL_ALLOCATED, number);
	int y = btf__add_var(b, "late_bound", BTF_VAR_STATIC, number);
	int map = btf__add_var(b, "a_map_with_a_long_name", BTF_VAR_GLOBAL_ALLOCATED, number);
	int ops = btf__add_var(b, "my_ops", BTF_VAR_GLOBAL_ALLOCATED, number);

	btf__add_datasec(b, ".bss", 8);
	btf__add_datasec_var_info(b, x, 0, 4);
	btf__add_datasec_var_info(b, y, 4, 4);
	btf__add_datasec(b, ".maps", 4);
	btf__add_datasec_var_info(b, map, 0, 4);
	btf__add_datasec(b, ".struct_ops.link", 4);
	btf__add_datasec_var_info(b, ops, 0, 4);
	return b;
}

/* A program's file with an object in it, whose section of types is called that. */
static void file_of(char file[ROOM], const char *section)
{
	struct btf *b = btf_of();
	Elf64_Ehdr h = { .e_type = ET_REL,
			 .e_machine = EM_BPF,
			 .e_version = EV_CURRENT,
			 .e_ehsize = sizeof(h),
			 .e_shoff = sizeof(h),
			 .e_shentsize = sizeof(Elf64_Shdr),
			 .e_shnum = 3,
			 .e_shstrndx = 2 };
	uint32_t n;
	const void *types = btf__raw_data(b, &n);
	Elf64_Shdr s[3] = {
		{ 0 },
		{ .sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = sizeof(h) + sizeof(s) + 64, .sh_size = n },
		{ .sh_name = 0, .sh_type = SHT_STRTAB, .sh_offset = sizeof(h) + sizeof(s), .sh_size = 64 },
	};

	memset(file, 0, ROOM);
	memcpy(file, ELFMAG, SELFMAG);
	memcpy(h.e_ident, ELFMAG, SELFMAG);
	h.e_ident[EI_CLASS] = ELFCLASS64;
	h.e_ident[EI_DATA] = ELFDATA2LSB;
	h.e_ident[EI_VERSION] = EV_CURRENT;
	memcpy(file + AT, &h, sizeof(h));
	memcpy(file + AT + sizeof(h), s, sizeof(s));
	strcpy(file + AT + sizeof(h) + sizeof(s) + 1, section);
	assert_true(AT + s[1].sh_offset + n < ROOM);
	memcpy(file + AT + s[1].sh_offset, types, n);
	btf__free(b);
}

static void names(void **state)
{
	static const struct {
		const char *ending;
		bool there;
	} maps[] = { { "a_map_with_a_lo", true }, { "_lo", true },  { "a_map_with_a_long_name", false },
		     { "my_ops", true },          { ".bss", true }, { "o.bss", true },
		     { "rodata", false },         { "map", false } };
	auto_globals struct globals g = { 0 };
	char file[ROOM];

	(void)state;
	file_of(file, ".BTF");
	assert_true(globals_read(&g, file, sizeof(file)));
	assert_true(globals_has_var(&g, "x") && globals_has_var(&g, "late_bound"));
	assert_false(globals_has_var(&g, "my_ops") || globals_has_var(&g, "late") || globals_has_var(&g, ""));
	for (size_t i = 0; i < sizeof(maps) / sizeof(*maps); i++)
		if (globals_has_map(&g, maps[i].ending) != maps[i].there)
			fail_msg("%s", maps[i].ending);
}

/* Files without an object, and those whose object does not tell, say nothing. */
static void unknown(void **state)
{
	auto_globals struct globals g = { 0 };
	char file[ROOM];

	(void)state;
	file_of(file, ".TXT");
	assert_false(globals_read(&g, file, sizeof(file)));
	file_of(file, ".BTF");
	for (size_t n = 0; n < sizeof(file); n += 7) {
		globals_free(&g);
		(void)globals_read(&g, file, n);
	}
	globals_free(&g);
	file[AT + EI_CLASS] = ELFCLASS32;
	assert_false(globals_read(&g, file, sizeof(file)));
	assert_int_equal(g.vars.n + g.maps.n + g.sections.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names), cmocka_unit_test(unknown) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
