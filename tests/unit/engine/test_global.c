/* test_global.c: variables found in BTF, whole and damaged. tests/vm has a guest in which one is set. */
#include "engine/global.h"
#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct made {
	struct btf *btf;
	const void *data;
	uint32_t n, section;
};

static void make(struct made *m)
{
	int u32, u64, flag, wide, big;

	m->btf = btf__new_empty();
	assert_non_null(m->btf);
	u32 = btf__add_int(m->btf, "unsigned int", 4, 0);
	u64 = btf__add_int(m->btf, "unsigned long", 8, 0);
	flag = btf__add_volatile(m->btf,
				 btf__add_typedef(m->btf, "bool", btf__add_int(m->btf, "_Bool", 1, BTF_INT_BOOL)));
	big = btf__add_struct(m->btf, "big", 16);
	btf__add_field(m->btf, "a", u64, 0, 0);
	wide = btf__add_array(m->btf, u32, u32, 4);
	int vars[] = { btf__add_var(m->btf, "count", BTF_VAR_GLOBAL_ALLOCATED, u32),
		       btf__add_var(m->btf, "on", BTF_VAR_GLOBAL_ALLOCATED, flag),
		       btf__add_var(m->btf, "total", BTF_VAR_STATIC, u64),
		       btf__add_var(m->btf, "table", BTF_VAR_GLOBAL_ALLOCATED, wide),
		       btf__add_var(m->btf, "record", BTF_VAR_GLOBAL_ALLOCATED, big) };
	static const uint32_t at[][2] = { { 0, 4 }, { 4, 1 }, { 8, 8 }, { 16, 16 }, { 32, 16 } };

	m->section = (uint32_t)btf__add_datasec(m->btf, ".bss", 48);
	for (unsigned i = 0; i < 5; i++)
		btf__add_datasec_var_info(m->btf, vars[i], at[i][0], at[i][1]);
	m->data = btf__raw_data(m->btf, &m->n);
	assert_non_null(m->data);
}

static void found(void **state)
{
	static const struct {
		const char *name;
		enum global_found found;
		uint32_t offset, size;
	} cases[] = {
		{ "count", GLOBAL_FOUND, 0, 4 },      { "on", GLOBAL_FOUND, 4, 1 },
		{ "total", GLOBAL_FOUND, 8, 8 },      { "table", GLOBAL_NO_NUMBER, 0, 0 },
		{ "record", GLOBAL_NO_NUMBER, 0, 0 }, { "coun", GLOBAL_NONE, 0, 0 },
		{ "big", GLOBAL_NONE, 0, 0 },         { "", GLOBAL_NONE, 0, 0 },
	};
	struct global_place at;
	struct made m;

	(void)state;
	make(&m);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(global_find(m.data, m.n, m.section, cases[i].name, &at), cases[i].found);
		if (cases[i].found != GLOBAL_FOUND)
			continue;
		assert_int_equal(at.offset, cases[i].offset);
		assert_int_equal(at.size, cases[i].size);
	}
	assert_int_equal(global_find(m.data, m.n, 1, "count", &at), GLOBAL_NONE);
	assert_int_equal(global_find(m.data, m.n, 0, "count", &at), GLOBAL_NONE);
	assert_int_equal(global_find(m.data, m.n, UINT32_MAX, "count", &at), GLOBAL_NONE);
	btf__free(m.btf);
}

/* Each byte as it should not be, and each length: nothing is read beside it, which sanitizers see. */
static void damaged(void **state)
{
	struct global_place at;
	struct made m;
	unsigned char *copy;

	(void)state;
	make(&m);
	for (uint32_t n = 0; n < m.n; n++) {
		copy = malloc(n + !n);
		memcpy(copy, m.data, n);
		assert_int_equal(global_find(copy, n, m.section, "record", &at), GLOBAL_NONE);
		free(copy);
	}
	copy = malloc(m.n);
	for (uint32_t i = 0; i < m.n; i++) {
		static const unsigned char odd[] = { 0, 1, 0x7f, 0xff };

		for (unsigned k = 0; k < sizeof odd; k++) {
			memcpy(copy, m.data, m.n);
			copy[i] = odd[k];
			if (global_find(copy, m.n, m.section, "total", &at) == GLOBAL_FOUND)
				assert_true(at.size == 1 || at.size == 2 || at.size == 4 || at.size == 8);
		}
	}
	free(copy);
	btf__free(m.btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(found), cmocka_unit_test(damaged) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
