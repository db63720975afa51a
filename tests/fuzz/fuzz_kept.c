/* fuzz_kept.c: what build folders and snapshots keep, read back: facts, a machine, a pack. The first byte chooses. */
#include "place.h"

#include "arch/arch.h"
#include "base/facts.h"
#include "guest/pack.h"
#include "guest/payload.h"
#include "vm/machine.h"

static char *pack;

static char *written(const struct machine *m, size_t *n)
{
	char *text;
	FILE *f = xmemstream(&text, n);

	machine_write(f, m);
	fclose(f);
	return text;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char facts[] = "fkey abc\ndir /a b\n\nx\n",
			  packed[] = "pktstr pack 1\n755 3 4096 /bin/x\nlink x\t/bin/y\n\n";
	const struct topology t = { .nodes = 2, .llcs = 4, .cores = 2, .threads = 1 };
	struct machine m;
	size_t n;

	(void)argc, (void)argv;
	place_make("fuzz-kept");
	pack = place_path("pack");
	machine_plan(&m, arch_by_name("x86_64"), &t, 1024, ACCEL_TCG, 2000000, true);
	auto_free char *text = written(&m, &n), *seed = xasprintf("m%s", text);

	fuzz_seed("machine", seed, n + 1);
	fuzz_seed("facts", facts, sizeof(facts) - 1);
	fuzz_seed("pack", packed, sizeof(packed) - 1);
	return 0;
}

static void try_machine(const char *data, size_t n)
{
	struct machine m, back;
	struct err e = { 0 };
	size_t len, again_len;

	if (machine_read(&m, data, n, &e) < 0) {
		must_say_why(&e);
		return;
	}
	auto_free char *text = written(&m, &len);

	MUST(machine_read(&back, text, len, &e) == 0);
	auto_free char *again = written(&back, &again_len);

	MUST(!strcmp(text, again));
	for (unsigned i = 0; i < m.topo.nodes; i++)
		(void)machine_node_bytes(&m, i);
}

static void try_pack(const void *data, size_t n)
{
	auto_payload struct payload p = { 0 };
	struct err e = { 0 };

	place_put("pack", data, n);
	if (pack_open(&p, pack, &e) < 0)
		must_say_why(&e);
	for (size_t i = 0; i < p.n; i++)
		MUST(!p.v[i].host || (p.v[i].offset <= n && p.v[i].size <= n - p.v[i].offset));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *rest = (const char *)data + 1;

	if (!n)
		return -1;
	if (*data == 'm')
		try_machine(rest, n - 1);
	else if (*data == 'p')
		try_pack(rest, n - 1);
	else if (*data == 'f')
		free(facts_get(rest, n - 1, "key"));
	return 0;
}
