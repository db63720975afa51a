/* fuzz_store.c: what the store reads back of its own: tables of hashes, lists of contents, recipes, its format. The first byte
 * chooses. */
#include "place.h"

#include "store/content.h"
#include "store/format.h"
#include "store/hashes.h"
#include "store/recipe.h"

#define SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static int dir = -1;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char table[] = "hktstr hashes 3 b\ncontent 1 2 3 4 5 6 " SUM "\nstored 1 3 3 4 5 6 " SUM
				    "\nanswer 1 2 3 4 5 6 " SUM " gcc 12\n";
	static const char content[] = "c" SUM " 0 a\n" SUM " 12 b/c d\n";
	static const char recipe[] = "rstep    x 1\nfile    k " SUM " 3\ntool    cc gcc 12\n";
	static const char format[] = "fktstr store 2\n";

	(void)argc, (void)argv;
	fuzz_seed("table", table, sizeof(table) - 1);
	fuzz_seed("content", content, sizeof(content) - 1);
	fuzz_seed("recipe", recipe, sizeof(recipe) - 1);
	fuzz_seed("format", format, sizeof(format) - 1);
	place_make("fuzz-store");
	dir = open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	MUST(dir >= 0 && mkdirat(dir, "hashes", 0700) == 0);
	return 0;
}

/* Whatever stands in it, the table opens, answers and is written. */
static void try_table(const void *data, size_t n)
{
	char hex[KEY_LEN + 1];
	struct hashes *h;
	struct err e;

	place_put("hashes/t", data, n);
	MUST(hashes_open(&h, place, "t", &e) == 0);
	MUST(hashes_file(h, dir, "hashes/t", hex, NULL, &e) == 0 && strlen(hex) == KEY_LEN);
	free(hashes_recall(h, "/bin/true", "true --version"));
	hashes_learn(h, dir, "hashes/t", hex);
	hashes_close(h);
	MUST(hashes_open(&h, place, "t", &e) == 0);
	hashes_close(h);
}

static void try_content(const char *text)
{
	struct content c = { 0 };
	struct err e = { 0 };

	if (content_parse(&c, text, &e) < 0) {
		MUST(e.code == X_STORE && *e.msg);
		return;
	}
	for (size_t i = 0; i < c.n; i++)
		MUST(*c.v[i].name && *c.v[i].name != '/' && strncmp(c.v[i].name, "../", 3) != 0);
	(void)content_present(&c, dir);
	char *again = content_text(&c);
	struct content same = { 0 };

	MUST(content_parse(&same, again, &e) == 0 && same.n == c.n);
	free(again);
	content_free(&same);
	content_free(&c);
}

static void try_format(const void *data, size_t n)
{
	struct err e = { 0 };

	place_put("format", data, n);
	char *folder = store_folder(place, &e);

	MUST(folder ? !strcmp(folder, place) : e.code == X_STORE);
	free(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return -1;
	char *text = xstrndup((const char *)data + 1, n - 1);

	switch (*data) {
	case 'h':
		try_table(data + 1, n - 1);
		break;
	case 'c':
		try_content(text);
		break;
	case 'r':
		free(recipe_diff(text, "step    x 1\n"));
		free(recipe_diff("step    x 1\n", text));
		break;
	case 'f':
		try_format(data + 1, n - 1);
		break;
	default:
		break;
	}
	free(text);
	return 0;
}
