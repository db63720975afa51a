/* fuzz_manifest.c: what is said to be cargo's metadata. */
#include "fuzz.h"

#include "verifier/manifest.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"{\"packages\":[{\"name\":\"scx_a\",\"version\":\"0.1.0\",\"id\":\"path+file:///ws/scx_a#0.1.0\","
		"\"default_run\":\"one\",\"targets\":[{\"kind\":[\"bin\"],\"name\":\"one\","
		"\"required-features\":[\"bpf\",\"jit\"]}]}]}";

	(void)argc, (void)argv;
	fuzz_seed("metadata", text, sizeof(text) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const specs[] = { "scx_a", "scx_a@0.1", "file:///ws/scx_a" };

	for (size_t i = 0; i < countof(specs); i++) {
		auto_manifest struct manifest m = { 0 };
		struct err e = { 0 };

		if (manifest_read(&m, (const char *)data, n, specs[i], &e) < 0)
			must_say_why(&e);
		else
			MUST(!m.features || m.needs);
	}
	return 0;
}
