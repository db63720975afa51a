/* fuzz_sums.c: a list of checksums from anybody; a checksum that is found stands in it before a name. */
#include "fuzz.h"

#include <strings.h>

#include "fetch/tarball/sums.h"

static const char list[] = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
			   "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef  x\n"
			   "00000000000000000000000000000000000000000000000000000000000000AB *linux-6.12.1.tar.xz\n"
			   "-----BEGIN PGP SIGNATURE-----\n\niQ==\n=abcd\n-----END PGP SIGNATURE-----\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	fuzz_seed("signed", list, sizeof(list) - 1);
	fuzz_seed("plain", list + 49, 155);
	return 0;
}

static bool stands_in(const uint8_t *data, size_t n, const char *hex, const char *name)
{
	size_t len = 66 + strlen(name);

	for (size_t i = 0; i + len <= n; i++)
		if (!strncasecmp((const char *)data + i, hex, 64) && !memcmp(data + i + 66, name, len - 66))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const names[] = { "x", "linux-6.12.1.tar.xz", "" };
	int r[countof(names)];

	for (size_t i = 0; i < countof(names); i++) {
		char hex[65] = "";
		struct err e = { 0 };

		r[i] = sums_find(data, n, names[i], hex, &e);
		if (r[i] < 0)
			must_say_why(&e);
		MUST(r[i] >= 0 || !*hex);
		MUST(r[i] != SUMS_FOUND ||
		     (strspn(hex, "0123456789abcdef") == 64 && stands_in(data, n, hex, names[i])));
	}
	/* Nothing is called "", so that one tells what the list is worth. */
	MUST(r[2] != SUMS_FOUND && (r[2] == SUMS_ABSENT || r[0] < 0));
	return 0;
}
