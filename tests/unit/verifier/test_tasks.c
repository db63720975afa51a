#include "base/err.h"
#include "base/mem.h"
#include "verifier/tasks.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void missing(void **state)
{
	static const struct {
		const char *
			turns; /* a digit per spinning task; a letter is a task of another kind with so many after 'a' */
		const char *text;
	} cases[] = {
		{ "", NULL },
		{ "1", NULL },
		{ "11aa", NULL },
		{ "0aa", "none of 3 tasks ran in 5.3 s" },
		{ "0b", "no task ran on CPU 0 in 5.3 s" },
		{ "0010010", "no task ran on CPU 0-1,3-4,6 in 5.3 s" },
		{ "1101", "no task ran on CPU 2 in 5.3 s" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct proto_task v[8] = { 0 };
		struct tasks t = { .done = true, .ms = 5321, .v = v };

		for (const char *c = cases[i].turns; *c; c++) {
			v[t.n].cpu = (uint32_t)t.n;
			v[t.n].kind = *c >= 'a' ? TASK_SLEEPS : TASK_SPINS;
			v[t.n++].turns = (uint64_t)(*c >= 'a' ? *c - 'a' : *c - '0');
		}
		auto_free char *text = tasks_missing(&t);

		assert_int_equal(tasks_progress(&t), !cases[i].text);
		if (cases[i].text)
			assert_string_equal(text, cases[i].text);
		else
			assert_null(text);
	}
}

static void hostile(void **state)
{
	static char msg[sizeof(struct proto_worked) + (TASKS_MAX + 1) * sizeof(struct proto_task)];
	const size_t head = sizeof(struct proto_worked), one = sizeof(struct proto_task);
	static const uint32_t kind = TASK_KINDS;
	struct tasks t = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t n = 0; n < head + 2 * one; n++)
		assert_int_equal(tasks_parse(&t, msg, n, &e), n >= head && (n - head) % one == 0 ? 0 : -1),
			tasks_free(&t);
	assert_int_equal(tasks_parse(&t, msg, sizeof(msg), &e), -1);
	assert_int_equal(e.code, X_VM);
	memcpy(msg + head + one, &kind, sizeof(kind));
	assert_int_equal(tasks_parse(&t, msg, head + 2 * one, &e), -1);
	assert_non_null(strstr(e.msg, "kind 3"));
	assert_false(t.done);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(missing), cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
