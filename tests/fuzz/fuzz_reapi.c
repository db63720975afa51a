/* fuzz_reapi.c: anything as an ActionResult that a server sends. What is taken is bounded, and read the same when we write it. */
#include "fuzz.h"

#include "remote/reapi.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	auto_reapi struct reapi r = { 0 };
	size_t n;

	(void)argc, (void)argv;
	reapi_add(&r, "ktstr/letter", HEX, 300, false);
	reapi_add(&r, "files/kernel", HEX, 1 << 30, true);
	auto_free char *text = reapi_encode(&r, "host", &n);

	fuzz_seed("result", text, n);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_reapi struct reapi r = { 0 }, again = { 0 };
	struct err e = { 0 };
	size_t size;

	if (reapi_decode(&r, data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	auto_free char *text = reapi_encode(&r, "", &size);

	MUST(r.n <= REAPI_FILES && reapi_decode(&again, text, size, &e) == 0 && again.n == r.n);
	for (size_t i = 0; i < r.n; i++)
		MUST(!strcmp(r.v[i].path, again.v[i].path) && !strcmp(r.v[i].hex, again.v[i].hex) &&
		     r.v[i].size == again.v[i].size && r.v[i].program == again.v[i].program);
	return 0;
}
