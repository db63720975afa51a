/* test_parcel.c: results as one file, to another store and back; what others' files may not do; what results need. */
#include "store_place.h"

#include <fcntl.h>

#include "make_tar.h"
#include "store/digest.h"
#include "store/parcel/list.h"
#include "store/parcel/needs.h"
#include "store/parcel/pack.h"
#include "store/parcel/unpack.h"

/* A second store, and a file between the two. */
static char *file_of(const struct place *p)
{
	return xasprintf("%s/x.parcel", p->dir);
}

static void other_store(const struct place *p, const char *name, struct store *st)
{
	auto_free char *root = xasprintf("%s/%s", p->dir, name);
	struct err e = { 0 };

	assert_int_equal(store_open(st, root, &e), 0);
}

static void key_of(const char *fact, char key[KEY_LEN + 1])
{
	auto_recipe struct recipe r = { 0 };

	recipe_open(&r, "test", 1);
	recipe_str(&r, "fact", fact);
	recipe_key(&r, key);
}

/* With a program, a folder and a file that is mostly holes. */
static void make_rich(struct store *st, const char *fact)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	struct err e = { 0 };

	assert_int_equal(begin(st, &r, fact, false, &w), STORE_MISS);
	put(&w, "program", "#!/bin/sh\n");
	assert_int_equal(fchmodat(w.dir, "program", 0755, 0), 0);
	assert_int_equal(mkdirat(w.dir, "sub", 0755), 0);
	put(&w, "sub/file", "");
	auto_close int fd = openat(w.dir, "memory", O_RDWR | O_CREAT, 0644);

	assert_int_equal(pwrite(fd, "x", 1, 5 << 20), 1);
	assert_int_equal(ftruncate(fd, 64 << 20), 0);
	assert_int_equal(work_publish(&w, &r, &e), 0);
}

static void pack(struct place *p, const char *const *facts, size_t n, const char *file)
{
	struct needs *needs = NULL;
	struct parcel_tally t;
	struct err e = { 0 };
	char key[KEY_LEN + 1];

	assert_int_equal(needs_open(&needs, &p->st, &e), 0);
	for (size_t i = 0; i < n; i++) {
		key_of(facts[i], key);
		assert_true(needs_mark(needs, key, false));
	}
	struct packing what = { .st = &p->st };
	auto_free void *keys = what.keys = needs_marked(needs, &what.n);

	assert_int_equal(what.n, n);
	if (parcel_pack(file, &what, &t, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(t.results, n);
	assert_true(t.bytes > 0 && t.bytes < 1 << 20);
	needs_free(needs);
}

static void there_and_back(void **state)
{
	static const char *const facts[] = { "one", "rich" };
	struct place *p = *state;
	auto_free char *file = file_of(p);
	auto_store struct store other = { .dir = -1 };
	struct parcel_tally t;
	struct err e = { 0 };
	char key[KEY_LEN + 1];
	struct stat st;

	make(&p->st, "one", "text", false);
	make(&p->st, "not asked for", "text", false);
	make_rich(&p->st, "rich");
	pack(p, facts, 2, file);
	mode_t mask = umask(0077);

	other_store(p, "other", &other);
	if (parcel_unpack(file, &other, &t, &e) < 0)
		fail_msg("%s", e.msg);
	umask(mask);
	assert_int_equal(t.results, 2);
	assert_int_equal(t.new_results, 2);
	for (size_t i = 0; i < 2; i++) {
		auto_work struct work w = { .lock = -1, .dir = -1 };
		auto_recipe struct recipe r = { 0 };

		assert_int_equal(begin(&other, &r, facts[i], false, &w), STORE_HIT);
	}
	key_of("rich", key);
	auto_free char *path = xasprintf("%s/objects/%.2s/%s", other.path, key, key);
	auto_close int dir = open(path, O_RDONLY | O_DIRECTORY);

	assert_int_equal(fstatat(dir, "program", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0555);
	assert_int_equal(fstatat(dir, "sub/file", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0444);
	assert_int_equal(fstatat(dir, "memory", &st, 0), 0);
	assert_int_equal(st.st_size, 64 << 20);
	assert_true(st.st_blocks * 512 < 1 << 20);
	assert_int_equal(parcel_unpack(file, &other, &t, &e), 0);
	assert_int_equal(t.new_results, 0);
	assert_int_equal(entries(other.path, "drafts") + entries(other.path, "locks"), 0);
	key_of("not asked for", key);
	auto_work struct work w = { .lock = -1, .dir = -1 };

	assert_int_equal(store_find(&other, key, &w, &e), STORE_MISS);
}

/* A parcel that is damaged in one place; what is in the store then. */
static void damaged(void **state)
{
	static const char *const facts[] = { "one", "two" };
	struct place *p = *state;
	auto_free char *file = file_of(p);
	auto_free char *good = NULL;
	auto_store struct store other = { .dir = -1 };
	struct parcel_tally t;
	struct err e = { 0 };
	size_t n;

	make(&p->st, "one", "text", false);
	make(&p->st, "two", "another text", false);
	pack(p, facts, 2, file);
	assert_int_equal(file_read(AT_FDCWD, file, 1 << 20, &good, &n, &e), 0);
	other_store(p, "other", &other);
	for (size_t i = 0; i < n; i++) {
		/* Cut off there, and with that byte another one. */
		assert_true(file_write(AT_FDCWD, file, good, i, &e) >= 0);
		assert_int_equal(parcel_unpack(file, &other, &t, &e), -1);
		assert_int_equal(e.code, X_BAD_ARCHIVE);
		assert_int_equal(entries(other.path, "objects") + entries(other.path, "drafts"), 0);
		good[i] ^= 0x41;
		assert_true(file_write(AT_FDCWD, file, good, n, &e) >= 0);
		/* A bit that decompression does not look at changes nothing. */
		if (parcel_unpack(file, &other, &t, &e) < 0)
			assert_int_equal(entries(other.path, "objects"), 0);
		else
			break;
		good[i] ^= 0x41;
	}
}

/* The list is right in itself, and what follows is not what it says, or the list says what it must not. */
static char *list_of(const char *key, size_t recipe, const char *content, const char *more)
{
	auto_free char *text =
		xasprintf("ktstr parcel 1\nresult %s %zu %zu\n%s%s", key, recipe, strlen(content), content, more);
	char sum[KEY_LEN + 1];

	hash_hex(text, strlen(text), sum);
	return xasprintf("%send %s\n", text, sum);
}

struct hostile {
	const char *content_name; /* of its only file */
	const char *recipe, *file, *more;
	mode_t mode; /* of the file's member */
	bool extra;
	const char *says;
};

static const struct hostile hostiles[] = {
	{ "a", "step test 1\n", "text", "", 0, false, NULL }, /* good */
	{ "../../x", "step test 1\n", "text", "", 0, false, "list" },
	{ "/x", "step test 1\n", "text", "", 0, false, "list" },
	{ "recipe", "step test 1\n", "text", "", 0, false, "no file of a result" },
	{ "content.sum", "step test 1\n", "text", "", 0, false, "no file of a result" },
	{ "origin", "step test 1\n", "text", "", 0, false, "no file of a result" },
	{ "a", "step test 2\n", "text", "", 0, false, "recipe" },
	{ "a", "step test 1\n", "tex!", "", 0, false, "not those of its list" },
	{ "a", "step test 1\n", "longer", "", 0, false, "another size" },
	{ "a", "step test 1\n", "/etc", "", S_IFLNK | 0777, false, "no regular file" },
	{ "a", "step test 1\n", "text", "kernel x 1 y\n", 0, false, "kernel" },
	{ "a", "step test 1\n", "text", "nonsense\n", 0, false, "no list has" },
	{ "a", "step test 1\n", "text", "", 0, true, "more in it" },
};

static void write_hostile(const char *file, const struct hostile *h)
{
	char key[KEY_LEN + 1], hex[KEY_LEN + 1];

	hash_hex("step test 1\n", 12, key);
	hash_hex("text", 4, hex);
	auto_free char *content = xasprintf("%s 4 %s\n", hex, h->content_name);
	auto_free char *list = list_of(key, 12, content, h->more);
	const struct tar_member members[] = {
		{ .path = "list", .data = list },
		{ .path = "../../recipe", .data = h->recipe },
		{ .path = "/file", .data = h->file, .mode = h->mode },
		{ .path = h->extra ? "extra" : NULL, .data = "" },
		{ 0 },
	};
	size_t n;
	auto_free void *packed = make_tar(archive_write_add_filter_zstd, members, &n);
	struct err e;

	assert_true(file_write(AT_FDCWD, file, packed, n, &e) >= 0);
}

static void hostile(void **state)
{
	struct place *p = *state;
	auto_free char *file = file_of(p);

	for (size_t i = 0; i < countof(hostiles); i++) {
		auto_free char *name = xasprintf("other%zu", i);
		auto_store struct store other = { .dir = -1 };
		struct parcel_tally t;
		struct err e = { 0 };

		write_hostile(file, &hostiles[i]);
		other_store(p, name, &other);
		int r = parcel_unpack(file, &other, &t, &e);

		assert_int_equal(entries(other.path, "drafts") + entries(other.path, "locks"), 0);
		if (!hostiles[i].says) {
			assert_int_equal(r, 0);
			assert_int_equal(t.new_results, 1);
			continue;
		}
		assert_int_equal(r, -1);
		assert_int_equal(e.code, X_BAD_ARCHIVE);
		if (!strstr(e.msg, hostiles[i].says))
			fail_msg("%zu: %s", i, e.msg);
		assert_int_equal(entries(other.path, "objects"), 0);
	}
}

/* A list that claims more than there is, or ends in its middle. */
static void lists(void **state)
{
	static const char *const bad[] = {
		"",
		"ktstr parcel 1\n",
		"ktstr parcel 2\nend \n",
		"ktstr parcel 1\nresult 00 1 1\n",
		"ktstr parcel 1\nresult %k 1 99999999\n",
		"ktstr parcel 1\nresult %k 999999999999999999999 0\n",
		"ktstr parcel 1\nresult %k 1 0\nresult %k 1 0\n",
		"ktstr parcel 1\nkernel %k 1 ../x\n",
		"ktstr parcel 1\nkernel %k 1 .x\n",
		"ktstr parcel 1\nkernel %k 1 b\nkernel %k 1 a\n",
		"ktstr parcel 1\nkernel %k 1 b\nresult %k 1 0\n",
	};
	char key[KEY_LEN + 1], sum[KEY_LEN + 1];

	(void)state;
	memset(key, 'a', KEY_LEN);
	key[KEY_LEN] = '\0';
	for (size_t i = 0; i < countof(bad); i++) {
		auto_free char *text = xstrdup(bad[i]);
		struct err e = { 0 };
		char *at;

		while ((at = strstr(text, "%k"))) {
			char *more = xasprintf("%.*s%s%s", (int)(at - text), text, key, at + 2);

			free(text);
			text = more;
		}
		hash_hex(text, strlen(text), sum);
		auto_free char *whole = xasprintf("%send %s\n", text, sum);
		auto_parcel struct parcel p = { 0 };
		int r = parcel_parse(&p, whole, strlen(whole), &e);

		if (i == 1) {
			assert_int_equal(r, 0); /* an empty one */
			continue;
		}
		if (r == 0)
			fail_msg("taken: %s", bad[i]);
		assert_int_equal(e.code, X_BAD_ARCHIVE);
	}
}

/* c was made of b's file and b of a's recipe; d of nothing. */
static void needed(void **state)
{
	struct place *p = *state;
	char a[KEY_LEN + 1], b[KEY_LEN + 1], c[KEY_LEN + 1], hex[KEY_LEN + 1];
	struct needs *n = NULL;
	struct err e = { 0 };
	const char *key;
	size_t count;

	key_of("a", a);
	key_of(a, b);
	hash_hex("of b", 4, hex);
	key_of(hex, c);
	make(&p->st, "a", "of a", false);
	make(&p->st, a, "of b", false);
	make(&p->st, hex, "of c", false);
	make(&p->st, "d", "of d", false);
	assert_int_equal(needs_open(&n, &p->st, &e), 0);
	assert_int_equal(needs_find(n, "", &key), 4);
	assert_int_equal(needs_find(n, c, &key), 1);
	assert_false(needs_mark(n, hex, true));
	assert_true(needs_mark(n, b, false));
	assert_true(needs_states(n, a) && !needs_states(n, hex));
	free(needs_marked(n, &count));
	assert_int_equal(count, 1);
	assert_true(needs_mark(n, c, true));
	assert_true(needs_states(n, hex));
	free(needs_marked(n, &count));
	assert_int_equal(count, 2); /* what b needs was not asked for, and is not asked again */
	needs_free(n);
	assert_int_equal(needs_open(&n, &p->st, &e), 0);
	assert_true(needs_mark(n, c, true));
	auto_free void *keys = needs_marked(n, &count);

	assert_int_equal(count, 3);
	needs_free(n);
}

static void gone(void **state)
{
	struct place *p = *state;
	auto_free char *file = file_of(p);
	char key[1][KEY_LEN + 1];
	struct packing what = { .st = &p->st, .keys = key, .n = 1 };
	struct parcel_tally t;
	struct err e = { 0 };

	key_of("nothing", key[0]);
	assert_int_equal(parcel_pack(file, &what, &t, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_false(file_exists(file));
	assert_int_equal(entries(p->dir, "."), 1);
	assert_int_equal(parcel_unpack(file, &p->st, &t, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_int_equal(parcel_unpack(p->dir, &p->st, &t, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(there_and_back), in_place(damaged), in_place(hostile),
		in_place(lists),          in_place(needed),  in_place(gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
