/* fuzz_expect.c: a file of expected failures. What was read can be asked; what was not says why. */
#include "fuzz.h"

#include "verifier/expect.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"# c\nscx_qmap * 7.0.. 2027-03-31 scx_bpf_consume\nscx_* llc* 6.12..6.16 - too large\n"
		"*a*b*c* default 6.12.117 -\n";

	(void)argc, (void)argv;
	fuzz_seed("expect", text, sizeof text - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct expect_cell cells[] = { { .scheduler = "scx_qmap", .kernel = "7.3.4+x" },
						    { "aaaaabbbbccc", "llc+a", "6.12", "t" } };
	auto_expects struct expects x = { 0 };
	struct err e = { 0 };

	enum expects_of of = n && data[0] % 2 ? EXPECTS_OF_TESTS : EXPECTS_OF_SWEEP;

	if (expects_parse(&x, of, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		MUST(!x.v && !x.n);
		return 0;
	}
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		const struct expect *found = expects_find(&x, &cells[i], i ? "too large" : NULL, "2026-11-25");

		MUST(!found || (found >= x.v && found < x.v + x.n && found->line));
	}
	return 0;
}
