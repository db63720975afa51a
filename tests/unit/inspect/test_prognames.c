/* test_prognames.c: whole names of programs, from BTF as the kernel keeps it and from BTF it never would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_progs.h"

#define LONG \
	"ktstr_a_name_of_more_than_one_hundred_and_twenty_seven_characters_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static void far_type(struct fake_guest *g, uint64_t btf)
{
	fg_u32(g, btf + 72, 3);
}

static void far_string(struct fake_guest *g, uint64_t btf)
{
	fg_u32(g, btf + 60, 20);
}

static void on_a_base(struct fake_guest *g, uint64_t btf)
{
	fg_u64(g, btf + 104, g->base + btf);
}

static void wild_types(struct fake_guest *g, uint64_t btf)
{
	fg_u64(g, btf + 8, 0x123456789abc0000ull);
}

static void wild_strings(struct fake_guest *g, uint64_t btf)
{
	fg_u64(g, btf + 24, UINT64_MAX - 4);
}

static void no_function(struct fake_guest *g, uint64_t btf)
{
	uint64_t types, type;

	memcpy(&types, g->ram + btf + 8, sizeof(types));
	memcpy(&type, g->ram + (types - g->base) + 24, sizeof(type));
	fg_u32(g, type - g->base + 4, 4u << 24);
}

/* Without an end before its BTF ends, and far behind it. */
static void endless_string(struct fake_guest *g, uint64_t btf)
{
	uint64_t strings;

	memcpy(&strings, g->ram + btf + 24, sizeof(strings));
	memset(g->ram + (strings - g->base) + 4090 - 23, 'k', 2000);
	memcpy(g->ram + (strings - g->base) + 4090 - 23, "ktstr_dispatch_", 15);
	fg_u32(g, btf + 60, UINT32_MAX);
}

static void no_info(struct fake_guest *g, uint64_t btf)
{
	(void)btf;
	for (uint64_t at = FG_FREE; at < g->next; at += 4096)
		if (!memcmp(g->ram + at + 968, "ktstr_dispatch_", 15))
			fg_u32(g, at + 72, 0);
}

/* What the kernel cut, from the program's BTF; whatever that is, the short name is still there. */
static void test_whole_names(void **state)
{
	static const struct {
		const char *kept, *func;
		void (*spoil)(struct fake_guest *, uint64_t btf);
		const char *name;
	} cases[] = {
		{ "ktstr_dispatch_", "ktstr_dispatch_of_all_cpus", NULL, "ktstr_dispatch_of_all_cpus" },
		{ "ktstr_dispatch_", "ktstr_dispatch_", NULL, "ktstr_dispatch_" },
		{ "ktstr_init", "ktstr_init", NULL, "ktstr_init" },
		{ "ktstr_init", "ktstr_initialize_all", NULL, "ktstr_init" },
		{ "renamed_by_load", "ktstr_dispatch_of_all_cpus", NULL, "renamed_by_load" },
		{ "ktstr_dispatch_", "ktstr_dispatch_\x1b[31m red", NULL, "ktstr_dispatch_?[31m?red" },
		{ "ktstr_a_name_of", LONG, NULL, LONG },
		{ "ktstr_dispatch_", "ktstr_dispatch_of_cpus0", far_type, "ktstr_dispatch_" },
		{ "ktstr_dispatch_", "ktstr_dispatch_of_cpus0", far_string, "ktstr_dispatch_" },
		{ "ktstr_dispatch_", "ktstr_dispatch_of_cpus0", on_a_base, "ktstr_dispatch_" },
		{ "ktstr_dispatch_", "ktstr_dispatch_of_cpus0", wild_types, "ktstr_dispatch_" },
		{ "ktstr_dispatch_", "ktstr_dispatch_of_cpus0", wild_strings, "ktstr_dispatch_" },
		{ "ktstr_dispatch_", "ktstr_dispatch_of_cpus0", no_function, "ktstr_dispatch_" },
		{ "ktstr_dispatch_", "ktstr_dispatch_of_cpus0", no_info, "ktstr_dispatch_" },
		{ "ktstr_dispatch_", "ktstr_dispatch_of_cpus0", endless_string, NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct fake_guest g;
		auto_kmem struct kmem m = { 0 };
		auto_progs struct progs p = { 0 };
		uint64_t prog, btf;

		open_guest(&g, &m);
		prog = fg_prog(&g, 0, FG_STRUCT_OPS, cases[i].kept);
		btf = fg_btf(&g, prog, cases[i].func);
		if (cases[i].spoil)
			cases[i].spoil(&g, btf);
		fg_idr(&g, g.base + prog, 1);
		read_fine(&p, &m, &fg_layout);
		assert_int_equal(p.n, 1);
		assert_string_equal(p.v[0].short_name, cases[i].kept);
		assert_int_equal(strnlen(p.v[0].name, PROG_NAME_MAX) < PROG_NAME_MAX, 1);
		if (cases[i].name)
			assert_memory_equal(p.v[0].name, cases[i].name, strnlen(cases[i].name, PROG_NAME_MAX - 1));
		else
			assert_int_equal(strlen(p.v[0].name), PROG_NAME_MAX - 1);
		fg_close(&g);
	}
}

static void test_names_fit(void **state)
{
	static const struct {
		const char *a, *b;
		bool fit;
	} cases[] = {
		{ "init", "init", true },
		{ "init", "initialize", false },
		{ "fifteen_letters", "fifteen_letters_and_more", true },
		{ "fifteen_letters", "fifteen_lettres_and_more", false },
		{ "fifteen_letters_a", "fifteen_letters_and_more", false },
		{ "fifteen_letters_a", "fifteen_letters_b", false },
		{ "", "", true },
		{ "", "a", false },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(prog_names_fit(cases[i].a, cases[i].b), cases[i].fit);
		assert_int_equal(prog_names_fit(cases[i].b, cases[i].a), cases[i].fit);
	}
}

/* bpf_prog comes from vmalloc: two pages of it need not be neighbours. */

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_names),
		cmocka_unit_test(test_names_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
