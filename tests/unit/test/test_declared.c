/* test_declared.c: tests as programs declare them: names, variants, profiles, texts, and what fits into a budget. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "test/budget.h"
#include "test/check.h"
#include "test/compose.h"
#include "test/variant.h"

static void per_llc(struct ktstr_body *k)
{
	for (unsigned i = 0; i < ktstr_llcs(k); i++)
		ktstr_work(k, ktstr_cgroup(k, ktstr_str(k, "llc_%u", i), "cpuset=llc:%u", i), "spin n=%u",
			   ktstr_flag(k, "steal") ? 1 : ktstr_cpus_of(k, "llc:0"));
	ktstr_hold(k, "100%%");
}

KTSTR_SCHEDULER(mine, .binary = "/opt/scx mine", .args = KTSTR_LIST("--parent=%cgroup%/x"), .topology = "1,2,4,1",
		.max_llcs = 4, .sysctls = KTSTR_LIST("vm.swappiness=1", "kernel.printk=4 4 1 7"),
		.kargs = KTSTR_LIST("isolcpus=1"), .cgroup_parent = "/a/b",
		.expect = "gap.max <= 1s\n  fairness >= 0.5",
		.flags = KTSTR_FLAGS({ "llc", KTSTR_LIST("--llc") },
				     { "steal", KTSTR_LIST("--steal"), .needs = KTSTR_LIST("llc") }, { "verbose" }));
KTSTR_SCENARIO(text, .scheduler = &mine, .scenario = "work - spin\nhold 1s", .settle_ms = KTSTR_NOW,
	       .duration_ms = 1500, .seeds = 3, .args = KTSTR_LIST("a b"),
	       .expect = "isolated\n\n # why\n gap.max <= 20ms", .memory_mb = 512, .workers = 4, .watchdog_ms = 1500,
	       .tags = KTSTR_LIST("x", "y"), .needs = KTSTR_LIST("cpus:2"),
	       .map_write = KTSTR_MAP_WRITES({ "data", 8, 7 }));
KTSTR_SCENARIO(demo_required, .scheduler = &mine, .scenario = "work - spin\nhold 1s",
	       .flags_required = KTSTR_LIST("steal"), .flags_excluded = KTSTR_LIST("verbose"), .min_llcs = 2);
KTSTR_REGISTER_(body, per_llc, NULL, .scheduler = &mine, .min_llcs = 2);
KTSTR_SCENARIO(bare, .scenario = "work - spin\nhold 1s", .topology = "smt-2llc", .smt = true);

static const struct ktstr_test *const all[] = { &ktstr_test_text, NULL, &ktstr_test_demo_required, &ktstr_test_body,
						&ktstr_test_bare };
static const struct ktstr_program program = { sizeof(program), KTSTR_ABI, all, all + countof(all), NULL, NULL };

static struct declarations declared;

static int declare(void **state)
{
	struct err e;

	(void)state;
	return declared_read(&declared, &program, &e);
}

static int undeclare(void **state)
{
	(void)state;
	declarations_free(&declared);
	return 0;
}

static const struct declared *named(const char *name)
{
	const struct declared *d = declared_find(&declared, name, strlen(name));

	assert_non_null(d);
	return d;
}

static void in_order_and_inherited(void **state)
{
	struct err e;

	(void)state;
	assert_int_equal(declared.n, 4);
	assert_string_equal(declared.v[0].name, "text");
	assert_string_equal(declared.v[3].name, "bare");
	assert_string_equal(declared.v[1].topology, "1,2,4,1");
	assert_int_equal(declared.v[1].bounds.max_llcs, 4);
	assert_int_equal(declared.v[3].bounds.max_llcs, 12);
	assert_true(declared_ignored(&declared.v[1]) && !declared_ignored(&declared.v[0]));
	assert_string_equal(declared_scheduler(&declared.v[0]), "scx mine");
	assert_string_equal(declared_scheduler(&declared.v[3]), "eevdf");
	for (size_t i = 0; i < declared.n; i++)
		assert_int_equal(declared_check(&declared.v[i], &e), 0);
	assert_int_equal(declared_names(&declared, &e), 0);
}

static void profiles_of(const char *test, const char *expected, const char *base)
{
	auto_profiles struct profiles p = { 0 };
	auto_free char *own = variant_base_profile(named(test));
	char names[200] = "";
	struct err e;

	assert_int_equal(variant_profiles(&p, named(test), &e), 0);
	for (size_t i = 0; i < p.n; i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s ", p.v[i].name);
	assert_string_equal(names, expected);
	assert_true(base ? !strcmp(own, base) : !own);
}

static void profiles(void **state)
{
	(void)state;
	profiles_of("text", "default llc llc+steal verbose llc+verbose llc+steal+verbose ", "default");
	profiles_of("demo_required", "llc+steal ", "llc+steal");
	profiles_of("bare", "default ", NULL);
}

static void names(void **state)
{
	static const struct {
		const char *name, *profile; /* profile "": none such; NULL: without flags */
	} cases[] = {
		{ "text", "default" },
		{ "demo_required", "llc+steal" },
		{ "bare", NULL },
		{ "gauntlet/text/tiny-1llc/llc+steal", "llc+steal" },
		{ "gauntlet/text/tiny-1llc/steal+llc", "" },
		{ "gauntlet/text/tiny-1llc/steal", "" },
		{ "gauntlet/text/tiny-1llc/", "" },
		{ "gauntlet/text/tiny-1llc/default/", "" },
		{ "gauntlet/text/odd-5llc/default", "" },
		{ "gauntlet/bare/tiny-1llc/default", "" },
		{ "gauntlet/bare/smt-3llc/default", NULL },
		{ "gauntlet/bare/smt-3llc/llc", "" },
		{ "gauntlet/demo_required/tiny-1llc/llc+steal", "" },
		{ "gauntlet/demo_required/tiny-2llc/default", "" },
		{ "gauntlet/", "" },
		{ "gauntlet//", "" },
		{ "gauntlet///", "" },
		{ "", "" },
		{ "tex", "" },
		{ "textt", "" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *profile = NULL, *again = NULL;
		struct variant v;
		struct err e = { 0 };
		int r = variant_find(&v, &profile, &declared, cases[i].name, &e);

		if (cases[i].profile && !*cases[i].profile) {
			assert_int_equal(r, -1);
			assert_int_equal(e.code, X_USAGE);
			continue;
		}
		assert_int_equal(r, 0);
		assert_true(cases[i].profile ? !strcmp(v.profile, cases[i].profile) : !v.profile);
		again = variant_name(&v);
		assert_string_equal(again, cases[i].name);
	}
}

static void texts(void **state)
{
	struct declared real = *named("text");
	const struct variant v = { .d = &real, .profile = "default" };
	auto_composed struct composed c = { 0 };
	struct err e;

	(void)state;
	real.t.clock = KTSTR_REAL;
	assert_int_equal(compose(&c, &v, NULL, NULL, "/self", &e), 0);
	assert_string_equal(
		c.text,
		"ktstr 1\ntest text\nscheduler \"/opt/scx mine\" --parent=%cgroup%/x \"a b\"\ntopology 1,2,4,1\n"
		"duration 1500ms\nsettle 0ms\nworkers 4\nseeds 3 first=1\nmemory 512\nwatchdog 1500ms\nclock real\ntags x y\nneeds cpus:2\n"
		"sysctls vm.swappiness=1 \"kernel.printk=4 4 1 7\"\nkargs isolcpus=1\ncgroup_parent /a/b\n"
		"expect gap.max <= 1s\nexpect fairness >= 0.5\nexpect isolated\nexpect gap.max <= 20ms\nmap_write data 8 7\n"
		"work - spin\nhold 1s\n");
	assert_int_equal(c.head, 21);
	assert_int_equal(check_variant(&v, &e), 0);
}

/* What the environment or the file system calls a scheduler. */
static void words_that_no_text_has(void **state)
{
	const struct variant v = { .d = named("text"), .profile = "default" };
	static const char *const paths[] = { "/opt/\"a\"", "/opt/a\nmemory 512" };

	(void)state;
	for (size_t i = 0; i < countof(paths); i++) {
		auto_composed struct composed c = { 0 };
		struct err e;

		assert_int_equal(compose(&c, &v, NULL, paths[i], "/self", &e), -1);
		assert_int_equal(e.code, X_USAGE);
		assert_non_null(strstr(e.msg, "the scheduler's program"));
	}
}

static void bodies(void **state)
{
	struct variant v = { .d = named("body"), .preset = preset_find("smt-2llc", 8), .profile = "llc" };
	auto_free struct places *p = NULL;
	auto_composed struct composed c = { 0 }, other = { 0 };
	struct err e;

	(void)state;
	p = check_places(&v, &e);
	assert_non_null(p);
	assert_int_equal(compose(&c, &v, p, "/bin/true", "/self", &e), 0);
	assert_non_null(strstr(c.text, "topology smt-2llc\n"));
	assert_non_null(strstr(c.text, "scheduler /bin/true --parent"));
	assert_non_null(strstr(c.text, "cgroup llc_1 cpuset=llc:1\nwork llc_1 spin n=4\nhold 100%\n"));
	assert_null(strstr(c.text, "functions"));
	assert_true(c.body.asks_flags);
	assert_int_equal(c.body.n, 5);
	v.profile = "llc+steal";
	assert_int_equal(compose(&other, &v, p, NULL, "/self", &e), 0);
	assert_non_null(strstr(other.text, "work llc_1 spin n=1\n"));
}

static double seconds_of(const char *test, const char *preset)
{
	const struct variant v = { .d = named(test), .preset = preset ? preset_find(preset, strlen(preset)) : NULL };
	struct budget b = { 0 };
	double seconds;

	budget_add(&b, &v);
	seconds = b.v[0].seconds;
	budget_free(&b);
	return seconds;
}

/* The examples of the original: 2 CPUs and 2 s, 64 CPUs. */
static void estimates(void **state)
{
	(void)state;
	assert_true(seconds_of("bare", NULL) == 14);
	assert_true(seconds_of("bare", "medium-8llc") == 18);
	assert_true(seconds_of("text", NULL) == 13.5);
}

static void shapes(void **state)
{
	struct ktstr_test t = ktstr_test_bare;
	const struct ktstr_test *const one[] = { &t };
	struct ktstr_program p = { sizeof(p), KTSTR_ABI, one, one + 1, NULL, NULL };
	struct declarations d = { 0 };
	struct err e;

	(void)state;
	for (uint32_t size = 0; size < offsetof(struct ktstr_test, ignored); size += 7) {
		t.size = size;
		assert_int_equal(declared_read(&d, &p, &e), -1);
		declarations_free(&d);
	}
	t.size = sizeof(t);
	p.abi++;
	assert_int_equal(declared_read(&d, &p, &e), -1);
	declarations_free(&d);
	p.abi--;
	p.size = 4;
	assert_int_equal(declared_read(&d, &p, &e), -1);
	declarations_free(&d);
	p.size = sizeof(p);
	t.name = "";
	assert_int_equal(declared_read(&d, &p, &e), 0);
	assert_int_equal(declared_check(&d.v[0], &e), -1);
	declarations_free(&d);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_order_and_inherited),
		cmocka_unit_test(profiles),
		cmocka_unit_test(names),
		cmocka_unit_test(texts),
		cmocka_unit_test(words_that_no_text_has),
		cmocka_unit_test(bodies),
		cmocka_unit_test(estimates),
		cmocka_unit_test(shapes),
	};

	return cmocka_run_group_tests(tests, declare, undeclare);
}
