/* Trees of released kernels, from file URLs: what is kept, what is taken up again, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>

#include "fetch/rate.h"
#include "fetch/tarball/sha256.h"
#include "fetch/tarball/tarball.h"
#include "store/store.h"
#include "make_tar.h"
#include "scratch.h"

struct place {
	const char *dir;
	struct store st;
	struct tarball t;
	char *bytes, *file, *kept, *part, *tree, *got;
	size_t n;
	char sum[SHA256_HEX + 1];
};

static struct {
	unsigned calls;
	unsigned long most;
} told;

static void tell(unsigned long done, unsigned long total, const char *note)
{
	if (total)
		assert_true(done <= total);
	assert_non_null(note);
	told.calls++;
	if (done > told.most)
		told.most = done;
}

static void hash(const char *data, size_t n, char hex[SHA256_HEX + 1])
{
	struct sha256 *s = NULL;
	struct err e;

	assert_int_equal(sha256_begin(&s, &e), 0);
	assert_int_equal(sha256_add(s, data, n, &e), 0);
	assert_int_equal(sha256_hex(s, hex, &e), 0);
	sha256_free(&s);
}

static void begin(struct place *p, const char *dir)
{
	auto_free char *store = xasprintf("%s/store", dir);
	struct err e = { 0 };

	*p = (struct place){ .dir = dir };
	assert_int_equal(store_open(&p->st, store, &e), 0);
	p->bytes = make_tar(archive_write_add_filter_xz, small_kernel, &p->n);
	scratch_file(dir, "linux-6.1.tar.xz", p->bytes, p->n);
	hash(p->bytes, p->n, p->sum);
	p->file = xasprintf("%s/linux-6.1.tar.xz", dir);
	p->kept = xasprintf("%s/store/tarballs/%s.tar.xz", dir, p->sum);
	p->part = xasprintf("%s/store/tarballs/tarball-%s.part", dir, p->sum);
	p->tree = xasprintf("%s/store/sources/%s", dir, p->sum);
	p->t = (struct tarball){ .version = xstrdup("6.1"), .url = xasprintf("file://%s", p->file) };
	strcpy(p->t.sha256, p->sum);
	memset(&told, 0, sizeof(told));
}

static void end(struct place *p)
{
	store_close(&p->st);
	tarball_free(&p->t);
	free(p->bytes);
	free(p->file);
	free(p->kept);
	free(p->part);
	free(p->tree);
	free(p->got);
}

static int take(struct place *p, struct err *e)
{
	*e = (struct err){ 0 };
	free(TAKE(p->got));
	return tarball_tree(&p->st, &p->t, &p->got, tell, e);
}

static void fine(struct place *p)
{
	auto_free char *makefile = xasprintf("%s/Makefile", p->tree);
	struct err e;

	if (take(p, &e) < 0)
		fail_msg("%s", e.msg);
	assert_string_equal(p->got, p->tree);
	assert_true(file_exists(makefile));
	assert_true(file_exists(p->kept));
	assert_false(file_exists(p->part));
}

static void there_kept_and_dropped(void **state)
{
	struct place p;
	struct err e;

	begin(&p, *state);
	fine(&p);
	assert_int_equal(told.most, p.n);
	assert_int_equal(unlink(p.file), 0);
	fine(&p);
	assert_int_equal(tarball_drop_tree(&p.st, &p.t, &e), 0);
	assert_false(file_exists(p.tree));
	assert_int_equal(tarball_drop_tree(&p.st, &p.t, &e), 0);
	fine(&p);
	assert_int_equal(tarball_drop_tree(&p.st, &p.t, &e), 0);
	assert_int_equal(unlink(p.kept), 0);
	assert_int_equal(take(&p, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	end(&p);
}

/* Without a published checksum what came is what it is. */
static void unknown_checksum(void **state)
{
	struct place p;
	struct err e;

	begin(&p, *state);
	*p.t.sha256 = '\0';
	fine(&p);
	assert_string_equal(p.t.sha256, p.sum);
	*p.t.sha256 = '\0';
	fine(&p);
	*p.t.sha256 = '\0';
	scratch_file(*state, "linux-6.1.tar.xz", p.bytes, p.n - 100);
	assert_int_equal(take(&p, &e), -1);
	assert_int_equal(e.code, X_BAD_ARCHIVE);
	end(&p);
}

static void nothing_left(const struct place *p)
{
	auto_free char *sources = xasprintf("%s/store/sources", p->dir);
	auto_free char *tarballs = xasprintf("%s/store/tarballs", p->dir);

	/* rmdir takes empty folders only. */
	assert_int_equal(rmdir(sources), 0);
	assert_int_equal(rmdir(tarballs), 0);
}

static void mismatch(void **state)
{
	struct place p;
	struct err e;

	begin(&p, *state);
	memset(p.t.sha256, 'a', SHA256_HEX);
	assert_int_equal(take(&p, &e), -1);
	assert_int_equal(e.code, X_CHECKSUM);
	assert_non_null(strstr(e.msg, p.sum));
	assert_non_null(strstr(e.msg, "aaaaaaaa"));
	assert_non_null(strstr(e.msg, "nothing of it was kept"));
	nothing_left(&p);
	/* Damage is told as what it is: not what was published. */
	strcpy(p.t.sha256, p.sum);
	p.bytes[p.n / 2] ^= 1;
	scratch_file(*state, "linux-6.1.tar.xz", p.bytes, p.n);
	assert_int_equal(take(&p, &e), -1);
	assert_int_equal(e.code, X_CHECKSUM);
	nothing_left(&p);
	end(&p);
}

static void parts(void **state)
{
	static const struct {
		size_t percent;
		bool spoilt;
	} cases[] = { { 0, false }, { 50, false }, { 100, false }, { 50, true }, { 100, true } };

	for (size_t i = 0; i < countof(cases); i++) {
		struct place p;
		struct err e;

		begin(&p, *state);
		auto_free char *some = xmemdup(p.bytes, p.n);
		some[10] ^= cases[i].spoilt;
		assert_int_equal(mkdir_p(p.st.dir, "tarballs", 0777, &e), 0);
		unlink(p.kept);
		scratch_file(*state, p.part + strlen(*state) + 1, some, p.n * cases[i].percent / 100);
		/* A part that is complete needs nobody to ask. */
		if (cases[i].percent == 100 && !cases[i].spoilt)
			unlink(p.file);
		fine(&p);
		assert_int_equal(tarball_drop_tree(&p.st, &p.t, &e), 0);
		end(&p);
	}
}

static void damaged_kept(void **state)
{
	struct place p;
	struct err e;

	begin(&p, *state);
	fine(&p);
	assert_int_equal(tarball_drop_tree(&p.st, &p.t, &e), 0);
	scratch_file(*state, p.kept + strlen(*state) + 1, p.bytes, p.n - 1);
	fine(&p);
	assert_int_equal(tarball_drop_tree(&p.st, &p.t, &e), 0);
	scratch_file(*state, p.kept + strlen(*state) + 1, p.bytes, p.n - 1);
	assert_int_equal(unlink(p.file), 0);
	assert_int_equal(take(&p, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	nothing_left(&p);
	end(&p);
}

static void web_pages(void **state)
{
	static const char *const texts[] = { "<!DOCTYPE html><html>", "\n\t <HTML><body>log in</body>" };

	for (size_t i = 0; i < countof(texts); i++) {
		struct place p;
		struct err e;

		begin(&p, *state);
		scratch_text(*state, "linux-6.1.tar.xz", texts[i]);
		assert_int_equal(take(&p, &e), -1);
		assert_int_equal(e.code, X_NETWORK);
		assert_non_null(strstr(e.msg, "Linux 6.1: file://"));
		assert_non_null(strstr(e.msg, "a web page instead of a tarball"));
		nothing_left(&p);
		end(&p);
	}
}

static void release_candidates_go(void **state)
{
	struct place p;
	struct err e;

	begin(&p, *state);
	assert_int_equal(unlink(p.file), 0);
	free(p.t.version);
	p.t.version = xstrdup("6.1-rc3");
	assert_int_equal(take(&p, &e), -1);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_non_null(strstr(e.msg, "Release candidates are taken away"));
	end(&p);
}

static void pace(void **state)
{
	static const struct {
		uint64_t done, total, rate;
		long long left;
		const char *text;
	} texts[] = {
		{ 12300000, 145000000, 8100000, 16, "12.3 of 145.0 MB, 8.1 MB/s, 16 s left" },
		{ 12300000, 0, 8100000, -1, "12.3 MB, 8.1 MB/s" },
		{ 0, 145000000, 0, -1, "0.0 of 145.0 MB" },
		{ 1, 145000000, 100000, 1449, "0.0 of 145.0 MB, 0.1 MB/s, 24 min 9 s left" },
		{ 1, 145000000, 10000, 14499, "0.0 of 145.0 MB, 0.0 MB/s, 4 h 1 min left" },
	};
	struct rate p = { 0 };
	char buf[96];

	(void)state;
	for (size_t i = 0; i < countof(texts); i++) {
		rate_text(buf, sizeof(buf), texts[i].done, texts[i].total, texts[i].rate, texts[i].left);
		assert_string_equal(buf, texts[i].text);
	}
	rate_add(&p, 1000, 0);
	assert_int_equal(rate_per_second(&p), 0);
	assert_int_equal(rate_left(&p, 0, 100), -1);
	for (int i = 1; i <= 100; i++)
		rate_add(&p, 1000 + i * 100, (uint64_t)i * 1000);
	assert_int_equal(rate_per_second(&p), 10000);
	assert_int_equal(rate_left(&p, 100000, 150000), 5);
	/* The last four seconds count. */
	for (int i = 1; i <= 50; i++)
		rate_add(&p, 11000 + i * 100, 100000);
	assert_int_equal(rate_per_second(&p), 0);
	rate_add(&p, 20000, 0);
	rate_add(&p, 21000, 500);
	assert_int_equal(rate_per_second(&p), 500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(there_kept_and_dropped),
		in_scratch(unknown_checksum),
		in_scratch(mismatch),
		in_scratch(parts),
		in_scratch(damaged_kept),
		in_scratch(web_pages),
		in_scratch(release_candidates_go),
		cmocka_unit_test(pace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
