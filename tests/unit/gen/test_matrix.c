/* test_matrix.c: seeds of a request, and what tests are called. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/matrix/matrix.h"

static void good_seeds(void **state)
{
	static const struct {
		const char *text;
		struct seeds seeds;
	} all[] = { { "1", { 5, 1 } },
		    { "8", { 5, 8 } },
		    { "3..3", { 3, 1 } },
		    { "0..9", { 0, 10 } },
		    { "1..1000", { 1, 1000 } } };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct seeds s;
		struct err e = { 0 };

		assert_int_equal(seeds_parse(&s, all[i].text, 5, &e), 0);
		assert_int_equal(s.first, all[i].seeds.first);
		assert_int_equal(s.n, all[i].seeds.n);
	}
}

static void bad_seeds(void **state)
{
	static const char *const all[] = { "",
					   "0",
					   "x",
					   "-1",
					   "1..",
					   "..2",
					   "3..2",
					   "1..1001",
					   "1...2",
					   "1..2x",
					   " 1",
					   "1..2..3",
					   "1001",
					   "0..18446744073709551615",
					   "99999999999999999999" };

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		struct seeds s;
		struct err e = { 0 };

		assert_int_not_equal(seeds_parse(&s, all[i], 1, &e), 0);
		assert_int_equal(e.code, X_USAGE);
		assert_non_null(strstr(e.msg, "--seeds"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(good_seeds), cmocka_unit_test(bad_seeds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
