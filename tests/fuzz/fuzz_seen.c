/* fuzz_seen.c: a guest says anything of its topology; the first line of the input is the topology it was to have. */
#include "fuzz.h"

#include "topology/seen.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char numa[] = "2,4,2,1/llcs=3,1/mem=768,256/dist=10,21,31,10\n"
				   "cpus 0-7\npackages 0-7\ndies 0-1 2-3 4-5 6-7\nllcs 0-1 2-3 4-5 6-7\n"
				   "cores 0 1 2 3 4 5 6 7\nnode 0 0-5 727776 10 21\nnode 1 6-7 257328 31 10\n";
	static const char smt[] = "smt-2llc\nversion 1\ncpus 0-7\npackages 0-7\nllcs 0-3 4-7\ncores 0-1 2-3 4-5 6-7\n";

	(void)argc, (void)argv;
	fuzz_seed("numa", numa, sizeof(numa) - 1);
	fuzz_seed("smt", smt, sizeof(smt) - 1);
	return 0;
}

static void seen(const char *text, size_t n, const struct topology *t)
{
	auto_free char *wrote = NULL, *summary = NULL, *twice = NULL;
	struct seen s, again;
	struct err e = { 0 };
	size_t len;

	if (seen_parse(&s, text, n, &e) < 0) {
		must_say_why(&e);
		return;
	}
	FILE *f = xmemstream(&wrote, &len);
	seen_write(f, &s);
	fclose(f);
	MUST(seen_parse(&again, wrote, len, &e) == 0);
	MUST(!memcmp(s.in, again.in, sizeof(s.in)) && s.cpus == again.cpus);
	f = xmemstream(&twice, &len);
	seen_write(f, &again);
	fclose(f);
	MUST(!strcmp(wrote, twice));
	summary = seen_summary(&s);
	if (t && seen_check(&s, t, 1024, &e) < 0)
		must_say_why(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *text = (const char *)data, *nl = memchr(text, '\n', n);
	auto_free char *line = nl ? xstrndup(text, (size_t)(nl - text)) : xstrdup("");
	auto_free char *name = NULL;
	struct topology t, again;
	struct err e = { 0 };
	bool good = topology_parse(&t, line, &e) == 0;

	if (!good)
		must_say_why(&e);
	if (good) {
		name = topology_name(&t);
		MUST(topology_parse(&again, name, &e) == 0 && !memcmp(&t, &again, sizeof(t)));
		MUST(topology_cpus(&t) >= 1 && topology_cpus(&t) <= TOPO_MAX_CPUS);
		MUST(topology_last_apic_id(&t) + 1 >= topology_cpus(&t) && topology_last_apic_id(&t) < 4096);
	}
	seen(nl ? nl + 1 : text, nl ? n - (size_t)(nl + 1 - text) : n, good ? &t : NULL);
	return 0;
}
