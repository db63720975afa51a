/* The rules of docs/verifier.md, on the tables and worked examples of upstream 0.3.2. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "naive_collapse.h"
#include "verifier/collapse.h"
#include <glob.h>
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

/* Lines as a verifier prints them: few different ones, with and without states, indices and notes. */
static void random_line(FILE *f, unsigned *seed, int k)
{
	static const char *const insns[] = {
		"(bf) r2 = r6",
		"(07) r6 += 1",
		"(a5) if r6 < 0x4 goto pc-4",
		"(85) call bpf_x#5",
		"(61) r1 = *(u32 *)(r10)",
		"(15) if r7 == 0 goto",
		"; for (i = 0; i < n; i++)",
		"from 3 to 7: R0=1",
	};
	const char *insn = insns[rand_r(seed) % (int)countof(insns)];

	switch (rand_r(seed) % 8) {
	case 0:
		fprintf(f, "%d: R%d=1 R6=scalar()\n", k, rand_r(seed) % 3);
		break;
	case 1:
		fprintf(f, "%d: %s ; R%d_w=%d\n", k, insn, rand_r(seed) % 10, rand_r(seed) % 100);
		break;
	case 2:
		fprintf(f, "  %d: %s 14: frame1: R6=%d\r\n", k, insn, rand_r(seed) % 9);
		break;
	case 3:
		fprintf(f, "%s\n", insn);
		break;
	default:
		fprintf(f, "%d: %s\n", k, insn);
		break;
	}
}

/* Blocks of random lines, repeated a random number of times, some of them with a line changed. */
static char *random_log(unsigned *seed)
{
	char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (int part = rand_r(seed) % 5; part >= 0; part--) {
		auto_free char *block = NULL;
		int lines = rand_r(seed) % 9, times = rand_r(seed) % 6, base = rand_r(seed) % 3 * 10;
		FILE *b = xmemstream(&block, &n);

		for (int i = 0; i <= lines; i++)
			random_line(b, seed, base + i);
		fclose(b);
		for (int i = 0; i <= times; i++) {
			fputs(block, f);
			if (rand_r(seed) % 12 == 0)
				random_line(f, seed, base);
		}
	}
	if (rand_r(seed) % 4 == 0)
		fputs("processed 25 insns", f);
	fclose(f);
	return text;
}

static void same_as_naive(void **state)
{
	size_t cycles = 0;

	(void)state;
	for (unsigned k = 0; k < 5000; k++) {
		unsigned seed = k;
		auto_free char *in = random_log(&seed);
		auto_free char *got = collapsed(in);
		auto_free char *want = naive_collapse(in);

		assert_string_equal(got, want);
		cycles += strstr(got, "--- end repeat ---") != NULL;
	}
	assert_true(cycles > 1000); /* or nothing was compared */
}

static char *whole_file(const char *path, size_t *n)
{
	struct err e = { 0 };
	char *text = NULL;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, n, &e) < 0)
		fail_msg("%s (tests run in the project's folder)", e.msg);
	return text;
}

/* tests/golden/collapse: NAME.log is to become NAME.want. BLESS=1 rewrites. */
static void golden(void **state)
{
	glob_t g;

	(void)state;
	assert_int_equal(glob("tests/golden/collapse/*.log", 0, NULL, &g), 0);
	assert_true(g.gl_pathc >= 20);
	for (size_t i = 0; i < g.gl_pathc; i++) {
		size_t n, n_got, n_want;
		auto_free char *in = whole_file(g.gl_pathv[i], &n);
		auto_free char *to = xasprintf("%.*s.want", (int)strlen(g.gl_pathv[i]) - 4, g.gl_pathv[i]);
		auto_free char *got = NULL;
		FILE *f = xmemstream(&got, &n_got);
		struct err e = { 0 };

		collapse_write(f, (struct view){ in, n });
		fclose(f);
		if (getenv("BLESS"))
			assert_true(file_write(AT_FDCWD, to, got, n_got, &e) >= 0);
		auto_free char *want = whole_file(to, &n_want);

		if (n_got != n_want || memcmp(got, want, n_got) != 0)
			fail_msg("%s: not what is wanted:\n%s", g.gl_pathv[i], got);
		if (memchr(in, 0, n))
			continue;
		auto_free char *naive = naive_collapse(in);

		assert_string_equal(naive, want);
	}
	globfree(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(normal_forms),  cmocka_unit_test(worked_example), cmocka_unit_test(unrolled_example),
		cmocka_unit_test(without_cycle), cmocka_unit_test(large),          cmocka_unit_test(same_as_naive),
		cmocka_unit_test(golden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
