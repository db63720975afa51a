/* fuzz_artifact.c: messages that are said to be cargo's; whatever is chosen is one of the programs they name. */
#include "fuzz.h"

#include "verifier/artifact.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "{\"reason\":\"compiler-artifact\",\"package_id\":\"path+file:///ws/scx_a#0.1.0\","
				   "\"target\":{\"kind\":[\"bin\"],\"name\":\"one\"},\"profile\":{\"test\":false},"
				   "\"executable\":\"/t/one\"}\n{\"reason\":\"build-finished\",\"success\":true}\n";

	(void)argc, (void)argv;
	fuzz_seed("messages", text, sizeof(text) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_artifacts struct artifacts a = { 0 };
	const struct artifact *which = NULL;
	struct err e = { 0 };

	artifacts_read(&a, (const char *)data, n);
	for (size_t i = 0; i < a.n; i++)
		MUST(a.v[i].package && a.v[i].target && a.v[i].path);
	if (artifacts_choose(&a, "scx_a", n % 2 ? "one" : NULL, &which, &e) < 0)
		must_say_why(&e);
	else
		MUST(which >= a.v && which < a.v + a.n && !strcmp(which->package, "scx_a"));
	return 0;
}
