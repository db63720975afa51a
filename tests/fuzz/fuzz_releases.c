/* fuzz_releases.c: a releases.json from anybody; whatever is chosen from it is one of its versions. */
#include "fuzz.h"

#include "kernel/name/releases.h"
#include "kernel/name/word.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] = "{\"latest_stable\": {\"version\": \"6.16.9\"}, \"releases\": ["
				   "{\"moniker\": \"mainline\", \"version\": \"6.17-rc2\"},"
				   "{\"moniker\": \"stable\", \"version\": \"6.16.9\"},"
				   "{\"moniker\": \"longterm\", \"version\": \"6.12.43\"},"
				   "{\"moniker\": \"linux-next\", \"version\": \"next-20260815\"}]}";

	(void)argc, (void)argv;
	fuzz_seed("list", text, sizeof(text) - 1);
	return 0;
}

static bool is_one_of(const struct releases *r, const char *version)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].version == version)
			return true;
	return false;
}

static void check(const struct releases *r, const char *version, const struct err *e)
{
	if (!version)
		must_say_why(e);
	else
		MUST(is_one_of(r, version));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_releases struct releases r = { 0 };
	const char *range[4];
	struct kernel_word series, major, all;
	struct err e = { 0 };

	MUST(kernel_word_parse(&series, "6.12", &e) == 0 && kernel_word_parse(&major, "6", &e) == 0 &&
	     kernel_word_parse(&all, "0.0..999999.0", &e) == 0);

	if (releases_parse(&r, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	for (size_t i = 0; i < r.n; i++)
		MUST(strspn(r.v[i].version, "0123456789.-rc") == strlen(r.v[i].version));
	check(&r, releases_latest(&r, &e), &e);
	check(&r, releases_series(&r, &series, &e), &e);
	check(&r, releases_series(&r, &major, &e), &e);
	int count = releases_range(&r, &all, range, countof(range), &e);

	MUST(count <= (int)countof(range));
	if (count < 0)
		must_say_why(&e);
	for (int i = 0; i < count; i++)
		MUST(is_one_of(&r, range[i]));
	return 0;
}
