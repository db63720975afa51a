/* test_layout.c: members found in BTF by name, and the text form. KTSTR_TEST_BTF may name the raw BTF of a real kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "inspect/layout.h"
#include "small_btf.h"

static const char plain[] = "idr.idr_rt.xa_head 8 8\n"
			    "idr.idr_next 20 4\n"
			    "xa_node.slots 40 512\n"
			    "xa_node.shift 0 1\n"
			    "bpf_prog.type 4 4\n"
			    "bpf_prog.aux 56 8\n"
			    "bpf_prog.len 12 4\n"
			    "bpf_prog.jited_len 16 4\n"
			    "bpf_prog.stats 32 8\n"
			    "bpf_prog_aux.name 968 16\n"
			    "bpf_prog_aux.id 32 4\n"
			    "bpf_prog_aux.verified_insns 944 4\n"
			    "bpf_prog_aux.stack_depth 28 4\n"
			    "bpf_prog_aux.attach_btf_id 48 4\n"
			    "bpf_prog_aux.func_cnt 36 4\n"
			    "bpf_prog_aux.real_func_cnt 40 4\n"
			    "bpf_prog_aux.btf 56 8\n"
			    "bpf_prog_aux.func_info 64 8\n"
			    "bpf_prog_aux.func_info_cnt 72 4\n"
			    "btf.types 8 8\n"
			    "btf.strings 24 8\n"
			    "btf.hdr.str_len 60 4\n"
			    "btf.nr_types 72 4\n"
			    "btf.base_btf 104 8\n"
			    "bpf_prog_stats.cnt 0 8\n"
			    "bpf_prog_stats.nsecs 8 8\n"
			    "BPF_PROG_TYPE_STRUCT_OPS 27\n"
			    "sched_ext_ops 1\n";

static int from_small(struct layout *l, const struct small_btf *how, struct err *e)
{
	struct btf *b = small_btf(how);
	uint32_t n = 0;
	const void *raw = btf__raw_data(b, &n);
	int r;

	assert_non_null(raw);
	r = layout_from_btf(l, raw, n, e);
	btf__free(b);
	return r;
}

static char *text_of(const struct layout *l, size_t *n)
{
	char *text;
	FILE *f = xmemstream(&text, n);

	assert_int_equal(layout_write(f, l), 0);
	fclose(f);
	return text;
}

static void check_text(const struct small_btf *how, const char *want)
{
	auto_free char *text = NULL;
	struct layout l, back;
	struct err e = { 0 };
	size_t n;

	if (from_small(&l, how, &e) < 0)
		fail_msg("%s", e.msg);
	text = text_of(&l, &n);
	assert_string_equal(text, want);
	if (layout_parse(&back, text, n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_memory_equal(&back, &l, sizeof(l));
}

/* plain with one line replaced. */
static char *changed(const char *line, const char *by)
{
	const char *at = strstr(plain, line);

	assert_non_null(at);
	return xasprintf("%.*s%s%s", (int)(at - plain), plain, by, at + strlen(line));
}

static void test_kernels(void **state)
{
	static const struct {
		struct small_btf how;
		const char *line, *by;
	} cases[] = {
		{ { 0 }, "idr.idr_next 20 4\n", "idr.idr_next 20 4\n" },
		{ { .nested = true }, "stack_depth 28 4\n", "stack_depth 28 4\n" },
		{ { .no_scx = true }, "sched_ext_ops 1\n", "sched_ext_ops 0\n" },
		{ { .drop = "idr_next" }, "idr_next 20 4\n", "idr_next -\n" },
		{ { .drop = "verified_insns" }, "verified_insns 944 4\n", "verified_insns -\n" },
		{ { .drop = "stack_depth", .nested = true }, "stack_depth 28 4\n", "stack_depth -\n" },
		{ { .drop = "jited_len" }, "jited_len 16 4\n", "jited_len -\n" },
		{ { .drop = "func_info_cnt" }, "func_info_cnt 72 4\n", "func_info_cnt -\n" },
		{ { .drop = "str_len" }, "str_len 60 4\n", "str_len -\n" },
		{ { .drop = "nsecs" }, "nsecs 8 8\n", "nsecs -\n" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *want = changed(cases[i].line, cases[i].by);

		check_text(&cases[i].how, want);
	}
}

static void test_refused(void **state)
{
	static const struct {
		struct small_btf how;
		const char *text;
	} cases[] = {
		{ { .drop = "xa_head" }, "no idr.idr_rt.xa_head" },
		{ { .drop = "idr_rt" }, "no idr.idr_rt.xa_head" },
		{ { .drop = "slots" }, "no xa_node.slots" },
		{ { .drop = "shift" }, "no xa_node.shift" },
		{ { .drop = "type" }, "no bpf_prog.type" },
		{ { .drop = "aux" }, "no bpf_prog.aux" },
		{ { .drop = "name" }, "no bpf_prog_aux.name" },
		{ { .no_type_enum = true }, "no BPF_PROG_TYPE_STRUCT_OPS" },
		{ { .odd = "shift" }, "xa_node.shift in the kernel's BTF has a form that ktstr cannot read" },
		{ { .odd = "stack_depth" }, "bpf_prog_aux.stack_depth in" },
		{ { .wide = "aux" }, "bpf_prog.aux in" },
		{ { .wide = "verified_insns" }, "bpf_prog_aux.verified_insns in" },
		{ { .far = "name" }, "bpf_prog_aux.name in" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct layout l = { .struct_ops_type = 99 };
		struct err e = { 0 };

		if (from_small(&l, &cases[i].how, &e) == 0 || e.code != X_NO_SCX || !strstr(e.msg, cases[i].text))
			fail_msg("case %zu: %d \"%s\", not \"%s\"", i, e.code, e.msg, cases[i].text);
		assert_int_equal(l.struct_ops_type, 99);
	}
}

static void no_layout(struct btf *b, const char *text)
{
	struct layout l;
	struct err e = { 0 };
	uint32_t n = 0;
	const void *raw = btf__raw_data(b, &n);

	assert_non_null(raw);
	assert_int_equal(layout_from_btf(&l, raw, n, &e), -1);
	if (!strstr(e.msg, text))
		fail_msg("\"%s\" has no \"%s\"", e.msg, text);
	btf__free(b);
}

/* Structures without names that contain themselves, or fan out without end. */
static void test_endless(void **state)
{
	struct btf *b = btf__new_empty();

	(void)state;
	btf__add_struct(b, NULL, 8);
	btf__add_field(b, NULL, 1, 0, 0);
	btf__add_struct(b, "idr", 8);
	btf__add_field(b, NULL, 1, 0, 0);
	no_layout(b, "idr.idr_rt.xa_head in");

	b = btf__new_empty();
	for (int id = 1; id <= 7; id++) {
		btf__add_struct(b, id == 7 ? "idr" : NULL, 8);
		for (int i = 0; i < 200; i++)
			btf__add_field(b, id == 1 ? "leaf" : NULL, id == 1 ? 0 : id - 1, 0, 0);
	}
	no_layout(b, "idr.idr_rt.xa_head in");

	b = btf__new_empty();
	btf__add_typedef(b, "a", 2);
	btf__add_typedef(b, "b", 1);
	btf__add_struct(b, "idr", 8);
	btf__add_field(b, "idr_rt", 1, 0, 0);
	no_layout(b, "no idr.idr_rt.xa_head");
}

/* Every prefix and every changed byte: no crash, and what is accepted can be written and read again. */
static void test_damage(void **state)
{
	struct btf *b = small_btf(&(struct small_btf){ .nested = true });
	uint32_t n = 0;
	const uint8_t *raw = btf__raw_data(b, &n);
	struct layout l;
	struct err e;

	(void)state;
	for (uint32_t i = 0; i < n; i++) {
		auto_free uint8_t *cut = xmemdup(raw, i ? i : 1);

		assert_int_equal(layout_from_btf(&l, cut, i, &e), -1);
		assert_int_equal(e.code, X_BAD_KERNEL);
	}
	for (uint32_t i = 0; i < n; i++) {
		static const uint8_t flips[] = { 0x01, 0x80, 0xff };

		for (size_t k = 0; k < countof(flips); k++) {
			auto_free uint8_t *copy = xmemdup(raw, n);
			auto_free char *text = NULL;
			size_t len;

			copy[i] ^= flips[k];
			if (layout_from_btf(&l, copy, n, &e) < 0)
				continue;
			text = text_of(&l, &len);
			if (layout_parse(&l, text, len, &e) < 0)
				fail_msg("byte %u: %s\n%s", i, e.msg, text);
		}
	}
	btf__free(b);
}

static void test_header(void **state)
{
	static const struct {
		size_t at;
		uint32_t value;
		const char *text;
	} cases[] = {
		{ 0, 0x00019feb, "byte order" }, /* big endian */
		{ 0, 0x0002eb9f, "version" },
		{ 4, 23, "header of 23 bytes" },
		{ 4, 0x7fffffff, "header of" },
		{ 4, 28, "outside" }, /* a longer header leaves less for what it promises */
		{ 8, 0xfffffffc, "outside" },
		{ 8, 2, "outside" },
		{ 12, 0xffffffff, "outside" },
		{ 16, 0xffffffff, "outside" },
		{ 20, 0xffffffff, "outside" },
		{ 20, 0, "damaged, or newer" },
	};
	struct btf *b = small_btf(&(struct small_btf){ 0 });
	uint32_t n = 0;
	const uint8_t *raw = btf__raw_data(b, &n);

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free uint8_t *copy = xmemdup(raw, n);
		struct layout l;
		struct err e = { 0 };

		memcpy(copy + cases[i].at, &cases[i].value, 4);
		assert_int_equal(layout_from_btf(&l, copy, n, &e), -1);
		if (e.code != X_BAD_KERNEL || !strstr(e.msg, cases[i].text))
			fail_msg("case %zu: %d \"%s\", not \"%s\"", i, e.code, e.msg, cases[i].text);
	}
	btf__free(b);
}

static void test_parse_refused(void **state)
{
	static const struct {
		const char *line, *by;
	} cases[] = {
		{ "idr.idr_next 20 4\n", "" },
		{ "idr.idr_next 20 4\n", "idr.idr_next 20 4\nidr.idr_next 20 4\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_nexx 20 4\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next 20\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next 20 4 4\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next 20 8\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next 65536 4\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next - 4\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next 20 -\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next 99999999999999999999 4\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next  20 4\n" },
		{ "idr.idr_next 20 4\n", "idr.idr_next 20 4 \n" },
		{ "idr.idr_next 20 4\n", "\nidr.idr_next 20 4\n" },
		{ "bpf_prog.aux 56 8\n", "bpf_prog.aux -\n" },
		{ "STRUCT_OPS 27\n", "STRUCT_OPS 0\n" },
		{ "STRUCT_OPS 27\n", "STRUCT_OPS -\n" },
		{ "STRUCT_OPS 27\n", "STRUCT_OPS 27 4\n" },
		{ "sched_ext_ops 1\n", "sched_ext_ops 2\n" },
		{ "sched_ext_ops 1\n", "sched_ext_ops 1" },
		{ "sched_ext_ops 1\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *text = changed(cases[i].line, cases[i].by);
		struct layout l;
		struct err e = { 0 };

		if (layout_parse(&l, text, strlen(text), &e) == 0)
			fail_msg("case %zu was taken", i);
		assert_int_equal(e.code, X_FAIL);
	}
}

static void test_real(void **state)
{
	auto_free char *raw = NULL, *text = NULL;
	struct layout l;
	struct err e = { 0 };
	size_t n, len;

	if (file_read(AT_FDCWD, *state, (size_t)64 << 20, &raw, &n, &e) < 0 || layout_from_btf(&l, raw, n, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(l.has_scx, 1);
	assert_int_equal(l.struct_ops_type, 27);
	assert_int_equal(l.xa_slots.size, 512);
	assert_int_equal(l.aux_name.size, 16);
	text = text_of(&l, &len);
	assert_null(strchr(text, '-'));
}

int main(void)
{
	char *real = getenv("KTSTR_TEST_BTF");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kernels),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_damage),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_parse_refused),
		cmocka_unit_test_prestate(test_real, real),
	};

	/* The last one needs a file. */
	return _cmocka_run_group_tests("tests", tests, countof(tests) - !real, NULL, NULL);
}
