/* fuzz_word.c: any text behind --kernel. */
#include "fuzz.h"

#include "kernel/name/word.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const words[] = { "../linux", "6.12",       "6.12.117", "6.15-rc3",
					     "6",        "6.12..6.16", "running",  "6.12.117-tarball" };

	(void)argc, (void)argv;
	for (size_t i = 0; i < countof(words); i++)
		fuzz_seed(words[i][0] == '.' ? "path" : words[i], words[i], strlen(words[i]));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *text = xstrndup((const char *)data, n);
	struct kernel_word w;
	struct kver v;
	struct err e = { 0 };

	if (kernel_word_parse(&w, text, &e) < 0) {
		MUST(e.code == X_USAGE && strstr(text, ".."));
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
