/* fuzz_verdict.c: any text as verdict.json. What is taken is written and read again to the same, and reported. */
#include "fuzz.h"

#include "judge/report/report.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"{\"format\":1,\"test\":\"t\",\"kernel\":\"k\",\"topology\":\"1,1,2,1\",\"preset\":\"p\",\"profile\":\"f\",\"scheduler\":\"s\","
		"\"verdict\":\"fail\",\"again\":\"a\",\"seeds\":[{\"seed\":1,\"verdict\":\"fail\",\"words\":\"w\"}],\"checks\":[{\"metric\":"
		"\"gap.max\",\"group\":\"g\",\"phase\":\"each\",\"seed\":1,\"value\":1.5,\"op\":\"<=\",\"limit\":1,\"other\":\"o\",\"at_ns\":5,"
		"\"verdict\":\"fail\",\"words\":\"w\"}],\"figures\":[{\"metric\":\"rate\",\"group\":\"g\",\"seeds\":1,\"min\":1,\"median\":1,"
		"\"max\":1}]}";

	(void)argc, (void)argv;
	fuzz_seed("verdict", text, sizeof(text) - 1);
	return 0;
}

static char *written(const struct ruling *v, size_t *n)
{
	char *text;
	FILE *to = xmemstream(&text, n);

	verdict_write(to, v);
	fclose(to);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_verdict struct ruling v = { 0 }, again = { 0 };
	auto_free char *one = NULL, *two = NULL;
	const struct judge_report report = { .verdict = &v };
	struct err e = { 0 };
	size_t n_one, n_two;
	FILE *to;

	if (verdict_read(&v, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	one = written(&v, &n_one);
	MUST(verdict_read(&again, one, n_one, &e) == 0);
	two = written(&again, &n_two);
	MUST(n_one == n_two && !memcmp(one, two, n_one));
	to = fopen("/dev/null", "we");
	MUST(to);
	report_full(to, &report);
	fclose(to);
	return 0;
}
