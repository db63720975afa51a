/* test_booted.c: what a kernel lacks of what it was told when it booted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "trial/booted.h"

#define TOLD "\"KTSTR_SYSCTLS=vm.a=1;kernel.b=2 3\" isolcpus=1 quiescent"

static void answers(void **state)
{
	static const struct {
		const char *hello;
		enum lack what;
		const char *why; /* part of it */
	} cases[] = {
		{ "", LACK_NOTHING, NULL },
		{ "release 7.3\nunknown", LACK_NOTHING, NULL },
		{ "unknown \nunknown intel_iommu=off\nunknown isolcpus\nunknown cpus=1\n", LACK_NOTHING, NULL },
		{ "unknown isolcpus=1\n", LACK_KERNEL, "does not know the parameter isolcpus=1" },
		{ "unknown x\nunknown quiescent", LACK_KERNEL, "parameter quiescent" },
		{ "sysctl_lacks vm.a\nsysctl_refused kernel.b=2 3: Invalid argument\n", LACK_KERNEL, "no sysctl vm.a" },
		{ "sysctl_refused kernel.b=2 3: Invalid argument\nunknown isolcpus=1\n", LACK_KERNEL, "isolcpus" },
		{ "sysctl_refused kernel.b=2 3: Invalid argument\n", LACK_SCENARIO,
		  "refuses sysctl kernel.b=2 3: Invalid argument" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		enum lack what;
		char *why;

		booted_find(TOLD, cases[i].hello, strlen(cases[i].hello), &what, &why);
		if (what != cases[i].what || !why != !cases[i].why || (why && !strstr(why, cases[i].why)))
			fail_msg("%s: %d %s", cases[i].hello, what, why ? why : "nothing");
		free(why);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(answers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
