/* fuzz_kvmstats.c: an answer to query-stats; what is taken is written and read back the same. */
#include "fuzz.h"

#include "json/read.h"
#include "json/write.h"
#include "host/kvmstats.h"
#include "topology/topology.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"[{\"provider\": \"kvm\", \"qom-path\": \"/machine/unattached/device[0]\", \"stats\": ["
		"{\"name\": \"exits\", \"value\": 7}, {\"name\": \"blocking\", \"value\": true}, "
		"{\"name\": \"halt_wait_hist\", \"value\": [1, 2]}]}, {\"stats\": []}]";

	(void)argc, (void)argv;
	fuzz_seed("answer", text, sizeof(text) - 1);
	return 0;
}

static char *written(const struct kvm_stats *s, size_t *n)
{
	char *text;
	FILE *f = xmemstream(&text, n);
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	kvm_stats_write(&w, s);
	jsonw_end_obj(&w);
	MUST(fclose(f) == 0);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_kvm_stats struct kvm_stats s = { 0 }, back = { 0 };
	auto_json struct json j = { 0 };
	struct err e = { 0 };
	size_t n_once, n_twice;

	if (kvm_stats_answer(&s, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		MUST(!s.vcpus);
		return 0;
	}
	MUST(s.n <= TOPO_MAX_CPUS);
	auto_free char *once = written(&s, &n_once);

	MUST(json_parse(&j, once, n_once, &e) == 0 && kvm_stats_read(&back, &j, 0, &e) == 0);
	auto_free char *twice = written(&back, &n_twice);

	MUST(n_once == n_twice && !memcmp(once, twice, n_once));
	return 0;
}
