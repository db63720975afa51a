/* fuzz_word.c: any text behind --kernel and --topology. */
#include "fuzz.h"

#include "kernel/name/word.h"
#include "topology/topology.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const words[] = {
		"../linux",   "6.12",    "6.12.117",         "6.15-rc3", "6",
		"6.12..6.16", "running", "6.12.117-tarball", "smt-2llc", "2,4,2,1/llcs=3,1/mem=768,256/dist=10,21,31,10"
	};

	(void)argc, (void)argv;
	for (size_t i = 0; i < countof(words); i++)
		fuzz_seed(strchr(words[i], '/') ? (const char[]){ (char)('a' + (char)i), 0 } : words[i], words[i],
			  strlen(words[i]));
	return 0;
}

/* What is taken is written and read back the same. */
static void topology(const char *text)
{
	struct topology t, back;
	struct err e = { 0 };

	if (topology_parse(&t, text, &e) < 0) {
		must_say_why(&e);
		return;
	}
	auto_free char *name = topology_name(&t);

	MUST(topology_cpus(&t) > 0 && topology_parse(&back, name, &e) == 0 &&
	     topology_cpus(&back) == topology_cpus(&t));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *text = xstrndup((const char *)data, n);
	struct kernel_word w;
	struct kver v;
	struct err e = { 0 };

	topology(text);
	if (kernel_word_parse(&w, text, &e) < 0) {
		MUST(e.code == X_USAGE && (strstr(text, "..") || !strncmp(text, "git+", 4)));
		must_say_why(&e);
		return 0;
	}
	MUST(w.text == text && w.kind <= KWORD_NAME);
	/* A version is one to everybody, and nothing else is. */
	MUST(kernel_word_is_version(&w) == kver_parse(&v, text));
	MUST(w.kind != KWORD_PATH || strpbrk(text, "/.~"));
	MUST(w.kind != KWORD_RANGE || kver_cmp(&w.from, &w.to) <= 0);
	MUST(w.kind != KWORD_MAJOR || (strspn(text, "0123456789") == strlen(text) && *text));
	return 0;
}
