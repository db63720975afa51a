/* fuzz_saved.c: an earlier report, and its comparison with itself: nothing differs. */
#include "fuzz.h"

#include "verifier/compare.h"
#include "verifier/saved.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"{\"scheduler\":\"s\",\"cells\":[{\"kernel\":\"6.12\",\"profile\":\"llc\",\"topology\":null,\"verdict\":"
		"\"attached\",\"programs\":[{\"name\":\"p\",\"id\":1,\"verified_insns\":7,\"jited_len\":null}]}]}";

	(void)argc, (void)argv;
	fuzz_seed("saved", text, sizeof text - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_saved struct saved s = { 0 };
	struct err e = { 0 };

	if (saved_parse(&s, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		MUST(!s.cells && !s.n && !s.scheduler);
		return 0;
	}
	for (size_t i = 0; i < s.n; i++) {
		const struct saved_cell *c = &s.cells[i];
		auto_compare struct compare d = { 0 };

		MUST(c->kernel);
		compare_progs(&d, &c->progs, &c->progs);
		MUST(d.n == c->progs.n);
		for (size_t k = 0; k < d.n; k++)
			MUST(!compare_differs(&d.v[k]) && !compare_exceeds(&d.v[k], 0));
	}
	return 0;
}
