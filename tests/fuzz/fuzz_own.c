/* fuzz_own.c: any text as a test program's answer to --judge. */
#include "fuzz.h"

#include "judge/own/own.h"

enum { SEED = 7, FAULTS_MAX = 1000 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"{\"format\":1,\"seeds\":[{\"seed\":7,\"skip\":null,\"faults\":[\"tests.c:5: too few\",\"x\"]}]}";
	static const char skip[] = "{\"format\":1,\"seeds\":[{\"seed\":7,\"skip\":\"not here\",\"faults\":[]}]}";

	(void)argc, (void)argv;
	fuzz_seed("own", text, sizeof(text) - 1);
	fuzz_seed("skip", skip, sizeof(skip) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_own struct own o = { 0 };
	struct err e = { 0 };

	if (own_read(&o, (const char *)data, n, SEED, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	MUST(o.faults.n <= FAULTS_MAX);
	for (size_t i = 0; i < o.faults.n; i++)
		MUST(o.faults.v[i]);
	return 0;
}
