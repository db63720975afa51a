/* The rules of docs/verifier.md, on the tables and worked examples of upstream 0.3.2. */
#include "base/mem.h"
#include "verifier/collapse.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
	const char *in, *with, *without;
} forms[] = {
	{ "3006: (07) r9 += 1          ; frame1: R9_w=2", "3006: (07) r9 += 1", "(07) r9 += 1" },
	{ "9: (15) if r7 == 0x0 goto pc+1    ; R7=scalar(id=2)", "9: (15) if r7 == 0x0 goto pc+1",
	  "(15) if r7 == 0x0 goto pc+1" },
	{ "3026: (b5) if r6 <= 0x11dc0 goto pc+2 3029: frame1: R0=1 R6=scalar()",
	  "3026: (b5) if r6 <= 0x11dc0 goto pc+2", "(b5) if r6 <= 0x11dc0 goto pc+2" },
	{ "3041: frame1: R0_w=scalar()", "3041:", "3041:" },
	{ "3029: R0=1 R6=scalar()", "3029:", "3029:" },
	{ "; for (int j = 0; j < n; j++) {", "; for (int j = 0; j < n; j++) {", "; for (int j = 0; j < n; j++) {" },
	{ "12: (85) call bpf_x#5 ; Return value", "12: (85) call bpf_x#5 ; Return value",
	  "(85) call bpf_x#5 ; Return value" },
	{ "14: (05) goto pc-6", "14: (05) goto pc-6", "(05) goto pc-6" },
	{ "   from 3 to 7: R0=1", "from 3 to 7: R0=1", "from 3 to 7: R0=1" },
	{ "5: (b7) r1 = 0 ; Rx note ; R1_w=0", "5: (b7) r1 = 0 ; Rx note ; R1_w=0", "(b7) r1 = 0 ; Rx note ; R1_w=0" },
	{ "", "", "" },
	{ "7:", "7:", "7:" },
	{ "7: ", "7:", "7:" },
};

static void normal_forms(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(forms); i++) {
		struct view line = { forms[i].in, strlen(forms[i].in) };
		struct view a = collapse_normal(line, true), b = collapse_normal(line, false);

		assert_int_equal(a.n, strlen(forms[i].with));
		assert_memory_equal(a.p, forms[i].with, a.n);
		assert_int_equal(b.n, strlen(forms[i].without));
		assert_memory_equal(b.p, forms[i].without, b.n);
	}
}

static char *collapsed(const char *text)
{
	char *out = NULL;
	size_t n;
	FILE *f = xmemstream(&out, &n);

	collapse_write(f, (struct view){ text, strlen(text) });
	fclose(f);
	return out;
}

/* Iteration k of the worked example's loop. */
static void iteration(FILE *f, int k)
{
	fprintf(f,
		"; for (i = 0; i < 4; i++)\n"
		"10: (bf) r2 = r6   ; R2_w=%d\n"
		"11: (0f) r7 += r2  ; R7_w=scalar(umin=%d)\n"
		"12: (07) r6 += 1   ; R6_w=%d\n"
		"13: (a5) if r6 < 0x4 goto pc-4 14: R6=%d\n",
		k, k, k + 1, k + 1);
}

static void worked_example(void **state)
{
	char *in = NULL, *want = NULL;
	size_t n;
	FILE *f = xmemstream(&in, &n);

	(void)state;
	fputs("func#0 @0\n0: R1=ctx() R10=fp0\n", f);
	for (int k = 0; k < 4; k++)
		iteration(f, k);
	fputs("14: (95) exit\nprocessed 25 insns (limit 1000000) ...\n", f);
	fclose(f);
	f = xmemstream(&want, &n);
	fputs("func#0 @0\n0: R1=ctx() R10=fp0\n--- 4x of the following 5 lines ---\n", f);
	iteration(f, 0);
	fputs("--- 2 identical iterations omitted ---\n", f);
	iteration(f, 3);
	fputs("--- end repeat ---\n14: (95) exit\nprocessed 25 insns (limit 1000000) ...\n", f);
	fclose(f);
	auto_free char *got = collapsed(in);

	assert_string_equal(got, want);
	free(in);
	free(want);
}

static void unrolled(FILE *f, int base)
{
	static const char *const body[] = { "(bf) r2 = r6", "(0f) r7 += r2", "(07) r6 += 1", "(b7) r0 = 42",
					    "(18) r1 = 0x0" };

	for (int k = 0; k < 5; k++)
		fprintf(f, "%d: %s\n", base + k, body[k]);
}

static void unrolled_example(void **state)
{
	char *in = NULL, *want = NULL;
	size_t n;
	FILE *f = xmemstream(&in, &n);

	(void)state;
	for (int k = 0; k < 3; k++)
		unrolled(f, 5 * k);
	fclose(f);
	f = xmemstream(&want, &n);
	fputs("--- 3x of the following 5 lines ---\n", f);
	unrolled(f, 0);
	fputs("--- 1 identical iterations omitted ---\n", f);
	unrolled(f, 10);
	fputs("--- end repeat ---\n", f);
	fclose(f);
	auto_free char *got = collapsed(in);

	assert_string_equal(got, want);
	free(in);
	free(want);
}

static const char *const untouched[] = {
	"",
	"\n",
	"no newline at the end",
	"a\r\nb\r\n",
	("1: (07) r1 += 1\n1: (07) r1 += 1\n1: (07) r1 += 1\n1: (07) r1 += 1\n1: (07) r1 += 1\n1: (07) r1 += 1\n"
	 "1: (07) r1 += 1\n1: (07) r1 += 1\n1: (07) r1 += 1\n1: (07) r1 += 1\n1: (07) r1 += 1\n1: (07) r1 += 1\n"),
};

static void without_cycle(void **state)
{
	(void)state;
	for (size_t i = 0; i < countof(untouched); i++) {
		auto_free char *got = collapsed(untouched[i]);

		assert_string_equal(got, untouched[i]);
	}
}

/* A loop of n iterations costs about the same per line, however large n is. */
static void large(void **state)
{
	char *in = NULL;
	size_t n;
	FILE *f = xmemstream(&in, &n);

	(void)state;
	for (int k = 0; k < 40000; k++)
		iteration(f, k);
	fclose(f);
	auto_free char *got = collapsed(in);

	assert_non_null(strstr(got, "--- 40000x of the following 5 lines ---\n"));
	assert_true(strlen(got) < 1000);
	free(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_forms),  cmocka_unit_test(worked_example), cmocka_unit_test(unrolled_example),
		cmocka_unit_test(without_cycle), cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
