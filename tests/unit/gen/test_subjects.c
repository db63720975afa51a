/* test_subjects.c: schedulers that test programs declare: which are one, and which contradict each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/sweep/subjects.h"

#define ALL(schedulers) "{\"format\":1,\"tests\":[],\"schedulers\":[" schedulers "]}"
#define SCHED(name, path, args, flags, known, more) \
	"{\"name\":\"" name "\",\"binary\":\"b\",\"path\":" path ",\"args\":[" args "],\"flags\":[" flags \
	"],\"flags_known\":" known ",\"sysctls\":[],\"kargs\":[],\"cgroup_parent\":\"/ktstr\",\"attach_ms\":0" more \
	"}"
#define FLAG "{\"name\":\"llc\",\"args\":[\"--llc\"],\"requires\":[]}"
#define PLAIN SCHED("a", "\"/a\"", "", "", "true", "")

static const struct {
	const char *one, *two; /* answers of two programs; two NULL: there is one */
	int code;
	size_t n; /* of schedulers */
	const char *why;
} cases[] = {
	{ ALL(PLAIN), ALL(PLAIN), 0, 1, NULL },
	{ ALL(""), NULL, 0, 0, NULL },
	{ ALL(PLAIN "," SCHED("b", "null", "\"-x\"", "", "false", "")), ALL(PLAIN), 0, 2, NULL },
	{ ALL(PLAIN), ALL(SCHED("a", "\"/other\"", "", "", "true", "")), X_USAGE, 1,
	  "one .binary in /one and with another in /two" },
	{ ALL(PLAIN), ALL(SCHED("a", "\"/a\"", "\"-x\"", "", "true", "")), X_USAGE, 1, "one .args in" },
	{ ALL(PLAIN), ALL(SCHED("a", "\"/a\"", "", FLAG, "true", "")), X_USAGE, 1, "one .flags in" },
	{ ALL(PLAIN "," SCHED("a", "\"/a\"", "\"-x\"", "", "true", "")), NULL, X_USAGE, 1, "in the same program" },
	{ ALL(SCHED("a b", "\"/a\"", "", "", "true", "") "," SCHED("a-b", "\"/a\"", "", "", "true", "")), NULL, X_USAGE,
	  1, "too much alike" },
	/* Who says nothing of something goes along with who does. */
	{ ALL(SCHED("a", "null", "", "", "false", "")), ALL(SCHED("a", "\"/a\"", "", FLAG, "true", "")), 0, 1, NULL },
	{ "{\"tests\":[]}", NULL, X_NO_INPUT, 0, "tells of no schedulers" },
	{ "[]", NULL, X_NO_INPUT, 0, "/one --export tells" },
	{ "", NULL, X_NO_INPUT, 0, "/one --export: " },
	{ ALL("1"), NULL, X_NO_INPUT, 0, "has no name" },
	{ ALL(SCHED("", "null", "", "", "true", "")), NULL, X_NO_INPUT, 0, "has no name" },
	{ ALL(SCHED("a", "\"relative\"", "", "", "true", "")), NULL, X_NO_INPUT, 0, "not absolute" },
	{ ALL(SCHED("a", "null", "1", "", "true", "")), NULL, X_NO_INPUT, 0, "\"args\" is no list" },
	{ ALL(SCHED("a", "null", "", "{}", "true", "")), NULL, X_NO_INPUT, 0, "flag 1" },
	{ ALL(SCHED("a", "null", "", "", "1", "")), NULL, X_NO_INPUT, 0, "scheduler a" },
};

static void read_both(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_subjects struct subjects s = { 0 };
		struct err e = { 0 };
		int r = subjects_read(&s, "/one", cases[i].one, strlen(cases[i].one), &e);

		if (r == 0 && cases[i].two)
			r = subjects_read(&s, "/two", cases[i].two, strlen(cases[i].two), &e);
		assert_int_equal(r, cases[i].code ? -1 : 0);
		assert_int_equal(e.code, cases[i].code);
		assert_int_equal(s.n, cases[i].n);
		if (cases[i].why && !strstr(e.msg, cases[i].why))
			fail_msg("'%s' is not in: %s", cases[i].why, e.msg);
	}
}

/* The last of the cases that are joined: path and flags come from the second program. */
static void joined(void **state)
{
	static const char one[] = ALL(SCHED("a", "null", "", "", "false", "")),
			  two[] = ALL(SCHED("a", "\"/a\"", "", FLAG, "true", ""));
	auto_subjects struct subjects s = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(subjects_read(&s, "/one", one, sizeof(one) - 1, &e), 0);
	assert_int_equal(subjects_check(&s, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_int_equal(subjects_read(&s, "/two", two, sizeof(two) - 1, &e), 0);
	assert_int_equal(subjects_check(&s, &e), 0);
	assert_string_equal(s.v[0].path, "/a");
	assert_string_equal(s.v[0].program, "/one");
	assert_true(s.v[0].flags_known);
	assert_int_equal(s.v[0].flags.n, 1);
}

static void chosen(void **state)
{
	static const char text[] =
		ALL(PLAIN "," SCHED("b", "\"/b\"", "", "", "true", "") "," SCHED("c", "\"/c\"", "", "", "true", ""));
	static const char *const names[] = { "c", "a", "d" };
	auto_subjects struct subjects s = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(subjects_read(&s, "/one", text, sizeof(text) - 1, &e), 0);
	assert_int_equal(subjects_choose(&s, names, 0, &e), 0);
	assert_int_equal(s.n, 3);
	assert_int_equal(subjects_choose(&s, names, 3, &e), -1);
	assert_non_null(strstr(e.msg, "those there are: a, b, c"));
	assert_int_equal(subjects_choose(&s, names, 2, &e), 0);
	assert_int_equal(s.n, 2);
	assert_string_equal(s.v[0].name, "a");
	assert_string_equal(s.v[1].name, "c");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(read_both), cmocka_unit_test(joined),
					    cmocka_unit_test(chosen) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
