/* Content hashes: what a hash is made of, what is remembered, and what a damaged table does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "store/digest.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include <time.h>

/* Of no bytes. */
#define EMPTY_SUM "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum { PAGE = 4096, SETTLE_US = 60 * 1000, MIB = 1 << 20 };

struct place {
	char *dir;
	int fd;
};

static int enter(void **state)
{
	struct place *p = xcalloc(1, sizeof(*p));
	struct err e;

	p->dir = tmpdir_make("test", &e);
	p->fd = p->dir ? open(p->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	*state = p;
	return p->fd < 0 ? -1 : 0;
}

static int leave(void **state)
{
	struct place *p = *state;
	struct err e;
	int rc = rmtree(AT_FDCWD, p->dir, &e);

	close(p->fd);
	free(p->dir);
	free(p);
	return rc;
}

struct piece {
	off_t at;
	size_t n;
	int fill;
};

/* Pieces end at n 0; nothing but holes around them. */
static void write_pieces(const struct place *p, const char *name, const struct piece *v, off_t size)
{
	auto_close int fd = openat(p->fd, name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	for (; v->n; v++) {
		auto_free char *buf = xmalloc(v->n);

		memset(buf, v->fill, v->n);
		assert_int_equal(pwrite(fd, buf, v->n, v->at), v->n);
	}
	assert_int_equal(ftruncate(fd, size), 0);
}

static void digest_of(const struct place *p, const char *name, char *hex)
{
	auto_close int fd = openat(p->fd, name, O_RDONLY | O_CLOEXEC);
	struct err e;

	assert_true(fd >= 0);
	assert_int_equal(digest_fd(fd, name, hex, NULL, &e), 0);
}

/* The same bytes have the same hash whether their zeros are stored, punched, or partly so. */
static void holes_make_no_difference(void **state)
{
	static const struct {
		off_t size;
		struct piece data[4], zeros[4];
	} cases[] = {
		{ 8 * PAGE, { { 0, 10, 'a' }, { 5 * PAGE, PAGE, 'b' } }, { { PAGE, 4 * PAGE, 0 } } },
		{ 8 * PAGE, { { 0 } }, { { 0, 8 * PAGE, 0 } } },
		{ 8 * PAGE + 5, { { 0 } }, { { 3 * PAGE, PAGE, 0 } } },
		{ 8 * PAGE + 5, { { 0 } }, { { 8 * PAGE, 5, 0 } } },
		{ 5, { { 0 } }, { { 0, 5, 0 } } },
		{ 3 * MIB, { { MIB - 1, 2, 'x' } }, { { 0, MIB - 1, 0 }, { 2 * MIB, MIB, 0 } } },
		{ 3 * MIB, { { 0, 1, 'x' }, { 3 * MIB - 1, 1, 'y' } }, { { MIB - PAGE, 2 * PAGE, 0 } } },
	};
	struct place *p = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		struct piece both[8];
		size_t n = 0;
		char sparse[KEY_LEN + 1], stored[KEY_LEN + 1];

		for (const struct piece *v = cases[i].zeros; v->n; v++)
			both[n++] = *v;
		for (const struct piece *v = cases[i].data; v->n; v++)
			both[n++] = *v;
		both[n] = (struct piece){ 0 };
		write_pieces(p, "sparse", cases[i].data, cases[i].size);
		write_pieces(p, "stored", both, cases[i].size);
		digest_of(p, "sparse", sparse);
		digest_of(p, "stored", stored);
		assert_string_equal(sparse, stored);
	}
}

/* Every pair of these differs in content, so in hash. */
static void different_content_differs(void **state)
{
	static const struct {
		off_t size;
		struct piece data[3];
	} files[] = {
		{ 0, { { 0 } } },
		{ 1, { { 0 } } },
		{ PAGE, { { 0 } } },
		{ PAGE + 1, { { 0 } } },
		{ 2 * PAGE, { { 0 } } },
		{ 3 * PAGE, { { 0, PAGE, 'a' } } },
		{ 3 * PAGE, { { PAGE, PAGE, 'a' } } },
		{ 3 * PAGE, { { 2 * PAGE, PAGE, 'a' } } },
		{ 3 * PAGE, { { 2 * PAGE, PAGE, 'b' } } },
		{ 4 * PAGE, { { 2 * PAGE, PAGE, 'b' } } },
	};
	struct place *p = *state;
	char hex[countof(files)][KEY_LEN + 1];

	for (size_t i = 0; i < countof(files); i++) {
		write_pieces(p, "f", files[i].data, files[i].size);
		digest_of(p, "f", hex[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(hex[i], hex[k]);
	}
}

/* Of a file with zero pages, as digest.h states it. */
static void runs_are_hashed_beside_the_bytes(void **state)
{
	static const struct piece data[] = { { 0, PAGE, 'a' }, { 0 } };
	struct place *p = *state;
	unsigned char plain[PAGE], runs[16 + KEY_LEN / 2] = { [1] = 0x10, [9] = 0x20 };
	char expected[KEY_LEN + 1], hex[KEY_LEN + 1];
	unsigned byte;

	memset(plain, 'a', PAGE);
	hash_hex(plain, PAGE, expected);
	write_pieces(p, "g", data, PAGE);
	digest_of(p, "g", hex);
	assert_string_equal(hex, expected);

	for (size_t i = 0; i < KEY_LEN / 2; i++) {
		assert_int_equal(sscanf(expected + 2 * i, "%2x", &byte), 1);
		runs[16 + i] = (unsigned char)byte;
	}
	hash_hex(runs, sizeof(runs), expected);
	write_pieces(p, "f", data, 3 * PAGE);
	digest_of(p, "f", hex);
	for (size_t i = 0; i < KEY_LEN; i += 2) {
		unsigned turned;

		assert_int_equal(sscanf(expected + i, "%2x", &byte) + sscanf(hex + i, "%2x", &turned), 2);
		assert_int_equal(byte ^ turned, 0xff);
	}
}

static void write_bytes(const struct place *p, const char *name, const void *data, size_t n)
{
	auto_close int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, n), n);
}

/* Where a run of zeros stands as a record among the bytes, a file may hold such records itself: then these two, of one
 * size, would be the same. The first has zeros in its first page and the second's record, the other the first's record and
 * zeros in its second page. */
static void numbers_of_a_run_are_no_run(void **state)
{
	static const unsigned char first[24] = "ktstr0pg\0\0\0\0\0\0\0\0\0\x10";
	static const unsigned char second[24] = "ktstr0pg\0\x10\0\0\0\0\0\0\0\x10";
	unsigned char one[2 * PAGE], two[2 * PAGE];
	char hex[2][KEY_LEN + 1];
	struct place *p = *state;

	memset(one, 0, PAGE);
	memset(one + PAGE, 'x', PAGE);
	memset(two, 'x', PAGE);
	memset(two + PAGE, 0, PAGE);
	memcpy(one + 2 * PAGE - sizeof(second), second, sizeof(second));
	memcpy(two, first, sizeof(first));
	write_bytes(p, "one", one, sizeof(one));
	write_bytes(p, "two", two, sizeof(two));
	digest_of(p, "one", hex[0]);
	digest_of(p, "two", hex[1]);
	assert_string_not_equal(hex[0], hex[1]);
}

/* What XXH3-128 cannot tell apart: a lane whose low half is the secret's is multiplied by nothing, and only the sum of the high
 * halves counts. */
static void equal_by_xxh3_is_not_equal(void **state)
{
	enum { AT = PAGE, STRIPE = 64, X = 12345 };
	static const size_t stripes[2] = { 2, 5 };
	unsigned char one[2 * PAGE], two[2 * PAGE];
	char hex[2][KEY_LEN + 1];
	struct place *p = *state;

	for (size_t i = 0; i < sizeof(one); i++)
		one[i] = (unsigned char)(i * 2654435761u >> 13 | 1);
	for (size_t i = 0; i < 2; i++)
		memcpy(one + AT + STRIPE * stripes[i], XXH3_kSecret + 8 * stripes[i], 4);
	memcpy(two, one, sizeof(two));
	for (size_t i = 0; i < 2; i++) {
		uint32_t high;

		memcpy(&high, one + AT + STRIPE * stripes[i] + 4, 4);
		high += i ? (uint32_t)-X : X;
		memcpy(two + AT + STRIPE * stripes[i] + 4, &high, 4);
	}
	assert_true(XXH128_isEqual(XXH3_128bits(one, sizeof(one)), XXH3_128bits(two, sizeof(two))));
	assert_memory_not_equal(one, two, sizeof(one));
	write_bytes(p, "one", one, sizeof(one));
	write_bytes(p, "two", two, sizeof(two));
	digest_of(p, "one", hex[0]);
	digest_of(p, "two", hex[1]);
	assert_string_not_equal(hex[0], hex[1]);
}

/* Guest memory: a gigabyte, 64 MiB of it in use. */
static void gigabyte_of_holes_is_quick(void **state)
{
	struct place *p = *state;
	struct piece data[65] = { { 0 } };
	char hex[KEY_LEN + 1];
	clock_t from;

	for (size_t i = 0; i < 64; i++)
		data[i] = (struct piece){ (off_t)i * 16 * MIB, MIB, 'a' + (int)i };
	write_pieces(p, "ram", data, 1024 * (off_t)MIB);
	from = clock();
	digest_of(p, "ram", hex);
	from = (clock() - from) / (CLOCKS_PER_SEC / 1000);
	print_message("# 1 GiB with 64 MiB of data: %ld ms of CPU\n", (long)from);
	assert_true(from < 1500);
}

static struct hashes *open_table(const struct place *p)
{
	struct hashes *h;
	struct err e;

	assert_int_equal(hashes_open(&h, p->dir, "t", &e), 0);
	return h;
}

static void put_file(const struct place *p, const char *name, const char *text)
{
	auto_close int fd = openat(p->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

/* Asks for name's hash, checks it against its text, and says whether the answer was remembered. */
static bool remembered(struct hashes *h, const struct place *p, const char *name, const char *text)
{
	unsigned before = hashes_hits(h);
	char hex[KEY_LEN + 1], expected[KEY_LEN + 1];
	uint64_t size;
	struct err e;

	hash_hex(text, strlen(text), expected);
	assert_int_equal(hashes_file(h, p->fd, name, hex, &size, &e), 0);
	assert_string_equal(hex, expected);
	assert_int_equal(size, strlen(text));
	return hashes_hits(h) > before;
}

static void asking_again_is_a_stat(void **state)
{
	struct place *p = *state;
	struct hashes *h = open_table(p);

	put_file(p, "f", "one");
	usleep(SETTLE_US);
	assert_false(remembered(h, p, "f", "one"));
	assert_true(remembered(h, p, "f", "one"));
	hashes_close(h);

	h = open_table(p);
	assert_true(remembered(h, p, "f", "one"));
	put_file(p, "f", "two");
	assert_false(remembered(h, p, "f", "two"));
	hashes_close(h);
	hashes_close(NULL);
}

/* Same size, same inode, maybe even the same times: a young file is read each time. */
static void young_files_are_read_again(void **state)
{
	struct place *p = *state;
	struct hashes *h = open_table(p);
	char text[] = "a";

	for (int i = 0; i < 200; i++) {
		text[0] = (char)('a' + i % 26);
		put_file(p, "f", text);
		assert_false(remembered(h, p, "f", text));
	}
	hashes_close(h);
}

/* mtime can be set back, ctime cannot. */
static void forged_times_are_noticed(void **state)
{
	struct place *p = *state;
	struct hashes *h = open_table(p);
	struct timespec times[2];
	struct stat st;

	put_file(p, "f", "one");
	usleep(SETTLE_US);
	assert_false(remembered(h, p, "f", "one"));
	assert_int_equal(fstatat(p->fd, "f", &st, 0), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	put_file(p, "f", "two");
	assert_int_equal(utimensat(p->fd, "f", times, 0), 0);
	assert_false(remembered(h, p, "f", "two"));
	hashes_close(h);
}

/* What the store told about a result holds for all its links, whenever they are made. */
static void links_of_results_are_known(void **state)
{
	struct place *p = *state;
	struct hashes *h = open_table(p);
	char hex[KEY_LEN + 1];

	hash_hex("one", 3, hex);
	put_file(p, "f", "one");
	assert_int_equal(fchmodat(p->fd, "f", 0444, 0), 0);
	hashes_learn(h, p->fd, "f", hex);
	usleep(SETTLE_US / 3);
	assert_int_equal(linkat(p->fd, "f", p->fd, "g", 0), 0);
	assert_true(remembered(h, p, "g", "one"));
	hashes_close(h);

	h = open_table(p);
	assert_true(remembered(h, p, "f", "one"));
	assert_int_equal(fchmodat(p->fd, "g", 0644, 0), 0);
	put_file(p, "g", "two");
	assert_int_equal(fchmodat(p->fd, "g", 0444, 0), 0);
	assert_false(remembered(h, p, "g", "two"));
	hashes_close(h);
}

/* A power failure may leave a file as large and as old as it was, and other bytes in it: another boot reads it again. */
static void results_are_read_again_after_a_boot(void **state)
{
	struct place *p = *state;
	auto_free char *path = xasprintf("%s/hashes/t", p->dir), *text = NULL;
	struct hashes *h = open_table(p);
	char hex[KEY_LEN + 1];
	struct stat st;
	struct err e;
	size_t n;

	hash_hex("one", 3, hex);
	put_file(p, "f", "one");
	put_file(p, "other", "two");
	assert_int_equal(fchmodat(p->fd, "f", 0444, 0), 0);
	usleep(SETTLE_US);
	hashes_learn(h, p->fd, "f", hex);
	assert_false(remembered(h, p, "other", "two"));
	hashes_close(h);

	assert_int_equal(fstatat(p->fd, "f", &st, 0), 0);
	assert_int_equal(fchmodat(p->fd, "f", 0644, 0), 0);
	put_file(p, "f", "uno");
	assert_int_equal(utimensat(p->fd, "f", (const struct timespec[2]){ st.st_mtim, st.st_mtim }, 0), 0);
	assert_int_equal(file_read(AT_FDCWD, path, 4096, &text, &n, &e), 0);
	char *boot = strchr(text, '\n') - 1;

	*boot = *boot == 'x' ? 'y' : 'x';
	assert_int_equal(file_write(AT_FDCWD, path, text, n, &e), 1);
	h = open_table(p);
	assert_false(remembered(h, p, "f", "uno"));
	assert_true(remembered(h, p, "other", "two"));
	hashes_close(h);
}

/* Two programs at once: the later one to end keeps what the earlier one learnt. */
static void tables_are_merged(void **state)
{
	struct place *p = *state;
	struct hashes *a = open_table(p), *b = open_table(p);

	put_file(p, "f", "one");
	put_file(p, "g", "two");
	usleep(SETTLE_US);
	assert_false(remembered(a, p, "f", "one"));
	assert_false(remembered(b, p, "g", "two"));
	hashes_close(a);
	hashes_close(b);
	a = open_table(p);
	assert_true(remembered(a, p, "f", "one"));
	assert_true(remembered(a, p, "g", "two"));
	hashes_close(a);
}

static void damaged_tables_are_forgotten(void **state)
{
	static const char *const tables[] = {
		"",
		"ktstr hashes 3 b\n",
		"ktstr hashes 3 b",
		"ktstr hashes 3 b\n\n",
		"ktstr hashes 1\n",
		"ktstr hashes 3 b\ncontent 1 2 3 4 5 6\n",
		"ktstr hashes 3 b\nanswer\n",
		"ktstr hashes 3 b\ncontent\n",
		"ktstr hashes 3 b\nstored \n",
		"ktstr hashes 3 b\n \n",
		"ktstr hashes 3 b\ncontent 1 2 3 4 5 6 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85\n",
		"ktstr hashes 3 b\ncontent 1 2 3 4 5 6 " EMPTY_SUM,
		"ktstr hashes 3 b\ncontent 1 2 3 4 5 6 " EMPTY_SUM "0\n",
		"ktstr hashes 3 b\ncontent 1 2 3 -4 5 6 " EMPTY_SUM "\n",
		"ktstr hashes 3 b\ncontent 1 2 3 4 99999999999999999999 6 " EMPTY_SUM "\n",
		"ktstr hashes 3 b\nanswer 1 2 3 4 5 6 " EMPTY_SUM "\n",
		"ktstr hashes 3 b\nguess 1 2 3 4 5 6 " EMPTY_SUM "\n",
	};
	struct place *p = *state;

	put_file(p, "f", "one");
	usleep(SETTLE_US);
	for (size_t i = 0; i < countof(tables); i++) {
		struct hashes *h = open_table(p);
		struct err e;

		assert_true(file_write(p->fd, "hashes/t", tables[i], strlen(tables[i]), &e) >= 0);
		hashes_close(h);
		h = open_table(p);
		assert_false(remembered(h, p, "f", "one"));
		hashes_close(h);
		h = open_table(p);
		assert_true(remembered(h, p, "f", "one"));
		hashes_close(h);
	}
}

/* 60 days without a question. */
static void old_facts_are_forgotten(void **state)
{
	static const char old[] = "ktstr hashes 3 b\nanswer 1 2 3 4 5 6 " EMPTY_SUM " old\n";
	struct place *p = *state;
	struct hashes *h = open_table(p);
	auto_free char *text = NULL;
	struct err e;

	assert_true(file_write(p->fd, "hashes/t", old, strlen(old), &e) >= 0);
	put_file(p, "f", "one");
	usleep(SETTLE_US);
	assert_false(remembered(h, p, "f", "one"));
	hashes_close(h);
	assert_int_equal(file_read(p->fd, "hashes/t", 4096, &text, NULL, &e), 0);
	assert_null(strstr(text, "old"));
	assert_non_null(strstr(text, "content"));
}

static void many_files(void **state)
{
	struct place *p = *state;
	struct hashes *h = open_table(p);
	char name[32];

	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		put_file(p, name, name);
	}
	usleep(SETTLE_US);
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 2000; i++) {
			snprintf(name, sizeof(name), "f%d", i);
			assert_int_equal(remembered(h, p, name, name), round);
		}
	hashes_close(h);
	h = open_table(p);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_true(remembered(h, p, name, name));
	}
	hashes_close(h);
}

static void only_regular_files(void **state)
{
	struct place *p = *state;
	struct hashes *h = open_table(p);
	char hex[KEY_LEN + 1];
	struct err e;

	assert_int_equal(mkfifoat(p->fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(p->fd, "dir", 0700), 0);
	assert_int_equal(symlinkat("nowhere", p->fd, "link"), 0);
	for (const char *const *name = (const char *const[]){ "fifo", "dir", "link", "missing", NULL }; *name; name++) {
		assert_true(hashes_file(h, p->fd, *name, hex, NULL, &e) < 0);
		assert_int_equal(e.code, X_NO_INPUT);
		assert_non_null(strstr(e.msg, *name));
	}
	hashes_close(h);
	for (const char *const *scope = (const char *const[]){ "", ".x", "a/b", NULL }; *scope; scope++)
		assert_true(hashes_open(&h, p->dir, *scope, &e) < 0);
}

#define in_place(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(holes_make_no_difference),
		in_place(different_content_differs),
		in_place(runs_are_hashed_beside_the_bytes),
		in_place(numbers_of_a_run_are_no_run),
		in_place(equal_by_xxh3_is_not_equal),
		in_place(gigabyte_of_holes_is_quick),
		in_place(asking_again_is_a_stat),
		in_place(young_files_are_read_again),
		in_place(forged_times_are_noticed),
		in_place(links_of_results_are_known),
		in_place(results_are_read_again_after_a_boot),
		in_place(tables_are_merged),
		in_place(damaged_tables_are_forgotten),
		in_place(old_facts_are_forgotten),
		in_place(many_files),
		in_place(only_regular_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
