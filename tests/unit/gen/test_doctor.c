/* What doctor makes of versions, accelerators, memory and disks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/doctor/doctor.h"

static void versions(void **state)
{
	static const struct {
		const char *text, *min, *version;
		bool reaches;
	} v[] = {
		{ "QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1)", "7.2", "10.0.2", true },
		{ "QEMU emulator version 6.2.0", "7.2", "6.2.0", false },
		{ "gcc (Debian 12.2.0-14+deb12u1) 12.2.0", "5.1", "12.2.0", true },
		{ "GNU Make 3.82", "4.0", "3.82", false },
		{ "GNU Make 4.0", "4.0", "4.0", true },
		{ "v1.24", "1.16", "1.24", true },
		{ "v1.9", "1.16", "1.9", false },
		{ "bc 1.07.1", "1.06.95", "1.07.1", true },
		{ "flex 2.5.4", "2.5.35", "2.5.4", false },
		{ "clang version 16.0.6", "16", "16.0.6", true },
		{ "x86.64 tool 1.2", "1.2", "1.2", true },
		{ "1.2", "1.2.1", "1.2", false },
		{ "1.2.", "1.2", "1.2.", true },
		{ "99999999999999999999999.1", "7.2", "99999999999999999999999.1", true },
		{ "no version at all 12", "1", NULL, false },
		{ "", "1", NULL, false },
	};

	(void)state;
	for (size_t i = 0; i < countof(v); i++) {
		auto_free char *version = NULL;

		assert_int_equal(version_reaches(v[i].text, v[i].min, &version), v[i].reaches);
		if (v[i].version)
			assert_string_equal(version, v[i].version);
		else
			assert_null(version);
	}
}

static const struct finding *last(const struct findings *f)
{
	return &f->v[f->n - 1];
}

static void accelerators(void **state)
{
	auto_findings struct findings f = { 0 };

	(void)state;
	judge_kvm(&f, "works", "", "kvm", false);
	assert_int_equal(last(&f)->level, LEVEL_OK);
	assert_null(last(&f)->fix);
	judge_kvm(&f, "missing", "there is no /dev/kvm", NULL, false);
	assert_int_equal(last(&f)->level, LEVEL_WARN);
	assert_non_null(strstr(last(&f)->text, "there is no /dev/kvm"));
	assert_non_null(last(&f)->fix);
	judge_kvm(&f, "forbidden", "denied", "kvm", false);
	assert_non_null(strstr(last(&f)->fix, "usermod -aG kvm "));
	judge_kvm(&f, "forbidden", "denied", "kvm", true);
	assert_non_null(strstr(last(&f)->fix, "newgrp kvm"));
	judge_kvm(&f, "forbidden", "denied", NULL, false);
	assert_non_null(strstr(last(&f)->fix, "setfacl "));
	judge_kvm(&f, "broken", "emulation failure", "kvm", true);
	assert_int_equal(last(&f)->level, LEVEL_WARN);
	assert_non_null(strstr(last(&f)->text, "emulation failure"));
	assert_int_equal(findings_code(&f), 0);
}

static void room(void **state)
{
	auto_findings struct findings f = { 0 };

	(void)state;
	judge_memory(&f, 8000, 4000);
	assert_int_equal(last(&f)->level, LEVEL_OK);
	assert_non_null(strstr(last(&f)->text, "3 guests"));
	judge_memory(&f, 8000, 1000);
	assert_int_equal(last(&f)->level, LEVEL_WARN);
	assert_non_null(strstr(last(&f)->fix, "--memory-mb 704"));
	judge_disk(&f, "/x", 6000000000);
	assert_int_equal(last(&f)->level, LEVEL_OK);
	judge_disk(&f, "/x", 4000000000);
	assert_int_equal(last(&f)->level, LEVEL_WARN);
	assert_int_equal(findings_code(&f), 0);
	judge_disk(&f, "/x", 1000);
	assert_int_equal(last(&f)->level, LEVEL_FAIL);
	judge_memory(&f, 8000, 300);
	assert_int_equal(last(&f)->level, LEVEL_FAIL);
	/* The first one decides. */
	assert_int_equal(findings_code(&f), X_DISK_FULL);
}

/* Words of other programs cannot steer a terminal. */
static void words(void **state)
{
	auto_findings struct findings f = { 0 };

	(void)state;
	found(&f, "x", LEVEL_OK, "a%cb\033[31mc\n", 7);
	assert_string_equal(last(&f)->text, "a?bc ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(versions),
		cmocka_unit_test(accelerators),
		cmocka_unit_test(room),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
