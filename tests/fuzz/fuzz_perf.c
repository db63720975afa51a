/* fuzz_perf.c: QEMU's list of vCPU threads, and performance mode as a result.json of anybody tells it. */
#include "fuzz.h"

#include "json/read.h"
#include "json/write.h"
#include "host/perf.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char threads[] =
		"[{\"thread-id\": 801, \"cpu-index\": 1}, {\"thread-id\": 800, \"cpu-index\": 0}]";
	static const char result[] =
		"{\"perf_mode\": {\"vcpus\": [3, 5], \"service\": 7, \"huge_pages\": true, \"fifo\": false, "
		"\"warnings\": [\"w\"]}}";

	(void)argc, (void)argv;
	fuzz_seed("threads", threads, sizeof(threads) - 1);
	fuzz_seed("result", result, sizeof(result) - 1);
	return 0;
}

static char *written(const struct perf *p, size_t *n)
{
	struct jsonw w;
	char *text;
	FILE *f = xmemstream(&text, n);

	jsonw_init(&w, f);
	jsonw_obj(&w);
	perf_write(&w, p);
	jsonw_end_obj(&w);
	MUST(fclose(f) == 0);
	return text;
}

static void result(const struct json *j)
{
	auto_json struct json again = { 0 };
	struct perf p, back;
	struct err e = { 0 };
	size_t n, m;

	if (json_kind(j, 0) != JSON_OBJECT)
		return;
	if (perf_read(&p, j, 0, &e) < 0) {
		must_say_why(&e);
		return;
	}
	auto_free char *once = written(&p, &n);

	MUST(json_parse(&again, once, n, &e) == 0 && perf_read(&back, &again, 0, &e) == 0);
	auto_free char *twice = written(&back, &m);

	MUST(n == m && !memcmp(once, twice, n));
	perf_free(&p);
	perf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_json struct json j = { 0 };
	pid_t thread[2];
	struct err e = { 0 };

	if (perf_threads(thread, 2, (const char *)data, n, &e) < 0)
		must_say_why(&e);
	else
		MUST(thread[0] > 0 && thread[1] > 0);
	if (json_parse(&j, (const char *)data, n, &e) == 0)
		result(&j);
	return 0;
}
