/* fuzz_flags.c: a scheduler's answer to --ktstr-list-flags; what is taken from it can be written, read and combined. */
#include "fuzz.h"

#include "verifier/flags.h"
#include "verifier/profile.h"

enum { PROFILES = 64 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "[{\"name\":\"llc\",\"args\":[\"--llc-aware\"],\"requires\":[]},"
				   "{\"name\":\"steal\",\"args\":[\"--steal\"],\"requires\":[\"llc\"]}]\n";

	(void)argc, (void)argv;
	fuzz_seed("flags", text, sizeof(text) - 1);
	return 0;
}

static char *write_flags(const struct flags *f)
{
	char *text;
	size_t n;
	FILE *out = xmemstream(&text, &n);

	flags_write(out, f);
	fclose(out);
	return text;
}

static void check_profiles(const struct flags *f)
{
	auto_profiles struct profiles all = { 0 };
	struct err e = { 0 };

	if (profiles_all(&all, f, PROFILES, &e) < 0) {
		must_say_why(&e);
		return;
	}
	MUST(all.n && all.n <= PROFILES && !strcmp(all.v[0].name, PROFILE_DEFAULT));
	for (size_t i = 0; i < all.n; i++) {
		auto_profiles struct profiles one = { 0 };
		const char *list = all.v[i].name;

		MUST(profiles_named(&one, f, &list, 1, PROFILES, &e) == 0);
		MUST(one.n == 1 && !strcmp(one.v[0].name, list) && one.v[0].n_args == all.v[i].n_args);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_flags struct flags f = { 0 }, again = { 0 };
	auto_profiles struct profiles p = { 0 };
	auto_free char *list = xstrndup((const char *)data, n);
	const char *lists[] = { list };
	struct err e = { 0 };

	if (flags_parse(&f, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	auto_free char *text = write_flags(&f);

	MUST(flags_parse(&again, text, strlen(text), &e) == 0);
	auto_free char *second = write_flags(&again);

	MUST(!strcmp(text, second));
	check_profiles(&f);
	if (profiles_named(&p, &f, lists, 1, PROFILES, &e) < 0)
		must_say_why(&e);
	return 0;
}
