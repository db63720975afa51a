/* test_exit_info.c: why the kernel let go of a scheduler, from what a guest sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "guest/exit_info.h"
#include "guest/proto.h"

#define BEGIN "sched_ext: BPF scheduler \"ktstr\" enabled\n"

static char *message(const char *log, const char *dump, size_t *n)
{
	struct proto_exit_info h = { .log_len = (uint32_t)strlen(log) };
	char *text = NULL;
	FILE *f = xmemstream(&text, n);

	fwrite(&h, sizeof(h), 1, f);
	fputs(log, f);
	fputs(dump, f);
	fclose(f);
	return text;
}

static const struct {
	const char *log, *dump, *ops, *kind, *reason;
	bool error;
} cases[] = {
	{ BEGIN "sched_ext: BPF scheduler \"ktstr\" disabled (runnable task stall)\n"
		"sched_ext: ktstr: watchdog failed to check in for 5.004s\n   scx_vexit+0x6d/0xa0\n",
	  "ktstr: root\nswapper/0[0] triggered exit kind 1026 on CPU 0:\n", "ktstr", "runnable task stall",
	  "runnable task stall: watchdog failed to check in for 5.004s (exit kind 1026)", true },
	{ "sched_ext: BPF scheduler \"a b\" disabled (unregistered from user space)\n", "", "a b",
	  "unregistered from user space", "unregistered from user space", false },
	/* Two ended between two looks: the last one counts. */
	{ "sched_ext: BPF scheduler \"x\" disabled (runtime error)\n"
	  "sched_ext: BPF scheduler \"y\" disabled (runtime error)\nsched_ext: x: no\nsched_ext: y: yes\n",
	  "", "y", "runtime error", "runtime error: yes", true },
	{ "", "", "", "for a reason the kernel did not give", "for a reason the kernel did not give", true },
	{ "sched_ext: BPF scheduler \"cut disabled (\nBPF scheduler \"", "triggered exit kind x", "",
	  "for a reason the kernel did not give", "for a reason the kernel did not give", true },
};

static void reasons(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_exit_info struct exit_info l = { 0 };
		struct err e;
		size_t n;
		auto_free char *msg = message(cases[i].log, cases[i].dump, &n);

		assert_int_equal(exit_info_parse(&l, msg, n, &e), 0);
		auto_free char *reason = exit_info_reason(&l);

		assert_string_equal(l.ops, cases[i].ops);
		assert_string_equal(l.kind, cases[i].kind);
		assert_string_equal(reason, cases[i].reason);
		assert_int_equal(exit_info_is_error(&l), cases[i].error);
		assert_string_equal(l.log, cases[i].log);
		assert_string_equal(l.dump, cases[i].dump);
	}
}

static void hostile(void **state)
{
	struct proto_exit_info h = { .log_len = 1 };
	auto_exit_info struct exit_info l = { 0 };
	struct err e;
	size_t n;

	(void)state;
	assert_true(exit_info_parse(&l, &h, sizeof(h) - 1, &e) < 0);
	assert_int_equal(e.code, X_VM);
	assert_true(exit_info_parse(&l, &h, sizeof(h), &e) < 0);

	auto_free char *msg = message("\033[2Jclear\n\tyour screen\177", "and\rdump", &n);

	assert_int_equal(exit_info_parse(&l, msg, n, &e), 0);
	assert_string_equal(l.log, "clear\n\tyour screen?");
	assert_string_equal(l.dump, "and?dump");
	exit_info_free(&l);
	exit_info_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(reasons), cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
