#include "base/mem.h"
#include "verifier/log.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define BEGIN "-- BEGIN PROG LOAD LOG --\n"
#define END "-- END PROG LOAD LOG --\n"

static struct view text(const char *s)
{
	return (struct view){ s, strlen(s) };
}

/* Each pair's program and log as "name=log|". */
static const struct {
	const char *in, *out;
} programs[] = {
	{ "", "" },
	{ "nothing here\n", "" },
	{ "libbpf: " BEGIN "a\nb\n\nlibbpf: " END, "=a\nb|" },
	{ "libbpf: prog 'one': " BEGIN "a\nlibbpf: " END "x\nlibbpf: prog 'two_with_a_long_name': " BEGIN
	  "second\n" END,
	  "one=a|two_with_a_long_name=second|" },
	{ "prog 'of the line before'\n" BEGIN "a\nlibbpf: " END, "=a|" },
	{ "prog 'not ended: " BEGIN "a\nlibbpf: " END, "=a|" },
	{ "prog 'x': " BEGIN "a\nlibbpf: " END BEGIN "b\n" END, "x=a|=b|" },
	{ BEGIN "cut off", "=cut off|" },
	{ BEGIN END, "=|" },
	{ END BEGIN "a\n" END, "=a|" },
	{ "-- BEGIN PROG LOAD LOG --\r\na\r\nlibbpf: " END, "=a|" },
	{ "-- BEGIN PROG LOAD LOG --", "=|" },
};

static void program_logs(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(programs); i++) {
		auto_free char *got = NULL;
		struct log_program p;
		size_t at = 0, n;
		FILE *f = xmemstream(&got, &n);

		while (log_program(text(programs[i].in), &at, &p))
			fprintf(f, "%.*s=%.*s|", (int)p.name.n, p.name.p, (int)p.text.n, p.text.p);
		fclose(f);
		assert_string_equal(got, programs[i].out);
	}
}

static void outside(void **state)
{
	const char *in = "before\nlibbpf: prog 'x': " BEGIN "inside\nlibbpf: " END "after\n";
	auto_free char *got = NULL;
	struct view v;
	size_t at = 0, n;
	FILE *f = xmemstream(&got, &n);

	(void)state;
	while (log_outside(text(in), &at, &v))
		fwrite(v.p, 1, v.n, f);
	fclose(f);
	assert_string_equal(got, "before\nafter\n");
}

static void stats(void **state)
{
	struct log_stats s;

	(void)state;
	log_stats(
		text("processed 9 insns (limit 1000000) max_states_per_insn 2 total_states 1 peak_states 1 mark_read 7\n"
		     "verification time 342 usec\nstack depth 16+0\n"
		     "processed 1234 insns (limit 1000000) max_states_per_insn 2 total_states 56 peak_states 55 mark_read 7"),
		&s);
	assert_int_equal(s.processed, 1234);
	assert_true(s.has_states && s.has_time);
	assert_int_equal(s.total_states, 56);
	assert_int_equal(s.peak_states, 55);
	assert_int_equal(s.usec, 342);
	assert_int_equal(s.stack.n, 4);
	assert_memory_equal(s.stack.p, "16+0", 4);

	log_stats(text("processed many insns\n  processed 5 insns\n"), &s);
	assert_int_equal(s.processed, 0);
	log_stats(text("processed 99999999999999999999999 insns"), &s);
	assert_int_equal(s.processed, 0);
	log_stats(text(""), &s);
	assert_int_equal(s.processed, 0);
	assert_false(s.has_states || s.has_time);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(program_logs), cmocka_unit_test(outside),
					    cmocka_unit_test(stats) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
