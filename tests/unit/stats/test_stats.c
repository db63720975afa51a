/* test_stats.c: the pool of names, groups, and sums; tests/cli/test-stats.sh has the report. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "json/keys.h"
#include "stats/collect.h"
#include "stats/group.h"
#include "stats/prefetch.h"
#include "stats/stats.h"
#include "stats/stimulus.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void names(void **state)
{
	struct names p = { 0 };
	const char *first[500];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < countof(first); i++) {
			auto_free char *s = xasprintf("name %zu", i);
			const char *kept = names_keep(&p, s);

			assert_string_equal(kept, s);
			if (round)
				assert_ptr_equal(kept, first[i]);
			first[i] = kept;
		}
	}
	assert_int_equal(p.n, countof(first));
	names_free(&p);
}

static void file_names(void **state)
{
	static const struct {
		const char *name;
		bool is;
	} cases[] = {
		{ "a.ktstr.json", true },
		{ "a.ktstr.b.json", true },
		{ ".ktstr.json", true },
		{ "a.json", false },
		{ "a.ktstr.json.tmp", false },
		{ "aktstr.json", false },
		{ ".a.ktstr.json.Xy.tmp", false },
		{ "a.ktstr.JSON", false },
		{ "", false },
		{ "json", false },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++)
		assert_int_equal(collect_name(cases[i].name), cases[i].is);
}

static void grouping(void **state)
{
	struct row rows[] = {
		{ .scenario = "b",
		  .flags = "x",
		  .topology = "",
		  .work_type = "",
		  .op = "",
		  .m = { 1 },
		  .passed = true },
		{ .scenario = "a", .flags = "x", .topology = "", .work_type = "", .op = "", .m = { 2 } },
		{ .scenario = "b", .flags = "x", .topology = "", .work_type = "", .op = "", .m = { 5 } },
	};
	auto_groups struct groups g = { 0 };

	(void)state;
	groups_make(&g, rows, countof(rows), BY_SCENARIO | BY_FLAGS, NULL);
	assert_int_equal(g.n, 2);
	assert_int_equal(g.v[0].n, 1);
	assert_ptr_equal(g.v[1].v[0], &rows[0]);
	assert_ptr_equal(g.v[1].v[1], &rows[2]);
	assert_true(group_mean(&g.v[1], M_SPREAD) == 3.0);
	assert_true(fabs(group_deviation(&g.v[1], M_SPREAD) - sqrt(8.0)) < 1e-12);
	assert_true(group_deviation(&g.v[0], M_SPREAD) == 0.0);
	assert_int_equal(group_verdicts(&g.v[1]).passed, 1);
}

/* The largest count of each program survives however often the list is put together. */
static void largest_count(void **state)
{
	auto_stats struct stats st = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 20000; i++) {
		struct sidecar s = { .row = { .scheduler = names_keep(&st.names, i % 2 ? "one" : "two") } };
		auto_free char *name = xasprintf("p%u", i % 7);

		s.insns = xcalloc(1, sizeof(*s.insns));
		s.insns[s.n_insns++] = (struct insns){ names_keep(&st.names, name), i * 7919 % 10007 };
		stats_add(&st, &s);
		assert_true(st.n_verified < 5000);
	}
	stats_done(&st);
	assert_int_equal(st.n_verified, 14);
	for (size_t i = 0; i < st.n_verified; i++) {
		uint32_t most = 0;

		for (uint32_t k = 0; k < 20000; k++) {
			if (k % 7 == i / 2 && (k % 2 == 1) == (i % 2 == 0) && k * 7919 % 10007 > most)
				most = k * 7919 % 10007;
		}
		assert_int_equal(st.verified[i].insns, most);
	}
}

static void sums_that_do_not_fit(void **state)
{
	static const char text[] =
		"{\"test_name\":\"t\",\"topology\":\"x\",\"scheduler\":\"s\",\"passed\":true,\"stats\":{\"cgroups\":[],"
		"\"total_workers\":0,\"total_cpus\":0,\"total_migrations\":0,\"worst_spread\":0,\"worst_gap_ms\":0,"
		"\"worst_gap_cpu\":0},\"stimulus_events\":[],\"kvm_stats\":{\"per_vcpu\":[{\"exits\":18446744073709551615},"
		"{\"exits\":18446744073709551615,\"unknown\":3}]}}";
	auto_stats struct stats st = { 0 };
	auto_json_keys struct json_keys keys = { 0 };
	struct sidecar s = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(sidecar_parse(&s, &st.names, &keys, text, strlen(text), &e), 0);
	assert_true(s.kvm[K_EXITS] == UINT64_MAX);
	assert_int_equal(s.vcpus, 2);
	stats_add(&st, &s);
	assert_true(st.kvm.average[K_EXITS] == UINT64_MAX / 2);
}

static void flags_apart(void **state)
{
	struct row rows[4];
	static const char *const flags[] = { "a+b", "default", "a", "" };
	auto_stimulus struct stimulus s = { 0 };

	(void)state;
	for (size_t i = 0; i < countof(rows); i++)
		rows[i] = (struct row){ .scenario = "t",
					.flags = flags[i],
					.topology = i ? "nonsense" : "2n4l8c4t",
					.work_type = "",
					.op = "Spawn",
					.m = { [M_DEGRADATIONS] = 1, [M_IMBALANCE_DELTA] = (double)i } };
	stimulus_find(&s, rows, countof(rows));
	assert_int_equal(s.n_flags, 2);
	assert_string_equal(s.flags[0].name, "a");
	assert_int_equal(s.flags[0].runs, 2);
	assert_true(s.flags[0].against_all[0] == 1.0 - 1.5);
	assert_true(s.flags[0].against_others[0] == 1.0 - 2.0);
	assert_true(s.flags[1].against_others[0] == 0.0 - 2.0);
	assert_int_equal(s.worst[0].runs, 1);
	assert_true(s.worst[0].value == 3.0);
}

/* In the order of the collection, whatever their sizes, and however far the reader was ahead. */
static void prefetched(void **state)
{
	enum { FILES = 700, LARGE = 300, GONE = 301 };
	struct err e = { 0 };
	auto_free char *dir = tmpdir_make("prefetch", &e), *large = xcalloc(3 << 20, 1);
	auto_collection struct collection c = { .dir = -1 };
	const struct prefetch_text *t;
	struct prefetch p;

	(void)state;
	assert_non_null(dir);
	memset(large, 'x', 3 << 20);
	for (int i = 0; i < FILES; i++) {
		auto_free char *path = xasprintf("%s/%03d.ktstr.json", dir, i);

		assert_true(file_write(AT_FDCWD, path, i == LARGE ? large : path, i == LARGE ? 3 << 20 : strlen(path),
				       &e) >= 0);
	}
	for (size_t until = 0; until <= FILES + 1; until += FILES / 2) {
		assert_int_equal(collect(&c, dir, &e), COLLECT_OK);
		assert_int_equal(c.n, FILES);
		auto_free char *gone = xasprintf("%s/%s", dir, c.paths[GONE]);

		(void)unlink(gone);
		prefetch_begin(&p, &c);
		for (size_t i = 0; i < until && (t = prefetch_next(&p)); i++) {
			assert_int_equal(t->bad, i == GONE);
			if (i == LARGE)
				assert_true(t->n == 3 << 20 && !memcmp(t->s, large, t->n));
			else if (i != GONE)
				assert_true(t->n > 20 && !strcmp(t->s + t->n - strlen(c.paths[i]), c.paths[i]));
		}
		if (until == FILES)
			assert_null(prefetch_next(&p));
		prefetch_end(&p);
		collect_free(&c);
		assert_true(file_write(AT_FDCWD, gone, "x", 1, &e) >= 0);
	}
	assert_int_equal(rmtree(AT_FDCWD, dir, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),         cmocka_unit_test(file_names),           cmocka_unit_test(grouping),
		cmocka_unit_test(largest_count), cmocka_unit_test(sums_that_do_not_fit), cmocka_unit_test(flags_apart),
		cmocka_unit_test(prefetched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
