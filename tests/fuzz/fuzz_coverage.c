/* fuzz_coverage.c: anything as a run.json with coverage. Counters are where they are, and only grow. */
#include "fuzz.h"

#include "coverage/coverage.h"

enum { N = 64 };
static uint64_t counted[N] __attribute__((section("__llvm_prf_cnts"), used));

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char run[] =
		"{\"format\":1,\n\"coverage\":{\"counters\":64,\"ran\":[0,1,7,20,63,18446744073709551615]},\n\"workers\":[]}";

	(void)argc, (void)argv;
	fuzz_seed("run", run, sizeof(run) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *run = xmemdup(data, n);
	uint64_t before[N];
	struct err e = { 0 };

	MUST(coverage_wanted());
	memcpy(before, counted, sizeof(before));
	if (coverage_add(run, n, &e) < 0)
		must_say_why(&e);
	for (size_t i = 0; i < N; i++)
		MUST(counted[i] >= before[i]);
	memset(counted, 0, sizeof(counted));
	return 0;
}
