/* test_counts.c: what this kernel counts, as far as it lets us ask. tests/vm has a guest with a scheduler. */
#include "engine/counts.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void take(void **state)
{
	struct counts c;

	(void)state;
	counts_take(&c, true);
	assert_true(!c.events || strncmp(c.events, "SCX_EV_", 7) == 0);
	assert_true(c.listed || !c.n);
	for (size_t i = 0; i < c.n; i++) {
		assert_true(c.programs[i].name[0] && memchr(c.programs[i].name, 0, sizeof c.programs[i].name));
		assert_true(!i || strcmp(c.programs[i - 1].name, c.programs[i].name) < 0);
	}
	counts_free(&c);
	assert_null(c.events);
	assert_int_equal(c.n, 0);
	counts_free(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(take) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
