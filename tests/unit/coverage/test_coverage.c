/* test_coverage.c: what run.json says that this program ran in a guest is added to its counters, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "coverage/coverage.h"

static uint64_t counted[8] __attribute__((section("__llvm_prf_cnts"), used));

static int add(const char *text, struct err *e)
{
	*e = (struct err){ 0 };
	return coverage_add(text, strlen(text), e);
}

static void adds(void **state)
{
	struct err e;

	(void)state;
	assert_true(coverage_wanted());
	assert_int_equal(
		add("{\"format\":1,\"coverage\":{\"counters\":8,\"ran\":[0,2,7,5]},\"workers\":[{\"coverage\":1}]}",
		    &e),
		0);
	assert_int_equal(add("{\"coverage\":{\"counters\":8,\"ran\":[7,18446744073709551615],\"more\":{}}}", &e), 0);
	assert_int_equal(add("{\"coverage\":{\"counters\":8,\"ran\":[]}}", &e), 0);
	assert_int_equal(add("{\"broken\":\"the guest\"}", &e), 0);
	assert_true(counted[0] == 2 && counted[7] == UINT64_MAX);
	for (unsigned i = 1; i < 7; i++)
		assert_int_equal(counted[i], 0);
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"coverage\":1}",
		"{\"coverage\":{\"counters\":9,\"ran\":[]}}",
		"{\"coverage\":{\"counters\":-1}}",
		"{\"coverage\":{\"ran\":{}}}",
		"{\"coverage\":{\"ran\":[8,1]}}",
		"{\"coverage\":{\"ran\":[18446744073709551615,1]}}",
		"{\"coverage\":{\"ran\":[-1,1]}}",
		"{\"coverage\":{\"ran\":[1]}}",
		"{\"coverage\":{\"ran\":[1,\"1\"]}}",
		"{\"coverage\":{\"ran\":[1,1.5]}}",
		"{\"coverage\":{\"ran\":[2,1,2,1]}}",
		"{\"coverage\":{\"ran\":[2,1,1,1]}}",
		"{\"coverage\":{\"ran\":[2,1",
	};
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		if (add(bad[i], &e) == 0)
			fail_msg("%s", bad[i]);
		assert_int_equal(e.code, X_VM);
		assert_non_null(strstr(e.msg, "coverage"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(adds), cmocka_unit_test(refuses) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
