/* test_set.c: CPUs by number and by place, and what masks come of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "scenario/affinity.h"
#include "scenario/random.h"
#include "scenario/set.h"

static char *listed(const struct cpus *s)
{
	static char text[4 * CPUS_MAX];

	assert_true(cpus_text(s, text, sizeof text));
	return text;
}

static void lists(void **state)
{
	static const struct {
		const char *text, *wrote; /* NULL: refused */
	} cases[] = {
		{ "0", "0" },         { "3,1,2", "1-3" }, { "0-3,5", "0-3,5" },    { "1023", "1023" },
		{ "62-65", "62-65" }, { "", NULL },       { "1-", NULL },          { "3-1", NULL },
		{ "1024", NULL },     { "1,", NULL },     { "99999999999", NULL }, { "-1", NULL },
		{ "0 1", NULL },
	};
	char text[4 * CPUS_MAX];
	struct cpus s;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(cpus_parse(&s, cases[i].text, strlen(cases[i].text)), cases[i].wrote != NULL);
		if (cases[i].wrote)
			assert_string_equal(listed(&s), cases[i].wrote);
	}
	s = (struct cpus){ 0 };
	for (unsigned i = 0; i < CPUS_MAX; i += 2)
		cpus_add(&s, i);
	assert_true(cpus_text(&s, text, sizeof text));
	assert_false(cpus_text(&s, text, 8));
	assert_int_equal(cpus_count(&s), CPUS_MAX / 2);
}

static void topologies(void **state)
{
	static const char *const bad[] = { "",           "1,2,3",      "1,2,3,4,5",        "0,1,1,1",
					   "2,3,1,1",    "1,1025,1,1", "2,4,1,1/llcs=3,2", "1,2,2,x",
					   "99,99,99,99" };
	struct places p, again;

	(void)state;
	assert_true(places_parse(&p, "2,4,3,2/llcs=3,1/mem=512,512"));
	assert_int_equal(p.cpus, 24);
	assert_int_equal(p.cores, 12);
	assert_int_equal(p.at[17].node, 0);
	assert_int_equal(p.at[18].node, 1);
	assert_int_equal(p.at[7].llc, 1);
	assert_int_equal(p.at[7].core, 3);
	assert_int_equal(p.at[7].thread, 1);
	again = p;
	again.nodes = again.llcs = again.cores = again.threads = 0;
	assert_true(places_count(&again));
	assert_memory_equal(&again, &p, sizeof p);
	again.at[0].llc = 9;
	assert_false(places_count(&again));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(places_parse(&p, bad[i]));
}

static void expressions(void **state)
{
	static const struct {
		const char *topology, *text, *cpus; /* NULL: skipped; "": refused */
	} cases[] = {
		{ "1,2,4,1", "all", "0-7" },
		{ "1,2,4,1", "usable", "0-6" },
		{ "1,1,2,1", "usable", "0-1" },
		{ "1,2,4,1", "cpu:0,2-3", "0,2-3" },
		{ "1,2,4,1", "cpu:8", NULL },
		{ "1,2,4,1", "llc:1", "4-7" },
		{ "1,2,4,1", "llc:2", NULL },
		{ "2,4,2,1", "node:1", "4-7" },
		{ "1,1,2,2", "smt:0", "0,2" },
		{ "1,1,2,2", "core:1", "2-3" },
		{ "1,2,4,1", "llc:0+llc:1-cpu:3", "0-2,4-7" },
		{ "1,2,4,1", "cpu:0-3-cpu:1-2", "0,3" },
		{ "1,2,4,1", "all-llc:0-llc:1", "" },
		{ "1,2,4,1", "range:0-0.5", "0-2" },
		{ "1,2,4,1", "range:50%-100%", "3-6" },
		{ "1,1,2,1", "range:0-0.1", NULL },
		{ "1,2,4,1", "part:0/2", "0-2" },
		{ "1,2,4,1", "part:1/2", "3-6" },
		{ "1,2,4,1", "part:2/3", "4-6" },
		{ "1,1,2,1", "part:0/3", NULL },
		{ "1,3,3,1", "overlap:0/2/0.5", "0-5" },
		{ "1,3,3,1", "overlap:1/2/0.5", "2-7" },
		{ "1,3,3,1", "overlap:1/4/1", "0-5" },
		{ "1,2,4,1", "part:0/2@llc:1", "4-5" },
		{ "1,2,4,1", "usable-part:0/2@llc:0", "2-6" },
		{ "1,2,4,1", "first:2@part:1/2", "3-4" },
		{ "1,2,4,1", "first:1@part:1/2@llc:1", "6" },
		{ "1,2,4,1", "first:9", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct scenario_error e = { 0 };
		struct places p;
		struct cpus out;
		struct set s;
		bool ok;

		assert_true(places_parse(&p, cases[i].topology));
		assert_true(set_parse(&s, cases[i].text, strlen(cases[i].text), false, &e));
		ok = set_resolve(&s, &p, 0, &out, &e);
		assert_int_equal(ok, cases[i].cpus && *cases[i].cpus);
		if (ok)
			assert_string_equal(listed(&out), cases[i].cpus);
		else
			assert_int_equal(e.fault, cases[i].cpus ? SCENARIO_BAD : SCENARIO_SKIP);
	}
}

static void refused(void **state)
{
	static const struct {
		const char *text;
		unsigned column;
	} cases[] = {
		{ "", 1 },         { "lcl:0", 1 },     { "llc", 4 },           { "llc:", 5 },      { "llc:x", 5 },
		{ "all+", 5 },     { "all-llc:x", 9 }, { "range:0.5-0.5", 7 }, { "range:0", 8 },   { "range:0-2", 9 },
		{ "part:2/2", 6 }, { "part:0", 7 },    { "overlap:0/2", 12 },  { "all@llc:0", 4 }, { "llc:0@all", 6 },
		{ "cpu:5-2", 5 },  { "cpu:$", 5 },     { "first:0", 7 },       { "part:0/0", 8 }
	};
	struct scenario_error e;
	struct set s;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		e = (struct scenario_error){ 0 };
		assert_false(set_parse(&s, cases[i].text, strlen(cases[i].text), false, &e));
		assert_int_equal(e.fault, SCENARIO_BAD);
		assert_int_equal(e.column, cases[i].column);
		assert_true(e.what[0]);
	}
}

static void masks(void **state)
{
	struct affinity a = { 0 };
	struct cpus cpuset, out, seen = { 0 };
	struct places p;
	uint64_t seed = 1;

	(void)state;
	assert_true(places_parse(&p, "1,2,4,1"));
	assert_true(cpus_parse(&cpuset, "2-6", 3));
	assert_false(affinity_mask(&a, &p, &cpuset, 0, &seed, &out));
	a.kind = AFFINITY_LLC;
	assert_true(affinity_mask(&a, &p, &cpuset, 0, &seed, &out));
	assert_string_equal(listed(&out), "4-6");
	a.kind = AFFINITY_SAME;
	assert_true(affinity_mask(&a, &p, &cpuset, 3, &seed, &out));
	assert_string_equal(listed(&out), "2");
	a.kind = AFFINITY_ONE;
	assert_true(affinity_mask(&a, &p, &cpuset, 6, &seed, &out));
	assert_string_equal(listed(&out), "3");
	a.kind = AFFINITY_SET;
	assert_true(cpus_parse(&a.cpus, "0-2", 3));
	assert_true(affinity_mask(&a, &p, &cpuset, 0, &seed, &out));
	assert_string_equal(listed(&out), "2");
	assert_true(cpus_parse(&a.cpus, "0-1", 3));
	assert_false(affinity_mask(&a, &p, &cpuset, 0, &seed, &out));
	a.kind = AFFINITY_RANDOM;
	for (unsigned i = 0; i < 100; i++) {
		assert_true(affinity_mask(&a, &p, &cpuset, i, &seed, &out));
		assert_int_equal(cpus_count(&out), 2);
		assert_true(cpus_within(&out, &cpuset));
		cpus_or(&seen, &out);
	}
	assert_true(cpus_equal(&seen, &cpuset));
}

/* What is written is read as the same, and means the same. */
static void round_trip(void **state)
{
	static const char *const terms[] = { "all",
					     "usable",
					     "cpu:0-2,4",
					     "llc:1",
					     "node:0",
					     "core:3",
					     "smt:0",
					     "range:0.25-1",
					     "part:1/3",
					     "overlap:0/2/0.5",
					     "first:3",
					     "part:0/2@llc:0",
					     "first:1@range:10%-0.75@usable" };
	uint64_t seed = 7;
	struct places p;

	(void)state;
	assert_true(places_parse(&p, "1,2,4,1"));
	for (unsigned round = 0; round < 2000; round++) {
		char text[256] = "", *wrote;
		struct scenario_error e = { 0 };
		struct cpus one, two;
		struct set s, t;
		size_t n;

		for (uint64_t k = random_below(&seed, 4) + 1; k; k--) {
			if (*text)
				strcat(text, random_below(&seed, 2) ? "+" : "-");
			strcat(text, terms[random_below(&seed, sizeof terms / sizeof *terms)]);
		}
		assert_true(set_parse(&s, text, strlen(text), false, &e));
		FILE *f = open_memstream(&wrote, &n);
		set_write(f, &s);
		fclose(f);
		assert_true(set_parse(&t, wrote, n, false, &e));
		assert_int_equal(set_resolve(&s, &p, 0, &one, &e), set_resolve(&t, &p, 0, &two, &e));
		assert_memory_equal(&one, &two, sizeof one);
		free(wrote);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),   cmocka_unit_test(topologies), cmocka_unit_test(expressions),
		cmocka_unit_test(refused), cmocka_unit_test(masks),      cmocka_unit_test(round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
