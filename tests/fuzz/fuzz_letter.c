/* fuzz_letter.c: anything as a letter that a server sends, in pieces of any size. What is taken has a label that reads the same once more, files as
 * it says, and nothing outside of the folder. */
#include "place.h"

#include "letter/letter.h"

#define KEY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" /* of nothing */
#define ONE "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881" /* of "x" */

static unsigned rounds;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char label[] = "ktstr label 1\nkey " KEY "\nstep s\nrecipe 0\nmade 2\ntook 3\ntool t\nhost h\n"
				    "file " ONE " 1 - raw " ONE " 1 a/b\n";
	auto_free char *seed = xasprintf("ktstr letter 1 %zu 100\n%sx", sizeof(label) - 1, label);

	(void)argc, (void)argv;
	fuzz_seed("letter", seed, strlen(seed));
	place_make("letter");
	return 0;
}

static void look(const char *path, const struct stat *st)
{
	(void)path;
	MUST(S_ISDIR(st->st_mode) || (S_ISREG(st->st_mode) && st->st_blocks * 512 <= 1 << 20));
}

static void check_all(const struct arrival *a)
{
	auto_free char *text = label_text(&a->label);
	auto_label struct label again = { 0 };
	struct err e;

	MUST(label_parse(&again, text, strlen(text), &e) == 0 && again.n == a->label.n);
	for (size_t i = 0; i < a->label.n; i++) {
		struct stat st;
		bool there = fstatat(a->dir, a->label.v[i].name, &st, AT_SYMLINK_NOFOLLOW) == 0;

		MUST(there == !arrival_elsewhere(a, i));
		MUST(!there || (uint64_t)st.st_size == a->label.v[i].size);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *name = xasprintf("%u", rounds++), *path = place_path(name);
	size_t step = n ? data[n - 1] % 64 + 1 : 1;
	struct arrival a = { .key = KEY, .file = { .fd = -1 }, .dir = place_folder(name), .keep_recipe = n % 2 };
	struct err e = { 0 };
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < n; at += step)
		rc = arrival_bytes(&a, data + at, n - at < step ? n - at : step, &e);
	if (rc == 0)
		rc = arrival_end(&a, &e);
	if (rc == 0)
		check_all(&a);
	else
		must_say_why(&e);
	(void)place_walk(path, look);
	close(a.dir);
	arrival_drop(&a);
	MUST(rmtree(AT_FDCWD, path, &e) == 0);
	return 0;
}
