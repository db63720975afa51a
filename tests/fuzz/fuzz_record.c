/* fuzz_record.c: anything as what an engine printed. What is taken makes one whole JSON object with our members as we said them; and anything
 * as a run.json that may be a skipped or broken one. */
#include "fuzz.h"

#include "json/read.h"
#include "trial/record.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char engine[] =
		"{\"format\":1,\"seed\":9,\"cpus\":2,\"workers\":[{\"id\":0,\"phases\":[{\"wall_ns\":1}]}],\"outcome\":1}";
	static const char skipped[] = "{\"format\":1,\n\"skipped\":\"no cpuset\"}";

	(void)argc, (void)argv;
	fuzz_seed("engine", engine, sizeof(engine) - 1);
	static const char broken[] = "{\"format\":1,\n\"broken\":\"QEMU died\"}";

	fuzz_seed("skipped", skipped, sizeof(skipped) - 1);
	fuzz_seed("broken", broken, sizeof(broken) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const struct record rec = { .scheduler = "scx_fuzz" };
	auto_free char *engine = xmemdup(data, n), *text = NULL, *outcome = NULL;
	auto_free char *why = NULL;
	struct trial_result r = {
		.end = TRIAL_EJECTED, .seed = 7, .topology = TOPOLOGY(1, 1, 2, 1), .engine = engine, .engine_n = n
	};
	auto_json struct json j = { 0 };
	struct err e = { 0 };
	uint64_t seed = 0;
	size_t size;
	enum record_kind kind = record_kind((const char *)data, n, &why);

	MUST((kind == RECORD_RUN) == !why);
	FILE *f = xmemstream(&text, &size);
	int ret = record_write(f, &rec, &r, &e);

	fclose(f);
	if (ret < 0) {
		must_say_why(&e);
		return 0;
	}
	MUST(json_parse(&j, text, size, &e) == 0);
	MUST(json_u64(&j, json_get(&j, 0, "seed"), &seed, &e) == 0 && seed == 7);
	MUST(json_str(&j, json_get(&j, 0, "outcome"), &outcome, &e) == 0 && !strcmp(outcome, "ejected"));
	return 0;
}
