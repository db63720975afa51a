/* The fragment's language, and what did not survive. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "kernel/build/kconfig.h"

static void selects(void **state)
{
	static const struct {
		const char *fragment, *arch, *out; /* out NULL: refused, error holds */
		const char *error;
	} cases[] = {
		{ "CONFIG_A=y\n", "x86_64", "CONFIG_A=y\n", NULL },
		{ "CONFIG_A=y", "x86_64", "CONFIG_A=y\n", NULL },
		{ "", "x86_64", "", NULL },
		{ "# words\n\nCONFIG_A=y\r\n# CONFIG_B is not set  \n", "x86_64", "CONFIG_A=y\n# CONFIG_B is not set\n",
		  NULL },
		{ "#@only x86_64\nCONFIG_A=y\n#@all\nCONFIG_B=512\n", "x86_64", "CONFIG_A=y\nCONFIG_B=512\n", NULL },
		{ "#@only x86_64\nCONFIG_A=y\n#@all\nCONFIG_B=512\n", "aarch64", "CONFIG_B=512\n", NULL },
		{ "#@only x86_64\nCONFIG_A=1\n#@only aarch64\nCONFIG_A=2\n", "aarch64", "CONFIG_A=2\n", NULL },
		{ "CONFIG_S=\"a b # c\"\n", "x86_64", "CONFIG_S=\"a b # c\"\n", NULL },
		{ "#@wish\nCONFIG_A=y\n#@all\nCONFIG_B=y\n", "x86_64", "#@wish\nCONFIG_A=y\n#@all\nCONFIG_B=y\n",
		  NULL },
		{ "#@wish\nCONFIG_A=y\n#@only aarch64\nCONFIG_B=y\n#@all\nCONFIG_C=y\n", "x86_64",
		  "#@wish\nCONFIG_A=y\n#@all\nCONFIG_C=y\n", NULL },
		{ "#@only x86_64\n#@wish\nCONFIG_A=y\n", "aarch64", "#@wish\n", NULL },
		{ "#@wishes\n", "x86_64", NULL, "line 1" },
		{ "#@wish\nCONFIG_A=y\n#@all\nCONFIG_A=m\n", "x86_64", NULL, "CONFIG_A is requested twice" },
		{ "CONFIG_A=y\n#@except x86_64\n", "x86_64", NULL, "line 2" },
		{ "#@only\n", "x86_64", NULL, "line 1" },
		{ "#@only x86_64 aarch64\n", "x86_64", NULL, "line 1" },
		{ "CONFIG_A y\n", "x86_64", NULL, "line 1" },
		{ "CONFIG_A=\n", "x86_64", NULL, "line 1" },
		{ "A=y\n", "x86_64", NULL, "line 1" },
		{ "CONFIG_A=y\nCONFIG_B=y\n# CONFIG_A is not set\n", "x86_64", NULL, "CONFIG_A is requested twice" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *text = NULL;
		struct err e = { 0 };
		size_t n;
		FILE *f = xmemstream(&text, &n);
		int r = kconfig_select(cases[i].fragment, strlen(cases[i].fragment), cases[i].arch, f, &e);

		fclose(f);
		assert_int_equal(r, cases[i].out ? 0 : -1);
		assert_string_equal(text, cases[i].out ? cases[i].out : "");
		if (!cases[i].out) {
			assert_int_equal(e.code, X_KCONFIG);
			assert_non_null(strstr(e.msg, cases[i].error));
		}
	}
}

static void losses(void **state)
{
	static const struct {
		const char *want, *config, *lost;
	} cases[] = {
		{ "CONFIG_A=y\n", "CONFIG_A=y\n", "" },
		{ "CONFIG_A=y\n", "CONFIG_A=m\n", "CONFIG_A: wanted y, is m\n" },
		{ "CONFIG_A=y\n", "# CONFIG_A is not set\n", "CONFIG_A: wanted y, is not set\n" },
		{ "CONFIG_A=y\n", "", "CONFIG_A: wanted y, is not set\n" },
		{ "CONFIG_A=y\n", "CONFIG_A_B=y\nCONFIG_B_CONFIG_A=y\n", "CONFIG_A: wanted y, is not set\n" },
		{ "CONFIG_A=y\n", "#CONFIG_A=y\n", "CONFIG_A: wanted y, is not set\n" },
		{ "CONFIG_A=y\n", "CONFIG_A=yes\n", "CONFIG_A: wanted y, is yes\n" },
		{ "# CONFIG_A is not set\n", "", "" },
		{ "# CONFIG_A is not set\n", "# CONFIG_A is not set\n", "" },
		{ "# CONFIG_A is not set\n", "CONFIG_A=m\n", "CONFIG_A: wanted not set, is m\n" },
		{ "# CONFIG_A is not set\n", "CONFIG_A=\"\"\n", "CONFIG_A: wanted not set, is \"\"\n" },
		{ "CONFIG_A=n\n", "# CONFIG_A is not set\n", "" },
		{ "CONFIG_N=512\n", "CONFIG_N=64\n", "CONFIG_N: wanted 512, is 64\n" },
		{ "CONFIG_H=0x10\n", "CONFIG_H=0x1000\n", "CONFIG_H: wanted 0x10, is 0x1000\n" },
		{ "CONFIG_S=\"a b\"\n", "CONFIG_S=\"a b\"\n", "" },
		{ "CONFIG_S=\"a b\"\n", "CONFIG_S=\"a\"\n", "CONFIG_S: wanted \"a b\", is \"a\"\n" },
		{ "CONFIG_Z=y\nCONFIG_A=y\n", "", "CONFIG_Z: wanted y, is not set\nCONFIG_A: wanted y, is not set\n" },
		{ "CONFIG_A=y\n", "CONFIG_A=y\n# CONFIG_A is not set\n", "CONFIG_A: wanted y, is not set\n" },
		{ "CONFIG_A=y", "# CONFIG_A is not set\nCONFIG_A=y", "" },
		{ "CONFIG_SCHED_DEBUG=y\n", "CONFIG_A=y\n", "" },
		{ "CONFIG_SCHED_DEBUG=y\n", "# CONFIG_SCHED_DEBUG is not set\n",
		  "CONFIG_SCHED_DEBUG: wanted y, is not set\n" },
		{ "#@wish\nCONFIG_A=y\nCONFIG_B=y\n#@all\nCONFIG_C=y\n", "CONFIG_B=y\n",
		  "CONFIG_C: wanted y, is not set\n" },
		{ "#@wish\nCONFIG_A=y\n", "", "" },
		{ "CONFIG_SCHED_DEBUG_X=y\n", "", "CONFIG_SCHED_DEBUG_X: wanted y, is not set\n" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *lost = NULL;
		int lines = 0;

		for (const char *p = cases[i].lost; (p = strchr(p, '\n')); p++)
			lines++;
		assert_int_equal(kconfig_lost(cases[i].want, strlen(cases[i].want), cases[i].config,
					      strlen(cases[i].config), &lost),
				 lines);
		assert_string_equal(lost, cases[i].lost);
	}
}

static void vital_options(void **state)
{
	static const char all[] =
		"CONFIG_SCHED_CLASS_EXT=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_BPF_SYSCALL=y\nCONFIG_FTRACE=y\n"
		"CONFIG_KPROBE_EVENTS=y\nCONFIG_BPF_EVENTS=y\n";
	auto_free char *none = NULL, *some = NULL;

	(void)state;
	assert_int_equal(kconfig_missing(all, strlen(all), &none), 0);
	assert_string_equal(none, "");
	assert_int_equal(kconfig_missing(all + strlen("CONFIG_SCHED_CLASS_EXT=y\n"), 40, &some), 5);
	assert_non_null(strstr(some, "CONFIG_SCHED_CLASS_EXT is not set"));
	assert_null(strstr(some, "CONFIG_DEBUG_INFO_BTF is not set"));
}

/* What the user sets otherwise, or takes out, is not demanded any more. */
static void overridden(void **state)
{
	static const struct {
		const char *ours, *theirs, *left;
	} cases[] = {
		{ "CONFIG_A=y\nCONFIG_B=4\n# CONFIG_C is not set\n", "",
		  "CONFIG_A=y\nCONFIG_B=4\n# CONFIG_C is not set\n" },
		{ "CONFIG_A=y\nCONFIG_B=4\n# CONFIG_C is not set\n", "CONFIG_C=y\n# CONFIG_A is not set\n",
		  "CONFIG_B=4\n" },
		{ "CONFIG_A=y\n", "CONFIG_A=n\n", "" },
		{ "#@wish\nCONFIG_A=y\n#@all\nCONFIG_B=y\n", "CONFIG_A=n\n", "#@wish\n#@all\nCONFIG_B=y\n" },
		{ "CONFIG_A=y\n", "CONFIG_AB=n\nCONFIG_=y\n# CONFIG_A\n", "CONFIG_A=y\n" },
		{ "", "CONFIG_A=y\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *left =
			kconfig_without(cases[i].ours, strlen(cases[i].ours), cases[i].theirs, strlen(cases[i].theirs));

		assert_string_equal(left, cases[i].left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(selects),
		cmocka_unit_test(losses),
		cmocka_unit_test(vital_options),
		cmocka_unit_test(overridden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
