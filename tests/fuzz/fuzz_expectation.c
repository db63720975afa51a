/* fuzz_expectation.c: any text as expectations, and as what must fail. What is taken is written as lines that are read to the same. */
#include "fuzz.h"

#include "judge/expect/expectation.h"
#include "judge/expect_fail.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"isolated # c\ngap.max{a}@2 <= 200ms\nrate >= 1.3 * rate{b}@each of eevdf\nspread <= 15%\nlog has \"a\\\"\"\n"
		"log lacks \"x\"\nmonitor\nevent.X.rate < 2 /s\nprog.*d.ns <= 2us\nvar.v == -2.5\nprogress off\nlatency.p99 <= 5µs\n";

	(void)argc, (void)argv;
	fuzz_seed("lines", text, sizeof(text) - 1);
	fuzz_seed("fail", "gap.max, stalled: x", 19);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct expect_place at = { "f.ktstr", 3, 5 };
	auto_expectations struct expectations x = { 0 };
	auto_free char *text = xstrndup((const char *)data, n);
	struct err e = { 0 };

	if (expect_fail_check(text, &e) < 0)
		must_say_why(&e);
	e = (struct err){ 0 };
	expectations_default(&x, true);
	if (expectations_add(&x, LAYER_TEST, (const char *)data, n, &at, &e) < 0) {
		must_say_why(&e);
		MUST(e.code == X_USAGE && x.n == 5);
		return 0;
	}
	for (size_t i = 0; i < x.n; i++) {
		auto_expectations struct expectations one = { 0 };
		auto_free char *line = expectation_text(&x.v[i]), *again = NULL;

		if (x.v[i].op == OP_OFF && !x.v[i].left.group && x.v[i].left.phase == PHASE_ALL)
			continue;
		MUST(expectations_add(&one, LAYER_TEST, line, strlen(line), NULL, &e) == 0 && one.n == 1);
		again = expectation_text(&one.v[0]);
		MUST(!strcmp(line, again));
	}
	return 0;
}
