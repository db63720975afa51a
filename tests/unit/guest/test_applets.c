/* test_applets.c: the table of applets in a program, and programs that have none or lie. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/mem.h"
#include "guest/applets.h"

static void tables(void **state)
{
	static const struct {
		const char *data;
		size_t n;
		const char *want;
	} cases[] = {
#define DATA(s) s, sizeof(s) - 1
		{ DATA("ELF\0\0[\0[[\0ash\0cat\0ls\0sh\0vi\0wc\0zcat\0\0/var/log"),
		  "[\n[[\nash\ncat\nls\nsh\nvi\nwc\nzcat\n" },
		{ DATA("\0[\0[[\0b\0a\0 and \0[\0[[\0a\0b\0c\0d\0e\0f\0a\0"), "[\n[[\na\nb\nc\nd\ne\nf\n" },
		{ DATA("\0[\0[[\0a\0b\0c\0d\0e\0f"), NULL }, /* cut in a name: seven are too few */
		{ DATA("\0[\0[[\0a\0b\0c\0d\0../x\0y\0z\0"), NULL },
		{ DATA("[\0[[\0a\0b\0c\0d\0e\0f\0\0"), NULL },
		{ DATA("\0[\0[["), NULL },
		{ DATA(""), NULL },
#undef DATA
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *exact = xmemdup(cases[i].data, cases[i].n + 1);
		auto_free char *got = applets_find(exact, cases[i].n);

		if (!cases[i].want)
			assert_null(got);
		else
			assert_string_equal(got ? got : "", cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(tables) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
