/* fuzz_parcel.c: any bytes as a parcel of results; what is taken is whole and in its place, and else there is nothing. Also the list alone, behind
 * its right sum, so that what is in it is reached. */
#include "place.h"

#include "store/digest.h"
#include "store/parcel/list.h"
#include "store/parcel/unpack.h"
#include "store/store.h"
#include "store/verify.h"
#include "tests/unit/make_tar.h"

static char *sealed(const char *text, size_t n)
{
	char sum[KEY_LEN + 1];

	hash_hex(text, n, sum);
	return xasprintf("%.*send %s\n", (int)n, text, sum);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char key[KEY_LEN + 1], hex[KEY_LEN + 1];

	(void)argc, (void)argv;
	place_make("fuzz-parcel");
	auto_free char *kernels = place_path("kernels");

	setenv("KTSTR_CACHE_DIR", kernels, 1);
	hash_hex("step test 1\n", 12, key);
	hash_hex("text", 4, hex);
	auto_free char *text = xasprintf("ktstr parcel 1\nresult %s 12 71\n%s 4 a\n", key, hex);
	auto_free char *list = sealed(text, strlen(text));
	const struct tar_member members[] = {
		{ .path = "list", .data = list },
		{ .path = "recipe", .data = "step test 1\n" },
		{ .path = "file", .data = "text" },
		{ 0 },
	};
	size_t n;
	auto_free void *tar = make_tar(archive_write_add_filter_none, members, &n);

	fuzz_seed("tar", tar, n);
	fuzz_seed("list", text, strlen(text));
	return 0;
}

static void parse(const uint8_t *data, size_t n)
{
	auto_free char *text = xstrndup((const char *)data, n);
	auto_free char *list = sealed(text, strlen(text));
	auto_parcel struct parcel p = { 0 };
	struct err e = { 0 };
	size_t again_n;

	if (parcel_parse(&p, list, strlen(list), &e) < 0) {
		must_say_why(&e);
		return;
	}
	auto_free char *again = parcel_write(&p, &again_n);

	MUST(again_n <= strlen(text) + 4 + KEY_LEN + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *path = place_path("file"), *root = place_path("store");
	struct store st = { .dir = -1 };
	struct parcel_tally t;
	struct verdicts v;
	struct err e = { 0 };

	parse(data, n);
	place_put("file", data, n);
	MUST(store_open(&st, root, &e) == 0);
	int r = parcel_unpack(path, &st, &t, &e);

	if (r < 0)
		must_say_why(&e);
	MUST(store_verify(&v, &st, VERIFY_ALL, NULL, &e) == 0);
	MUST(v.n == 0 && v.looked_at == (r < 0 ? 0 : t.new_results));
	verdicts_free(&v);
	store_close(&st);
	place_clear("store", 1);
	return 0;
}
