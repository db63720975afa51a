/* test_letter.c: a result as one file, there and back, and what is refused of others' files. */
#include "store_place.h"

#include <fcntl.h>

#include "letter/origin.h"
#include "letter/letter.h"

enum { HOLE = 64 << 20, PAGE = 4096 };

/* Files with and without holes, empty, in folders, a program. */
static void fill(int dir)
{
	static const char page[PAGE] = "something";
	struct err e;

	assert_int_equal(mkdirat(dir, "b", 0755), 0);
	assert_int_equal(file_write(dir, "a", "one", 3, &e), 1);
	assert_int_equal(file_write(dir, "b/name with blanks", "", 0, &e), 1);
	assert_int_equal(file_write(dir, "program", "#!/bin/sh\n", 10, &e), 1);
	assert_int_equal(fchmodat(dir, "program", 0755, 0), 0);
	auto_close int fd = openat(dir, "guest", O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	assert_int_equal(ftruncate(fd, HOLE), 0);
	assert_int_equal(pwrite(fd, page, PAGE, 3 * PAGE), PAGE);
	assert_int_equal(pwrite(fd, page, 5, HOLE - 5), 5);
}

/* A result with them; its folder, open, and its key. */
static int result(struct place *p, struct recipe *r, char key[KEY_LEN + 1])
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	struct err e = { 0 };

	assert_int_equal(begin(&p->st, r, "first", false, &w), STORE_MISS);
	fill(w.dir);
	w.origin = origin_here("test", 1234);
	assert_int_equal(work_publish(&w, r, &e), 0);
	memcpy(key, w.key, KEY_LEN + 1);
	return open(w.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct sample {
	struct label label;
	char key[KEY_LEN + 1];
	int dir;
	char *bytes;
	size_t n;
};

static void pack(struct sample *s, uint64_t max, const char *secret)
{
	auto_body struct body b = { 0 };
	auto_free char *text = NULL;
	struct letter_facts facts;
	struct err e = { 0 };

	origin_read(s->dir, &facts, &text);
	assert_string_equal(facts.step, "test");
	assert_int_equal(facts.took, 1234);
	assert_int_equal(letter_label(&s->label, s->dir, s->key, &facts, secret, &e), 0);
	assert_int_equal(letter_body(&b, &s->label, s->dir, letter_limit(&s->label, max), &e), 0);
	assert_true(b.size < 1 << 20); /* of holes nothing goes */
	s->n = b.size;
	s->bytes = xmalloc(s->n);
	assert_int_equal(body_read(&b, 0, s->bytes, s->n, &e), (ssize_t)s->n);
}

static void drop(struct sample *s)
{
	close(s->dir);
	free(s->bytes);
	label_free(&s->label);
}

/* Into a new folder of p, so many bytes at a time; the code of the error, 0 for none. */
static int receive(const struct place *p, const struct sample *s, size_t n, size_t step, const char *secret,
		   char **list)
{
	struct arrival a = { .key = s->key, .secret = secret, .file = { .fd = -1 }, .keep_recipe = true };
	struct err e = { 0 };
	int rc = 0;

	(void)rmtree(AT_FDCWD, p->out, &e);
	assert_int_equal(mkdir(p->out, 0755), 0);
	a.dir = open(p->out, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t at = 0; rc == 0 && at < n; at += step)
		rc = arrival_bytes(&a, s->bytes + at, n - at < step ? n - at : step, &e);
	if (rc == 0)
		rc = arrival_end(&a, &e);
	if (rc == 0 && list) {
		auto_content struct content c = { 0 };

		assert_true(strstr(a.recipe, "first"));
		assert_int_equal(content_seal(&c, a.dir, &e), 0);
		*list = content_text(&c);
	}
	assert_true(rc == 0 || (e.code && *e.msg));
	close(a.dir);
	arrival_drop(&a);
	return rc < 0 ? e.code : 0;
}

static void there_and_back(void **state)
{
	static const size_t steps[] = { 1, 7, 4096, 1 << 20 };
	auto_recipe struct recipe r = { 0 };
	struct place *p = *state;
	struct sample s = { .dir = result(p, &r, s.key) };

	pack(&s, UINT64_MAX, NULL);
	for (size_t i = 0; i < countof(steps); i++) {
		auto_free char *list = NULL, *expected = label_content(&s.label);
		struct stat st;

		assert_int_equal(receive(p, &s, s.n, steps[i], NULL, &list), 0);
		assert_string_equal(list, expected);
		auto_free char *program = xasprintf("%s/program", p->out), *guest = xasprintf("%s/guest", p->out);

		assert_true(stat(program, &st) == 0 && st.st_mode & 0100);
		assert_true(stat(guest, &st) == 0 && st.st_size == HOLE && st.st_blocks < 1000);
	}
	drop(&s);
}

/* Whatever is cut off or turned over is noticed. */
static void damaged(void **state)
{
	auto_recipe struct recipe r = { 0 };
	struct place *p = *state;
	struct sample s = { .dir = result(p, &r, s.key) };

	pack(&s, UINT64_MAX, "hush");
	assert_int_equal(receive(p, &s, s.n, 4096, "hush", NULL), 0);
	assert_int_equal(receive(p, &s, s.n, 4096, "other", NULL), X_CHECKSUM);
	for (size_t n = 0; n < s.n; n += n < 1000 ? 1 : 997)
		assert_int_not_equal(receive(p, &s, n, 4096, "hush", NULL), 0);
	for (size_t at = 0; at < s.n; at += at < 1200 ? 1 : 499) {
		/* What lies inside is for who asks for files elsewhere; here it is the last digit of the first line. */
		s.bytes[at] ^= 1;
		int code = receive(p, &s, s.n, 4096, "hush", NULL);

		if (code == 0) {
			const char *end = memchr(s.bytes, '\n', s.n);

			assert_true(end && s.bytes + at < end);
		}
		s.bytes[at] ^= 1;
	}
	auto_free char *longer = xmalloc(s.n + 1), *bytes = s.bytes;

	memcpy(longer, bytes, s.n);
	longer[s.n] = 'x';
	s.bytes = longer;
	assert_int_equal(receive(p, &s, s.n + 1, 4096, "hush", NULL), X_BAD_ARCHIVE);
	s.bytes = TAKE(bytes);
	s.key[0] = s.key[0] == '0' ? '1' : '0';
	assert_int_equal(receive(p, &s, s.n, 4096, "hush", NULL), X_CHECKSUM);
	drop(&s);
}

static void limits(void **state)
{
	auto_recipe struct recipe r = { 0 };
	struct place *p = *state;
	struct sample s = { .dir = result(p, &r, s.key) };

	pack(&s, 12, NULL);
	uint64_t limit = letter_limit(&s.label, 12);

	/* 10 and 3 are more than 12 */
	assert_int_equal(limit, 6);
	assert_int_equal(receive(p, &s, s.n, 3, NULL, NULL), 0);
	auto_free char *there = xasprintf("%s/a", p->out), *elsewhere = xasprintf("%s/program", p->out);

	assert_true(file_exists(there) && !file_exists(elsewhere));
	drop(&s);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BEGIN "ktstr label 1\nkey " HEX "\nstep s\nrecipe 1\nmade 2\ntook 3\ntool t\nhost h\n"

static int parse(const char *text)
{
	auto_label struct label l = { 0 };
	struct err e = { 0 };
	int rc = label_parse(&l, text, strlen(text), &e);

	if (rc == 0 && !*l.mac) {
		auto_free char *again = label_text(&l);

		assert_string_equal(again, text);
	}
	return rc;
}

static void labels(void **state)
{
	static const char *const bad[] = {
		"",
		"ktstr label 2\n",
		"ktstr label 1\nkey " HEX "\n",
		BEGIN "x",
		BEGIN "file " HEX " 1 - raw " HEX " 1 ../a\n",
		BEGIN "file " HEX " 1 - raw " HEX " 1 /a\n",
		BEGIN "file " HEX " 1 - raw " HEX " 1 a//b\n",
		BEGIN "file " HEX " 1 - raw " HEX " 1 a\tb\n",
		BEGIN "file " HEX " 1 - raw " HEX " 1 recipe\n",
		BEGIN "file " HEX " 1 - raw " HEX " 1 origin\n",
		BEGIN "file " HEX " 1 - raw " HEX " 2 a\n",
		BEGIN "file " HEX " 1 y raw " HEX " 1 a\n",
		BEGIN "file " HEX " 1 - row " HEX " 1 a\n",
		BEGIN "file " HEX " 01 - raw " HEX " 1 a\n",
		BEGIN "file " HEX " 1 - raw " HEX " 1 \n",
		BEGIN "file " HEX " 18446744073709551616 - sparse " HEX " 1 a\n",
		BEGIN "file " HEX " 9999999999999 - sparse " HEX " 1 a\n",
		BEGIN "file " HEX " 200000000000 - sparse " HEX " 1 a\nfile " HEX " 200000000000 - sparse " HEX
		      " 1 b\n",
		BEGIN "file " HEX " 99999999999999 - raw " HEX " 99999999999999 a\n",
		BEGIN "file " HEX " 1 - raw " HEX " 1 b\nfile " HEX " 1 - raw " HEX " 1 a\n",
		BEGIN "file " HEX " 1 - raw " HEX " 1 a\nfile " HEX " 1 - raw " HEX " 1 a\n",
		BEGIN "mac " HEX "\nfile " HEX " 1 - raw " HEX " 1 a\n",
		BEGIN "mac 12\n",
	};

	(void)state;
	assert_int_equal(parse(BEGIN), 0);
	assert_int_equal(parse(BEGIN "file " HEX " 1 - raw " HEX " 1 a/b c\n"), 0);
	assert_int_equal(parse(BEGIN "file " HEX " 1 x sparse " HEX " 17 a\nmac " HEX "\n"), 0);
	for (size_t i = 0; i < countof(bad); i++)
		if (parse(bad[i]) == 0)
			fail_msg("taken: %s", bad[i]);
	assert_true(parse("ktstr label 1\nkey " HEX "\nstep \x1b[31m\nrecipe 1\nmade 2\ntook 3\ntool t\nhost h\n") < 0);
}

/* RFC 4231, test cases 1, 2 and 6. */
static void macs(void **state)
{
	char key[132] = { 0 }, hex[KEY_LEN + 1];

	(void)state;
	memset(key, 0x0b, 20);
	hash_mac(key, "Hi There", 8, hex);
	assert_string_equal(hex, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hash_mac("Jefe", "what do ya want for nothing?", 28, hex);
	assert_string_equal(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, 131);
	hash_mac(key, "Test Using Larger Than Block-Size Key - Hash Key First", 54, hex);
	assert_string_equal(hex, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_place(there_and_back), in_place(damaged),      in_place(limits),
		cmocka_unit_test(labels), cmocka_unit_test(macs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
