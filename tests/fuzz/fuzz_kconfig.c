/* fuzz_kconfig.c: a fragment, a NUL, and a .config of a tree that anybody may have made. */
#include "fuzz.h"

#include "kernel/build/kconfig.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"# c\nCONFIG_A=y\n#@only x86_64\nCONFIG_B=\"a b\"\n#@all\n# CONFIG_C is not set\n#@wish\nCONFIG_D=0x1f\n"
		"\0CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_BPF=y\nCONFIG_D=0x1f\n";

	(void)argc, (void)argv;
	fuzz_seed("both", text, sizeof(text) - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const archs[] = { "x86_64", "aarch64" };
	const char *fragment = (const char *)data, *end = memchr(fragment, 0, n);
	size_t fn = end ? (size_t)(end - fragment) : n, cn = end ? n - fn - 1 : 0;
	const char *config = end ? end + 1 : "";

	for (size_t i = 0; i < countof(archs); i++) {
		auto_free char *text = NULL, *left = NULL, *lost = NULL;
		struct err e = { 0 };
		size_t len;
		FILE *f = xmemstream(&text, &len);
		int r = kconfig_select(fragment, fn, archs[i], f, &e);

		fclose(f);
		if (r < 0) {
			must_say_why(&e);
			continue;
		}
		left = kconfig_without(text, len, config, cn);
		MUST(strlen(left) <= len);
		/* What was selected is honoured by itself. */
		MUST(kconfig_lost(text, len, text, len, &lost) == 0);
	}
	auto_free char *lost = NULL, *missing = NULL;

	(void)kconfig_lost(fragment, fn, config, cn, &lost);
	(void)kconfig_missing(config, cn, &missing);
	return 0;
}
