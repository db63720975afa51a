/* test_worktype.c: work types and the programs that they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "scenario/worktype.h"

static void read_type(struct worktype_use *u, const char *text)
{
	struct slots shared = { 0 };
	struct scenario_error e = { 0 };

	if (!worktype_parse(u, &shared, text, &e))
		fail_msg("%s: %s", text, e.what);
}

static char *program_text(const struct worktype_use *u)
{
	struct slots shared = { 0 };
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	program_write(f, &u->program, &shared);
	fclose(f);
	return text;
}

static void programs(void **state)
{
	static const struct {
		const char *text, *program;
		unsigned group, slots;
	} cases[] = {
		{ "spin", "run 100us", 1, 0 },
		{ "bursty:run=2s", "run 2s; sleep 100ms", 1, 0 },
		{ "pipe", "run 20us; send a; receive b | receive a; run 20us; send b", 2, 2 },
		{ "chain:depth=3,us=5", "run 5us; wake a; wait b | wait a; run 5us; wake c | wait c; run 5us; wake b",
		  3, 3 },
		{ "fanout:n=2", "run 20us; wake a | 2 * wait a; run 20us", 3, 1 },
		{ "herd:n=64", "sleep 10ms; wake a | 64 * wait a; run 20us", 65, 1 },
		{ "mutex", "4 * lock a; run 50us; unlock a; run 100us", 4, 1 },
		{ "rt:prio=7", "policy=fifo:7; run 20ms; sleep 5ms", 1, 0 },
		{ "affinity:of=all", "run 20us; affinity all; sleep 100us", 1, 0 },
		{ "migrate:n=3,period=5ms", "timer 5ms; run 100us; migrate 3", 1, 0 },
		{ "churn", "timer 10ms; churn 2; run 100us", 1, 0 },
		{ "kwork", "timer 10ms; kwork", 1, 0 },
		{ "numa:kib=64", "timer 100ms; touch 64 4096; node 64", 1, 0 },
		{ "schbench:m=2,t=3,work=1ms",
		  "run 20us; wake a; wait b | 3 * wait a; sleep 30us; run 1ms; wake b | run 20us; wake c; wait d | 3 * wait c; "
		  "sleep 30us; run 1ms; wake d",
		  8, 4 },
		{ "CachePipe", "touch 32 64; send a; receive b | receive a; touch 32 64; send b", 2, 2 },
		{ "prog:wake a; wait a; nice -20 5; signal 0; sigwait", "wake a; wait a; nice -20 5; signal 0; sigwait",
		  1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct worktype_use u;
		char *text;

		read_type(&u, cases[i].text);
		text = program_text(&u);
		assert_string_equal(text, cases[i].program);
		assert_int_equal(u.program.group, cases[i].group);
		assert_int_equal(u.program.slots, cases[i].slots);
		free(text);
	}
}

/* Each parameter at its least and its most gives a program, and all of a type's values survive being written. */
static void bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_worktypes; i++) {
		const struct worktype *t = &worktypes[i];

		for (unsigned most = 0; most < 2; most++) {
			struct worktype_use u = { .type = t }, again;
			struct slots shared = { 0 };
			char *text;
			size_t n;
			FILE *f = open_memstream(&text, &n);

			for (unsigned k = 0; t->params[k].name; k++)
				u.values[k] = most ? t->params[k].max : t->params[k].min;
			worktype_write(f, &u, &shared);
			fclose(f);
			read_type(&again, text);
			assert_ptr_equal(again.type, t);
			assert_memory_equal(again.values, u.values, sizeof u.values);
			free(text);
		}
	}
}

static void roles(void **state)
{
	struct worktype_use u;

	(void)state;
	read_type(&u, "prog:2 * run 1us | policy=rr:3; run 2us | 3 * run 3us");
	assert_int_equal(u.program.group, 6);
	assert_ptr_equal(program_role(&u.program, 0), &u.program.roles[0]);
	assert_ptr_equal(program_role(&u.program, 1), &u.program.roles[0]);
	assert_ptr_equal(program_role(&u.program, 2), &u.program.roles[1]);
	assert_ptr_equal(program_role(&u.program, 5), &u.program.roles[2]);
	assert_int_equal(u.program.roles[1].policy.kind, POLICY_RR);
	assert_int_equal(u.program.roles[2].first, 2);
}

/* Names with "@" are the same for all lines; others are each group's own. */
static void shared_names(void **state)
{
	struct slots shared = { 0 };
	struct scenario_error e = { 0 };
	struct worktype_use one, two;

	(void)state;
	assert_true(worktype_parse(&one, &shared, "prog:wake @x; wake y; wait y", &e));
	assert_false(slots_check(&shared, "the scenario", &e) && shared.n != 1);
	assert_true(worktype_parse(&two, &shared, "prog:wait @x; lock @m; unlock @m", &e));
	assert_true(slots_check(&shared, "the scenario", &e));
	assert_int_equal(shared.n, 2);
	assert_true(one.program.acts[0].shared && two.program.acts[0].shared);
	assert_int_equal(one.program.acts[0].slot, two.program.acts[0].slot);
	assert_false(one.program.acts[1].shared);
	assert_false(worktype_parse(&two, &shared, "prog:lock @x; unlock @x", &e));
	assert_non_null(strstr(e.what, "two ways"));
}

static void functions(void **state)
{
	static const char *const wrong[] = { "fn",
					     "fn:",
					     "fn:a-b",
					     "fn:1a",
					     "fn:a:b=1",
					     "fn:a b",
					     "fn:a234567890123456789012345678901234567890123456789012345678901234" };
	struct slots shared = { 0 };
	struct worktype_use u;
	struct scenario_error e;
	char *text;
	size_t n;
	FILE *f;

	(void)state;
	read_type(&u, "fn:do_2");
	assert_string_equal(u.function, "do_2");
	assert_int_equal(u.program.group, 1);
	assert_int_equal(program_role(&u.program, 0)->policy.kind, POLICY_NONE);
	f = open_memstream(&text, &n);
	worktype_write(f, &u, &shared);
	fclose(f);
	assert_string_equal(text, "fn:do_2");
	free(text);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		e = (struct scenario_error){ 0 };
		assert_false(worktype_parse(&u, &shared, wrong[i], &e));
		assert_non_null(strstr(e.tip, "KTSTR_WORK"));
	}
}

static void aliases(void **state)
{
	(void)state;
	for (size_t i = 0; i < n_worktype_aliases; i++) {
		struct worktype_use u, v;

		read_type(&u, worktype_aliases[i].name);
		read_type(&v, worktype_aliases[i].means);
		assert_memory_equal(&u, &v, sizeof u);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs),     cmocka_unit_test(bounds),  cmocka_unit_test(roles),
		cmocka_unit_test(shared_names), cmocka_unit_test(aliases), cmocka_unit_test(functions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
