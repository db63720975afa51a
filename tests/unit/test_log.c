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

static const struct {
	const char *in;
	size_t k;
	const char *out; /* NULL: no such pair */
} programs[] = {
	{ "", 0, NULL },
	{ "nothing here\n", 0, NULL },
	{ "libbpf: " BEGIN "a\nb\n\nlibbpf: " END, 0, "a\nb" },
	{ "libbpf: " BEGIN "a\nlibbpf: " END "x\nlibbpf: " BEGIN "second\nlibbpf: " END, 1, "second" },
	{ "libbpf: " BEGIN "a\nlibbpf: " END, 1, NULL },
	{ BEGIN "cut off", 0, "cut off" },
	{ BEGIN END, 0, "" },
	{ "-- BEGIN PROG LOAD LOG --", 0, "" },
};

static void program_logs(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(programs); i++) {
		struct view v;
		bool found = log_program(text(programs[i].in), programs[i].k, &v);

		assert_int_equal(found, programs[i].out != NULL);
		if (!found)
			continue;
		assert_int_equal(v.n, strlen(programs[i].out));
		assert_memory_equal(v.p, programs[i].out, v.n);
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

static const struct {
	const char *in, *out;
} reasons[] = {
	{ "", NULL },
	{ "all is well\n", NULL },
	{ "libbpf: extern (func ksym) 'f': func_proto [61] incompatible with vmlinux [9]\nlibbpf: failed to load object 'x'\n",
	  "libbpf: extern (func ksym) 'f': func_proto [61] incompatible with vmlinux [9]" },
	{ BEGIN
	  "5: (05) goto pc-2\ninfinite loop detected at insn 5\ncur state: R1=3\nold state: R1=3\nprocessed 6 insns\n"
	  "libbpf: " END "failed\n",
	  "infinite loop detected at insn 5" },
	{ BEGIN
	  "R0 invalid\nVerification failed: Invalid dereference\n\nSuggestion:\n  Add a check.\nprocessed 6 insns\n" END,
	  "Verification failed: Invalid dereference" },
	{ BEGIN "processed 6 insns\n" END "scx: cannot go on\n", "scx: cannot go on" },
	{ "libbpf: extern (func ksym) 'f': not found in kernel BTFs\nlibbpf: failed to load object\nbye\n",
	  "libbpf: extern (func ksym) 'f': not found in kernel BTFs" },
	{ "libbpf: " BEGIN "0: (79) r1 = *(u64 *)(r1 +0)\nR1 invalid mem access 'scalar'\nverification time 1 usec\n"
	  "stack depth 0\nprocessed 4 insns (limit 1000000)\nlibbpf: " END "libbpf: failed to load\n",
	  "R1 invalid mem access 'scalar'" },
	{ "\n\n", NULL },
};

static void reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(reasons); i++) {
		struct view v = { 0 };

		assert_int_equal(log_reason(text(reasons[i].in), &v), reasons[i].out != NULL);
		assert_int_equal(v.n, reasons[i].out ? strlen(reasons[i].out) : 0);
		if (v.n)
			assert_memory_equal(v.p, reasons[i].out, v.n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(program_logs), cmocka_unit_test(outside),
					    cmocka_unit_test(stats), cmocka_unit_test(reason) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
