/* fuzz_settings.c: anything as the settings that ktstr-remote is handed. */
#include "fuzz.h"

#include "remote/settings.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char seed[] =
		"KTSTR_REMOTE_CACHE\0http://x/{key}\0KTSTR_REMOTE_CACHE_LAYOUT\0flat\0KTSTR_REMOTE_CACHE_TOKEN\0t";

	(void)argc, (void)argv;
	fuzz_seed("settings", seed, sizeof(seed));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *packed = xmemdup(data, n + !n);
	struct settings s, again;
	struct err e = { 0 };
	size_t size;

	if (settings_unpack(&s, packed, n, &e) < 0) {
		must_say_why(&e);
	} else if (s.url) {
		auto_free char *text = settings_pack(&s, &size);

		(void)settings_anonymous(&s);
		MUST(settings_unpack(&again, text, size, &e) == 0 && !strcmp(again.url, s.url) &&
		     again.write == s.write);
		settings_free(&again);
	}
	settings_free(&s);
	return 0;
}
