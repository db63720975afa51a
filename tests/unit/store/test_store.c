/* The store: hits and misses, damage, and folders that cannot be used. */
#include "store/format.h"
#include "store_place.h"

/* Of no bytes. */
#define EMPTY_SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum { LARGE = 2 << 20 };

static void miss_then_hit(void **state)
{
	auto_work struct work w = { .lock = -1, .dir = -1 }, again = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 }, s = { 0 };
	struct place *p = *state;
	unsigned changed;
	struct stat st;
	struct err e;

	assert_int_equal(begin(&p->st, &r, "x", false, &w), STORE_MISS);
	assert_int_equal(entries(p->root, "locks"), 1);
	put(&w, "a", "text");
	put(&w, "tool", "#!");
	assert_int_equal(fchmodat(w.dir, "tool", 0750, 0), 0);
	assert_int_equal(mkdirat(w.dir, "sub", 0700), 0);
	put(&w, "sub/b c", "deep");
	assert_int_equal(work_publish(&w, &r, &e), 0);
	assert_int_equal(entries(p->root, "locks"), 0);
	assert_int_equal(entries(p->root, "drafts"), 0);

	assert_int_equal(begin(&p->st, &s, "x", false, &again), STORE_HIT);
	assert_string_equal(again.path, w.path);
	assert_int_equal(fstatat(again.dir, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0444);
	assert_int_equal(fstatat(again.dir, "tool", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0555);

	assert_int_equal(work_place(&again, NULL, p->out, &changed, &e), 0);
	assert_int_equal(changed, 4);
	assert_text(p->out, "a", "text");
	assert_text(p->out, "sub/b c", "deep");
	assert_text(p->out, "recipe", "step    test 1\nstr     fact x\n");
	assert_int_equal(entries(p->dir, "out"), 4);
	work_drop(&w);
	work_drop(&w);
}

/* Ninja goes by times: what is equal keeps its own. */
static void equal_files_stay(void **state)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	struct place *p = *state;
	struct stat before[2], after[2];
	unsigned changed;
	struct err e;

	make(&p->st, "x", "text", false);
	assert_int_equal(begin(&p->st, &r, "x", false, &w), STORE_HIT);
	assert_int_equal(work_place(&w, NULL, p->out, &changed, &e), 0);
	assert_int_equal(changed, 2);
	auto_free char *a = xasprintf("%s/a", p->out), *recipe = xasprintf("%s/recipe", p->out);
	assert_int_equal(stat(a, &before[0]) | stat(recipe, &before[1]), 0);
	usleep(10 * 1000);
	work_touch(&w);
	assert_int_equal(work_place(&w, NULL, p->out, &changed, &e), 0);
	assert_int_equal(changed, 0);
	assert_int_equal(stat(a, &after[0]) | stat(recipe, &after[1]), 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(before[i].st_ino, after[i].st_ino);
		assert_memory_equal(&before[i].st_mtim, &after[i].st_mtim, sizeof(struct timespec));
	}
	assert_int_equal(unlink(a), 0);
	assert_int_equal(work_place(&w, NULL, p->out, &changed, &e), 0);
	assert_int_equal(changed, 1);
	assert_text(p->out, "a", "text");
}

static void put_large(struct work *w, const char *name, char fill)
{
	auto_free char *data = xmalloc(LARGE);
	struct err e;

	memset(data, fill, LARGE);
	assert_true(file_write(w->dir, name, data, LARGE, &e) >= 0);
}

/* The next step's recipe_file() must not read a gigabyte of guest memory. */
static void placed_files_are_known(void **state)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	struct place *p = *state;
	char hex[KEY_LEN + 1], expected[KEY_LEN + 1];
	struct hashes *h;
	struct err e;

	assert_int_equal(begin(&p->st, &r, "x", false, &w), STORE_MISS);
	put_large(&w, "a", 'a');
	assert_int_equal(work_publish(&w, &r, &e), 0);
	assert_int_equal(hashes_open(&h, p->root, "t", &e), 0);
	auto_free char *other = xasprintf("%s/other", p->dir), *file = xasprintf("%s/a", p->out);
	assert_int_equal(work_place(&w, h, p->out, NULL, &e), 0);
	assert_int_equal(work_place(&w, h, other, NULL, &e), 0);
	hashes_close(h);
	assert_int_equal(hashes_open(&h, p->root, "t", &e), 0);
	assert_int_equal(hashes_file(h, AT_FDCWD, file, hex, NULL, &e), 0);
	assert_int_equal(hashes_hits(h), 1);
	auto_free char *data = xmalloc(LARGE);
	memset(data, 'a', LARGE);
	hash_hex(data, LARGE, expected);
	assert_string_equal(hex, expected);
	hashes_close(h);
}

static bool older(struct timespec a, struct timespec b)
{
	return a.tv_sec < b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec < b.tv_nsec);
}

/* Back to an old result: its files must be younger than what was made from those they replace. */
static void replaced_files_are_young(void **state)
{
	static const char *const names[] = { "small", "large" };
	struct place *p = *state;
	struct timespec last[2] = { { 0 } };

	for (int round = 0; round < 4; round++)
		for (int i = 0; i < 2; i++) {
			auto_work struct work w = { .lock = -1, .dir = -1 };
			auto_recipe struct recipe r = { 0 };
			const char *fact = round % 2 ? "x" : "y";
			auto_free char *file = xasprintf("%s/%s", p->out, names[i]);
			unsigned changed;
			struct stat st;
			struct err e;

			if (begin(&p->st, &r, fact, false, &w) == STORE_MISS) {
				put(&w, "small", fact);
				put_large(&w, "large", *fact);
				assert_int_equal(work_publish(&w, &r, &e), 0);
			}
			assert_int_equal(work_place(&w, NULL, p->out, &changed, &e), 0);
			assert_int_equal(changed, i == 0 ? 3 : 0);
			assert_int_equal(stat(file, &st), 0);
			assert_int_equal(st.st_mode & 0777, 0444);
			assert_int_equal(st.st_nlink, i == 0 ? 1 : 2);
			assert_true(older(last[i], st.st_mtim));
			last[i] = st.st_mtim;
			usleep(10 * 1000);
		}
	assert_int_equal(entries(p->dir, "out"), 3);
}

static void force_replaces(void **state)
{
	auto_work struct work before = { .lock = -1, .dir = -1 }, w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 }, s = { 0 };
	struct place *p = *state;
	struct err e;

	make(&p->st, "x", "old", false);
	assert_int_equal(begin(&p->st, &r, "x", false, &before), STORE_HIT);
	make(&p->st, "x", "new", true);
	assert_int_equal(entries(p->root, "drafts"), 0);
	assert_int_equal(begin(&p->st, &s, "x", false, &w), STORE_HIT);
	assert_int_equal(work_place(&w, NULL, p->out, NULL, &e), 0);
	assert_text(p->out, "a", "new");

	/* Who held the old folder is led to the new one. */
	assert_int_equal(rmtree(AT_FDCWD, p->out, &e), 0);
	assert_int_equal(work_place(&before, NULL, p->out, NULL, &e), 0);
	assert_text(p->out, "a", "new");
}

static void dropped_work_leaves_nothing(void **state)
{
	struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	struct place *p = *state;

	assert_int_equal(begin(&p->st, &r, "x", false, &w), STORE_MISS);
	put(&w, "a", "text");
	work_drop(&w);
	work_drop(&w);
	assert_int_equal(entries(p->root, "drafts"), 0);
	assert_int_equal(entries(p->root, "locks"), 0);
	assert_int_equal(entries(p->root, "objects"), 0);
}

static void unstorable_files_are_refused(void **state)
{
	struct place *p = *state;

	for (int i = 0; i < 5; i++) {
		auto_work struct work w = { .lock = -1, .dir = -1 };
		auto_recipe struct recipe r = { 0 };
		struct err e = { 0 };

		assert_int_equal(begin(&p->st, &r, "x", false, &w), STORE_MISS);
		switch (i) {
		case 0:
			assert_int_equal(symlinkat("/etc/passwd", w.dir, "a"), 0);
			break;
		case 1:
			assert_int_equal(mkfifoat(w.dir, "a", 0600), 0);
			break;
		case 2:
			put(&w, "recipe", "mine");
			break;
		case 3:
			put(&w, "content", "mine");
			break;
		case 4:
			put(&w, "a\nb", "mine");
			break;
		}
		assert_true(work_publish(&w, &r, &e) < 0);
		assert_true(*e.msg);
		work_drop(&w);
		assert_int_equal(entries(p->root, "drafts"), 0);
	}
}

/* A step that links a file in does not hand its owner a way into the store. */
static void linked_files_are_cut_off(void **state)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	struct place *p = *state;
	auto_free char *mine = xasprintf("%s/mine", p->dir);
	struct stat st;
	struct err e;

	assert_int_equal(file_write(AT_FDCWD, mine, "one", 3, &e), 1);
	assert_int_equal(chmod(mine, 0644), 0);
	assert_int_equal(begin(&p->st, &r, "x", false, &w), STORE_MISS);
	assert_int_equal(linkat(AT_FDCWD, mine, w.dir, "a", 0), 0);
	assert_int_equal(work_publish(&w, &r, &e), 0);
	assert_int_equal(stat(mine, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(st.st_nlink, 1);
	assert_int_equal(entries(p->dir, "store/objects"), 1);
	assert_text(w.path, "a", "one");
}

/* What has lost a file, or is not what its key says, is made again. */
static void damaged_results_are_made_again(void **state)
{
	static const char *const damage[] = { "a", "recipe", "content" };
	struct place *p = *state;

	for (size_t i = 0; i < countof(damage); i++)
		for (int cut = 0; cut < 2; cut++) {
			auto_work struct work w = { .lock = -1, .dir = -1 };
			auto_recipe struct recipe r = { 0 }, s = { 0 };
			auto_free char *fact = xasprintf("%s %d", damage[i], cut);

			make(&p->st, fact, "text", false);
			assert_int_equal(begin(&p->st, &r, fact, false, &w), STORE_HIT);
			assert_int_equal(unlinkat(w.dir, damage[i], 0), 0);
			if (cut)
				put(&w, damage[i], "te");
			work_drop(&w);
			make(&p->st, fact, "text", false);
			assert_int_equal(begin(&p->st, &s, fact, false, &w), STORE_HIT);
			assert_text(w.path, "a", "text");
		}
	assert_int_equal(entries(p->root, "drafts"), 0);
}

/* Root may write anywhere, so the obstacles here are files in the place of folders. */
static void unusable_folders_are_named(void **state)
{
	static const char *const blocked[] = { "", "/objects", "/drafts", "/locks", "/hashes", "/graphs" };
	struct place *p = *state;

	for (size_t i = 0; i < countof(blocked); i++) {
		auto_free char *root = xasprintf("%s/s%zu", p->dir, i), *path = xasprintf("%s%s", root, blocked[i]);
		struct store st;
		struct err e = { 0 };

		if (*blocked[i])
			assert_int_equal(mkdir(root, 0700), 0);
		assert_int_equal(file_write(AT_FDCWD, path, "x", 1, &e), 1);
		assert_true(store_open(&st, root, &e) < 0);
		assert_int_equal(e.code, X_STORE);
		assert_non_null(strstr(e.msg, root));
		assert_non_null(strstr(e.msg, "Not a directory"));
		assert_non_null(strstr(e.msg, "KTSTR_STORE"));
	}
}

static void lost_folders_are_named(void **state)
{
	static const char *const lost[] = { "drafts", "locks" };
	struct place *p = *state;

	for (size_t i = 0; i < countof(lost); i++) {
		auto_recipe struct recipe r = { 0 };
		struct err e = { 0 };
		struct work w;

		assert_int_equal(rmtree(p->st.dir, lost[i], &e), 0);
		recipe_open(&r, "test", 1);
		assert_true(store_begin(&p->st, &r, false, &w, &e) < 0);
		assert_int_equal(e.code, X_STORE);
		assert_non_null(strstr(e.msg, "KTSTR_STORE"));
		assert_int_equal(mkdirat(p->st.dir, lost[i], 0700), 0);
	}
}

static void default_place(void **state)
{
	struct place *p = *state;
	auto_free char *cache = xasprintf("%s/cache", p->dir), *own = xasprintf("%s/own", p->dir);
	auto_free char *expected = xasprintf("%s/ktstr/store", cache);
	struct store st;
	struct err e;

	setenv("XDG_CACHE_HOME", cache, 1);
	unsetenv("KTSTR_STORE");
	assert_int_equal(store_open(&st, NULL, &e), 0);
	assert_string_equal(st.path, expected);
	store_close(&st);
	setenv("KTSTR_STORE", own, 1);
	assert_int_equal(store_open(&st, NULL, &e), 0);
	assert_string_equal(st.path, own);
	store_close(&st);
}

/* A store that names its results by another hash. */
static void another_format_is_left_alone(void **state)
{
	struct place *p = *state;
	auto_free char *root = xasprintf("%s/old", p->dir), *below = xasprintf("%s/v2", root);
	auto_free char *object = xasprintf("%s/objects/99/99aa06d3014798d86001c324468d497f", root);
	auto_free char *said = xasprintf("%s/format", root), *folder = NULL;
	struct store st;
	struct err e;

	assert_int_equal(mkdir_p(AT_FDCWD, object, 0777, &e), 0);
	folder = store_folder(root, &e);
	assert_string_equal(folder, below);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_open(&st, root, &e), 0);
		assert_string_equal(st.path, below);
		make(&st, "one", "text", true);
		store_close(&st);
		assert_int_equal(store_open(&st, below, &e), 0);
		assert_string_equal(st.path, below);
		store_close(&st);
	}
	assert_true(file_exists(object));
	assert_false(file_exists(said));
	assert_int_equal(entries(root, "objects"), 1);
	assert_int_equal(entries(p->dir, "old"), 2);

	/* Ours stay ours when the old ones are gone. */
	auto_free char *objects = xasprintf("%s/objects", root);
	assert_int_equal(rmtree(AT_FDCWD, objects, &e), 0);
	assert_int_equal(store_open(&st, root, &e), 0);
	assert_string_equal(st.path, below);
	store_close(&st);
}

static void format_heals_or_is_named(void **state)
{
	static const struct {
		const char *text;
		bool ours;
	} cases[] = {
		{ "", true },
		{ "\xff\n", true },
		{ "ktstr store 2", true },
		{ "ktstr store 3\n", false },
		{ "ktstr store 1\n", false },
	};
	struct place *p = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		struct store st;
		struct err e = { 0 };

		assert_true(file_write(p->st.dir, "format", cases[i].text, strlen(cases[i].text), &e) >= 0);
		if (cases[i].ours) {
			assert_int_equal(store_open(&st, p->root, &e), 0);
			assert_string_equal(st.path, p->st.path);
			store_close(&st);
			assert_text(p->root, "format", "ktstr store 2\n");
			continue;
		}
		assert_true(store_open(&st, p->root, &e) < 0);
		assert_int_equal(e.code, X_STORE);
		assert_non_null(strstr(e.msg, p->root));
		assert_text(p->root, "format", cases[i].text);
	}
}

static void lists_of_contents_are_checked(void **state)
{
	static const struct {
		const char *text;
		int files;
	} cases[] = {
		{ "", 0 },
		{ EMPTY_SUM " 0 a\n" EMPTY_SUM " 12 b/c d\n", 2 },
		{ "\n", -1 },
		{ EMPTY_SUM " 0 a", -1 },
		{ "99aa06d3014798d86001c324468d497 0 a\n", -1 },
		{ EMPTY_SUM " -1 a\n", -1 },
		{ EMPTY_SUM " 99999999999999999999 a\n", -1 },
		{ EMPTY_SUM " 0 \n", -1 },
		{ EMPTY_SUM " 0 /etc/passwd\n", -1 },
		{ EMPTY_SUM " 0 ../a\n", -1 },
		{ EMPTY_SUM " 0 a/..\n", -1 },
		{ EMPTY_SUM " 0 a//b\n", -1 },
		{ EMPTY_SUM " 0 ./a\n", -1 },
		{ EMPTY_SUM " 0 a\tb\n", -1 },
		{ EMPTY_SUM "\n", -1 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_content struct content c = { 0 };
		struct err e;
		int rc = content_parse(&c, cases[i].text, &e);

		assert_int_equal(rc < 0 ? -1 : (int)c.n, cases[i].files);
		if (rc == 0) {
			auto_free char *text = content_text(&c);

			assert_string_equal(text, cases[i].text);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(miss_then_hit),
		in_place(equal_files_stay),
		in_place(placed_files_are_known),
		in_place(replaced_files_are_young),
		in_place(force_replaces),
		in_place(dropped_work_leaves_nothing),
		in_place(unstorable_files_are_refused),
		in_place(linked_files_are_cut_off),
		in_place(damaged_results_are_made_again),
		in_place(unusable_folders_are_named),
		in_place(lost_folders_are_named),
		in_place(default_place),
		in_place(another_format_is_left_alone),
		in_place(format_heals_or_is_named),
		cmocka_unit_test(lists_of_contents_are_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
