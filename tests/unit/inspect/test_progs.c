/* test_progs.c: the walk over prog_idr, on trees as the kernel makes them and on trees it never would. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_progs.h"

static void test_plain(void **state)
{
	static const struct {
		uint32_t id;
		const char *in, *out;
	} cases[] = {
		{ 3, "simple_enqueue", "simple_enqueue" },
		{ 63, "fifteen_letters", "fifteen_letters" },
		{ 64, "sixteen__letters", "sixteen__letters" }, /* no NUL in the kernel's 16 bytes */
		{ 70, "", "" },
		{ 4095,
		  "a\x01"
		  "b\xff c",
		  "a?b??c" },
		{ 4096, "up", "up" },
		{ 262143, "last", "last" },
	};
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };
	auto_progs struct progs p = { 0 };
	uint64_t root;

	(void)state;
	open_guest(&g, &m);
	root = fg_node(&g, 12);
	for (size_t i = 0; i < countof(cases); i++)
		add(&g, root, cases[i].id, cases[i].in);
	fg_enter(&g, root, 5, g.base + fg_prog(&g, 5, 26, "tracing"));
	fg_idr(&g, fg_node_entry(&g, root), 262144);
	read_fine(&p, &m, &fg_layout);
	assert_int_equal(p.n, countof(cases));
	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(p.v[i].id, cases[i].id);
		assert_string_equal(p.v[i].name, cases[i].out);
		assert_int_equal(p.v[i].verified_insns, cases[i].id * 100);
		assert_int_equal(p.v[i].xlated_len, cases[i].id * 24);
		assert_int_equal(p.v[i].jited_len, cases[i].id * 5);
		assert_int_equal(p.v[i].stack_depth, cases[i].id + 64);
	}
	fg_close(&g);
}

static void test_vmalloc(void **state)
{
	const uint64_t va = 0xffffb00000000000ull;
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };
	auto_progs struct progs p = { 0 };
	uint64_t root, prog;

	(void)state;
	open_guest(&g, &m);
	root = fg_node(&g, 0);
	prog = fg_prog(&g, 9, FG_STRUCT_OPS, "mapped");
	fg_map(&g, va, prog, 1);
	fg_slot(&g, root, 9, va);
	fg_idr(&g, fg_node_entry(&g, root), 10);
	read_fine(&p, &m, &fg_layout);
	assert_int_equal(p.n, 1);
	assert_string_equal(p.v[0].name, "mapped");
	fg_close(&g);
}

/* Two CPUs whose own memory is at different distances; the first is mapped, the second in the direct map. */
static void add_counts(struct fake_guest *g, uint64_t prog, uint64_t offsets, uint64_t cnt, uint64_t ns)
{
	const uint64_t stats = 0x1000, va = 0xffffb10000000000ull;
	uint64_t first = fg_alloc(g, 64), second = fg_alloc(g, 64);

	fg_map(g, va, first, 1);
	fg_u64(g, prog + 32, stats);
	fg_u64(g, offsets, va - stats);
	fg_u64(g, offsets + 8, g->base + second - stats);
	fg_u64(g, first, cnt);
	fg_u64(g, first + 8, ns);
	fg_u64(g, second, 1000);
	fg_u64(g, second + 8, 70000);
}

static void test_counts(void **state)
{
	static const struct {
		const char *cpus;
		bool counted;
	} cases[] = {
		{ "nr_cpus 2\n", true },   { "nr_cpus 3\n", false },   { "", false },
		{ "nr_cpus x\n", false },  { "nr_cpus 513\n", false }, { "nr_cpus 99999999999\n", false },
		{ "nr_cpus -2\n", false },
	};
	uint64_t offsets = FG_TEXT_PA + 0x40000, root, prog;
	struct fake_guest g;
	struct phys p;

	(void)state;
	fg_open(&g, 4);
	p = fg_phys(&g);
	root = fg_node(&g, 0);
	prog = fg_prog(&g, 3, FG_STRUCT_OPS, "counted");
	add_counts(&g, prog, offsets, 41, 5000);
	fg_slot(&g, root, 3, g.base + prog);
	fg_slot(&g, root, 4, g.base + fg_prog(&g, 4, FG_STRUCT_OPS, "without"));
	fg_idr(&g, fg_node_entry(&g, root), 5);
	fg_u64(&g, offsets + 16, 0x123456789abc0000ull); /* a CPU that lies */
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *base = fg_hello();
		auto_free char *hello =
			xasprintf("%s%ssym __per_cpu_offset %" PRIx64 "\n", base, cases[i].cpus, fg_symbol(offsets));
		auto_kmem struct kmem m = { 0 };
		auto_progs struct progs got = { 0 };
		struct err e = { 0 };

		if (kmem_open(&m, &p, hello, strlen(hello), &e) < 0)
			fail_msg("%s", e.msg);
		read_fine(&got, &m, &fg_layout);
		assert_int_equal(got.n, 2);
		assert_int_equal(got.v[0].counted, cases[i].counted);
		assert_int_equal(got.v[0].run_cnt, cases[i].counted ? 1041 : 0);
		assert_int_equal(got.v[0].run_ns, cases[i].counted ? 75000 : 0);
		assert_false(got.v[1].counted);
	}
	fg_close(&g);
}

static void test_since(void **state)
{
	struct prog before[] = { { .id = 1, .counted = true, .run_cnt = 5, .run_ns = 50 },
				 { .id = 2, .counted = true, .run_cnt = 5, .run_ns = 50 },
				 { .id = 3, .counted = true, .run_cnt = 5, .run_ns = 50 },
				 { .id = 4, .run_cnt = 0 } };
	struct prog after[] = { { .id = 4, .counted = true, .run_cnt = 9 },
				{ .id = 3, .counted = true, .run_cnt = 4, .run_ns = 60 },
				{ .id = 1, .counted = true, .run_cnt = 12, .run_ns = 50 } };
	struct progs p = { before, countof(before) }, now = { after, countof(after) };

	(void)state;
	progs_since(&p, &now);
	assert_true(p.v[0].counted);
	assert_int_equal(p.v[0].run_cnt, 7);
	assert_int_equal(p.v[0].run_ns, 0);
	for (size_t i = 1; i < p.n; i++) {
		assert_false(p.v[i].counted);
		assert_int_equal(p.v[i].run_cnt, 0);
	}
}

static void test_absent_members(void **state)
{
	struct layout l = fg_layout;
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };
	auto_progs struct progs p = { 0 };
	uint64_t root;

	(void)state;
	l.aux_id.off = l.aux_verified_insns.off = l.aux_stack_depth.off = -1;
	l.prog_len.off = l.prog_jited_len.off = l.idr_next.off = -1;
	l.aux_name.size = 6;
	open_guest(&g, &m);
	root = fg_node(&g, 0);
	add(&g, root, 1, "truncated");
	fg_idr(&g, fg_node_entry(&g, root), 2);
	read_fine(&p, &m, &l);
	assert_int_equal(p.n, 1);
	assert_string_equal(p.v[0].name, "trunca");
	assert_int_equal(p.v[0].verified_insns, PROG_NONE);
	assert_int_equal(p.v[0].jited_len, PROG_NONE);
	assert_int_equal(p.v[0].xlated_len, PROG_NONE);
	assert_int_equal(p.v[0].stack_depth, PROG_NONE);
	fg_close(&g);
}

static void test_small_nodes(void **state)
{
	struct layout l = fg_layout;
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };
	auto_progs struct progs p = { 0 };
	uint64_t root, leaf;

	(void)state;
	l.xa_slots.size = 16 * 8;
	open_guest(&g, &m);
	root = fg_node(&g, 4);
	leaf = fg_node(&g, 0);
	fg_slot(&g, root, 2, fg_node_entry(&g, leaf));
	fg_slot(&g, leaf, 3, g.base + fg_prog(&g, 35, FG_STRUCT_OPS, "small"));
	fg_slot(&g, leaf, 16, 0x1000); /* behind the end */
	fg_idr(&g, fg_node_entry(&g, root), 36);
	read_fine(&p, &m, &l);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.v[0].id, 35);
	fg_close(&g);
}

static void quiet_empty(struct fake_guest *g)
{
	fg_idr(g, 0, 0);
}

static void quiet_empty_but_next(struct fake_guest *g)
{
	fg_idr(g, 0, UINT32_MAX);
}

static void quiet_huge_next(struct fake_guest *g)
{
	fg_idr(g, fg_node_entry(g, fg_node(g, 0)), UINT32_MAX);
}

/* Retry, zero and sibling marks, and a number. */
static void quiet_marks(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 6);

	fg_slot(g, root, 0, 256 << 2 | 2);
	fg_slot(g, root, 1, 257 << 2 | 2);
	fg_slot(g, root, 2, 3 << 2 | 2);
	fg_slot(g, root, 3, 4 << 1 | 1);
	fg_idr(g, fg_node_entry(g, root), 4096);
}

static void quiet_number_head(struct fake_guest *g)
{
	fg_idr(g, 0x15, 1);
}

static void test_quiet(void **state)
{
	static void (*const build[])(struct fake_guest *) = {
		quiet_empty, quiet_empty_but_next, quiet_huge_next, quiet_marks, quiet_number_head,
	};

	(void)state;
	for (size_t i = 0; i < countof(build); i++) {
		struct fake_guest g;
		auto_kmem struct kmem m = { 0 };
		auto_progs struct progs p = { 0 };

		open_guest(&g, &m);
		build[i](&g);
		read_fine(&p, &m, &fg_layout);
		assert_int_equal(p.n, 0);
		fg_close(&g);
	}
}

/* The moments in which a program is in the tree and its id is not known yet, or no longer. */
static void test_unnumbered(void **state)
{
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };
	auto_progs struct progs p = { 0 };
	uint64_t root, prog, aux;

	(void)state;
	open_guest(&g, &m);
	root = fg_node(&g, 0);
	prog = fg_prog(&g, 8, FG_STRUCT_OPS, "new");
	memcpy(&aux, g.ram + prog + 56, sizeof(aux));
	fg_u32(&g, aux - g.base + 32, 0);
	fg_slot(&g, root, 8, g.base + prog);
	fg_idr(&g, fg_node_entry(&g, root), 9);
	read_fine(&p, &m, &fg_layout);
	assert_int_equal(p.n, 1);
	assert_int_equal(p.v[0].id, 8);
	fg_close(&g);
}

static void bad_head(struct fake_guest *g)
{
	fg_idr(g, 0x123456789abc0002ull, 4);
}

static void bad_head_program(struct fake_guest *g)
{
	fg_idr(g, 0xffffa00000000000ull, 1);
}

static void bad_self_loop(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 6);

	for (unsigned i = 0; i < 64; i++)
		fg_slot(g, root, i, fg_node_entry(g, root));
	fg_idr(g, fg_node_entry(g, root), 4096);
}

static void bad_mutual_loop(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 12), other = fg_node(g, 6);

	fg_slot(g, root, 1, fg_node_entry(g, other));
	fg_slot(g, other, 1, fg_node_entry(g, root));
	fg_idr(g, fg_node_entry(g, root), 4096);
}

static void bad_below_leaf(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 0);

	fg_slot(g, root, 1, fg_node_entry(g, root));
	fg_idr(g, fg_node_entry(g, root), 4096);
}

static void bad_shift(struct fake_guest *g)
{
	fg_idr(g, fg_node_entry(g, fg_node(g, 66)), 4096);
}

static void bad_shift_odd(struct fake_guest *g)
{
	fg_idr(g, fg_node_entry(g, fg_node(g, 7)), 4096);
}

static void bad_shift_wide(struct fake_guest *g)
{
	fg_idr(g, fg_node_entry(g, fg_node(g, 60)), 4096);
}

/* Six levels of one node each, 64 times the next: 2^36 slots from 3.5 KB. */
static void bad_explosion(struct fake_guest *g)
{
	uint64_t below = fg_node(g, 0);

	for (uint8_t shift = 6; shift <= 30; shift = (uint8_t)(shift + 6)) {
		uint64_t node = fg_node(g, shift);

		for (unsigned i = 0; i < 64; i++)
			fg_slot(g, node, i, fg_node_entry(g, below));
		below = node;
	}
	fg_idr(g, fg_node_entry(g, below), UINT32_MAX);
}

static void bad_too_many(struct fake_guest *g)
{
	uint64_t prog = fg_prog(g, 0, 1, "same"), leaf = fg_node(g, 0), middle = fg_node(g, 6), root = fg_node(g, 12);

	for (unsigned i = 0; i < 64; i++) {
		fg_slot(g, leaf, i, g->base + prog);
		fg_slot(g, middle, i, fg_node_entry(g, leaf));
		fg_slot(g, root, i, fg_node_entry(g, middle));
	}
	fg_idr(g, fg_node_entry(g, root), 262144);
}

static void bad_id(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 30);

	fg_enter(g, root, 0x80000001u, g->base + fg_prog(g, 1, FG_STRUCT_OPS, "far"));
	fg_idr(g, fg_node_entry(g, root), UINT32_MAX);
}

static void bad_leaf_above(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 6);

	fg_slot(g, root, 1, g->base + fg_prog(g, 64, FG_STRUCT_OPS, "high"));
	fg_idr(g, fg_node_entry(g, root), 65);
}

static void bad_pointer(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 0);

	fg_slot(g, root, 2, g->base + FG_RAM + 0x1000);
	fg_idr(g, fg_node_entry(g, root), 3);
}

static void bad_aux(struct fake_guest *g, uint64_t aux)
{
	uint64_t root = fg_node(g, 0), prog = fg_prog(g, 2, FG_STRUCT_OPS, "x");

	fg_u64(g, prog + 56, aux);
	fg_slot(g, root, 2, g->base + prog);
	fg_idr(g, fg_node_entry(g, root), 3);
}

static void bad_aux_null(struct fake_guest *g)
{
	bad_aux(g, 0);
}

static void bad_aux_wraps(struct fake_guest *g)
{
	bad_aux(g, UINT64_MAX - 30);
}

static void bad_other_id(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 0);

	fg_slot(g, root, 2, g->base + fg_prog(g, 3, FG_STRUCT_OPS, "x"));
	fg_idr(g, fg_node_entry(g, root), 3);
}

static void bad_length(struct fake_guest *g)
{
	uint64_t root = fg_node(g, 0), prog = fg_prog(g, 2, FG_STRUCT_OPS, "x");

	fg_u32(g, prog + 12, UINT32_MAX);
	fg_slot(g, root, 2, g->base + prog);
	fg_idr(g, fg_node_entry(g, root), 3);
}

static void test_hostile(void **state)
{
	static const struct {
		void (*build)(struct fake_guest *);
		const char *text;
	} cases[] = {
		{ bad_head, "not canonical" },
		{ bad_head_program, "BPF program 0: guest address 0xffffa00000000004 is not mapped" },
		{ bad_self_loop, "wrong level" },
		{ bad_mutual_loop, "wrong level" },
		{ bad_below_leaf, "deeper than its root" },
		{ bad_shift, "impossible height (0x42)" },
		{ bad_shift_odd, "impossible height" },
		{ bad_shift_wide, "impossible height" },
		{ bad_explosion, "too large" },
		{ bad_too_many, "more programs than can be" },
		{ bad_id, "id out of range" },
		{ bad_leaf_above, "above the leaves" },
		{ bad_pointer, "BPF program 2" },
		{ bad_aux_null, "without bpf_prog_aux" },
		{ bad_aux_wraps, "BPF program 2" },
		{ bad_other_id, "another id" },
		{ bad_length, "impossible length" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct fake_guest g;
		auto_kmem struct kmem m = { 0 };
		struct progs p = { .n = 77 };
		struct err e = { 0 };

		open_guest(&g, &m);
		cases[i].build(&g);
		if (progs_read(&p, &m, &fg_layout, &e) == 0 || e.code != X_VM || !strstr(e.msg, cases[i].text))
			fail_msg("case %zu: %d \"%s\", not \"%s\"", i, e.code, e.msg, cases[i].text);
		assert_int_equal(p.n, 77);
		fg_close(&g);
	}
}

static void test_no_symbol(void **state)
{
	struct fake_guest g;
	auto_kmem struct kmem m = { 0 };
	struct progs p = { 0 };
	struct err e = { 0 };

	(void)state;
	open_guest(&g, &m);
	m.n_sym = 0;
	assert_int_equal(progs_read(&p, &m, &fg_layout, &e), -1);
	assert_non_null(strstr(e.msg, "no prog_idr"));
	fg_close(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),          cmocka_unit_test(test_vmalloc),
		cmocka_unit_test(test_counts),         cmocka_unit_test(test_since),
		cmocka_unit_test(test_absent_members), cmocka_unit_test(test_small_nodes),
		cmocka_unit_test(test_quiet),          cmocka_unit_test(test_unnumbered),
		cmocka_unit_test(test_hostile),        cmocka_unit_test(test_no_symbol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
