/* fuzz_address.c: any text behind --git; what is taken is no option to a program, and is shown without a password. */
#include "fuzz.h"

#include "fetch/git/address.h"
#include "text/url.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const seeds[] = { "git://h/x",    "https://u:p%40@h:1/x", "ssh://u@[::1]:22/x",
					     "h:x",          "file:///a/../b",       "u@[::1]:x",
					     "ext::sh -c x", "--upload-pack=x",      "./x" };

	(void)argc, (void)argv;
	for (size_t i = 0; i < countof(seeds); i++)
		fuzz_seed((const char[]){ (char)('a' + (char)i), 0 }, seeds[i], strlen(seeds[i]));
	return 0;
}

static void plain(const char *text)
{
	for (; text && *text; text++)
		MUST((unsigned char)*text >= ' ' && *text != 127);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *text = xstrndup((const char *)data, n), *shown = url_shown(text);
	auto_git_address struct git_address a = { 0 };
	struct err e = { 0 };

	MUST(strlen(shown) <= strlen(text));
	if (git_address(&a, text, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	MUST(*text != '-' && a.shown && *a.shown != '-' && a.local == (a.path != NULL));
	MUST(strncmp(text, "ext::", 5) != 0);
	MUST(!a.password || a.user);
	plain(a.path);
	plain(a.site);
	plain(a.user);
	plain(a.password);
	return 0;
}
