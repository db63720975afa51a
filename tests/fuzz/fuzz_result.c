/* fuzz_result.c: a result.json from anybody; one that is taken is written and read back the same. */
#include "fuzz.h"

#include "json/write.h"
#include "verifier/result.h"

static char *written(const struct result *r, size_t *n)
{
	char *text;
	FILE *f = xmemstream(&text, n);

	result_write(f, r);
	MUST(fclose(f) == 0);
	return text;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct prog progs[] = {
		{ "ktstr_enqueue", 7, 120, 300, 900, 64, true, 9, 4000, "ktstr_enqueue" },
		{ "ktstr_dispatch", 8, 99, PROG_NONE, 800, PROG_NONE, false, 0, 0, "" },
	};
	static struct proto_task tasks[] = { { TASK_SPINS, 3, 77, 5000, 4000, 300, 2, 1 }, { .kind = TASK_SLEEPS } };
	static struct kvm_stat counters[] = { { "exits", 1000 }, { "halt_wait_ns", 5000000 } };
	static struct kvm_vcpu vcpus[] = { { counters, countof(counters) }, { counters, 1 } };
	const struct result r = { .verdict = VERDICT_REJECTED,
				  .reason = "r",
				  .ops = "ktstr",
				  .accel = "tcg",
				  .release = "6.12",
				  .status = 256,
				  .progs = { progs, countof(progs) },
				  .tasks = { .done = true, .ms = 50, .v = tasks, .n = countof(tasks) },
				  .ms = { 1.5, 2, 3, 0, 1e3, 4 },
				  .kvm = { vcpus, countof(vcpus) },
				  .cross = "" };
	size_t n;
	auto_free char *text = written(&r, &n);

	(void)argc, (void)argv;
	fuzz_seed("full", text, n);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_result struct result r = { 0 }, back = { 0 };
	struct err e = { 0 };
	size_t n_once, n_twice;

	if (result_parse(&r, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	auto_free char *once = written(&r, &n_once);

	MUST(result_parse(&back, once, n_once, &e) == 0);
	auto_free char *twice = written(&back, &n_twice);

	MUST(n_once == n_twice && !memcmp(once, twice, n_once));
	MUST(verdict_code(r.verdict) == verdict_code(back.verdict));
	return 0;
}
