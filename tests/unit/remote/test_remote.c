/* test_remote.c: what answers mean, how long a server may take, ActionResults, settings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "remote/policy.h"
#include "remote/reapi.h"
#include "remote/settings.h"
#include "scratch.h"

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void answers(void **state)
{
	static const struct {
		long status;
		enum answer get, get_named, get_s3, put, head;
	} all[] = {
		{ 200, ANSWER_FINE, ANSWER_FINE, ANSWER_FINE, ANSWER_FINE, ANSWER_FINE },
		{ 204, ANSWER_FINE, ANSWER_FINE, ANSWER_FINE, ANSWER_FINE, ANSWER_FINE },
		{ 302, ANSWER_NEVER, ANSWER_NEVER, ANSWER_NEVER, ANSWER_NEVER, ANSWER_NEVER },
		{ 400, ANSWER_NEVER, ANSWER_NEVER, ANSWER_NEVER, ANSWER_NEVER, ANSWER_MISS },
		{ 401, ANSWER_MISS, ANSWER_NEVER, ANSWER_NEVER, ANSWER_READ_ONLY, ANSWER_MISS },
		{ 403, ANSWER_NEVER, ANSWER_NEVER, ANSWER_MISS, ANSWER_READ_ONLY, ANSWER_MISS },
		{ 404, ANSWER_MISS, ANSWER_MISS, ANSWER_MISS, ANSWER_NEVER, ANSWER_MISS },
		{ 405, ANSWER_NEVER, ANSWER_NEVER, ANSWER_NEVER, ANSWER_READ_ONLY, ANSWER_MISS },
		{ 408, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING },
		{ 409, ANSWER_NEVER, ANSWER_NEVER, ANSWER_NEVER, ANSWER_THERE, ANSWER_MISS },
		{ 410, ANSWER_MISS, ANSWER_MISS, ANSWER_MISS, ANSWER_NEVER, ANSWER_MISS },
		{ 413, ANSWER_NEVER, ANSWER_NEVER, ANSWER_NEVER, ANSWER_UNWANTED, ANSWER_MISS },
		{ 429, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING },
		{ 500, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING },
		{ 501, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_MISS },
		{ 507, ANSWER_PASSING, ANSWER_PASSING, ANSWER_PASSING, ANSWER_UNWANTED, ANSWER_PASSING },
	};

	(void)state;
	for (size_t i = 0; i < countof(all); i++) {
		assert_int_equal(policy_answer(all[i].status, REQUEST_GET, true, false), all[i].get);
		assert_int_equal(policy_answer(all[i].status, REQUEST_GET, false, false), all[i].get_named);
		assert_int_equal(policy_answer(all[i].status, REQUEST_GET, false, true), all[i].get_s3);
		assert_int_equal(policy_answer(all[i].status, REQUEST_PUT, false, false), all[i].put);
		assert_int_equal(policy_answer(all[i].status, REQUEST_HEAD, false, false), all[i].head);
	}
}

/* Once is enough where nobody ever answered; three in a row otherwise. It is said once. */
static void failures(void **state)
{
	struct trust t = { 0 };

	(void)state;
	assert_true(trust_failed(&t) && t.off && !trust_failed(&t));
	t = (struct trust){ 0 };
	trust_fine(&t);
	assert_true(!trust_failed(&t) && !trust_failed(&t));
	trust_fine(&t);
	assert_true(!trust_failed(&t) && !trust_failed(&t) && !t.off && trust_failed(&t) && t.off);
}

/* However many wait side by side. */
static void waits(void **state)
{
	struct trust t = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_true(!trust_lost(&t, i * 60, i * 60 + TRUST_FREE_MS));
	assert_int_equal(t.lost_ms, 0);
	t = (struct trust){ 0 };
	for (int i = 0; i < 20; i++)
		assert_true(!trust_lost(&t, 0, 4000));
	assert_int_equal(t.lost_ms, 4000 - TRUST_FREE_MS);
	assert_true(!trust_lost(&t, 3000, 4500) && trust_lost(&t, 10000, 11000) && t.off &&
		    !trust_lost(&t, 20000, 29000));
}

static void patience(void **state)
{
	struct patience p = { .began = 1000 };

	(void)state;
	assert_true(!patience_ends(&p, 2499, 0) && patience_ends(&p, 2500, 0));
	assert_true(!patience_ends(&p, 4000, 1) && patience_ends(&p, 4001, 1));
	/* A minute's work, a minute's patience; if it will be enough. */
	p.took = 60000;
	p.bytes = 1000000;
	assert_true(!patience_ends(&p, 11000, 200000) && patience_ends(&p, 11000, 100000));
	assert_true(!patience_ends(&p, 61000, 1000000) && patience_ends(&p, 61001, 1000000));
	assert_true(!patience_ends(&p, 0, 0));
}

static void there_and_back(void **state)
{
	auto_reapi struct reapi a = { 0 }, b = { 0 };
	struct err e;
	size_t n;

	(void)state;
	reapi_add(&a, "ktstr/letter", HEX, 300, false);
	reapi_add(&a, "files/big one", HEX, 1ull << 40, true);
	auto_free char *text = reapi_encode(&a, "a host", &n);

	assert_int_equal(reapi_decode(&b, text, n, &e), 0);
	assert_int_equal(b.n, 2);
	assert_string_equal(b.v[1].path, "files/big one");
	assert_string_equal(b.v[1].hex, HEX);
	assert_true(b.v[1].size == 1ull << 40 && b.v[1].program && !b.v[0].program && b.v[0].size == 300);
	for (size_t i = 1; i < n; i++) {
		auto_reapi struct reapi cut = { 0 };

		/* Between two fields it is a shorter message. */
		if (reapi_decode(&cut, text, i, &e) == 0)
			assert_true(cut.n < 2 || i > n / 2);
	}
}

/* As protoc wrote it: fields that we do not know, of each kind, in another order. */
static void others(void **state)
{
	static const char foreign[] = "\x20\x00"                                 /* exit_code 0 */
				      "\x2a\x03out"                              /* stdout_raw */
				      "\x4a\x04\x0a\x02me"                       /* execution_metadata */
				      "\x12\x50\x12\x45\x10\xac\x02\x0a\x40" HEX /* output_files: digest, */
				      "\x0a\x01x\x20\x01\x00" /* path (and two bytes too many) */;
	static const char *const bad[] = { "\x20\x01",
					   "\x12\x02\x0a\x05",
					   "\x12\x00",
					   "\x0b",
					   "\x00\x00",
					   "\x22\x01x",
					   "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01" };
	static const size_t bad_n[] = { 2, 4, 2, 1, 2, 3, 11 };
	auto_reapi struct reapi r = { 0 };
	struct err e;

	(void)state;
	/* 0x50 bytes: 2 + 69 of the digest, 3 of the path, 2 of is_executable, and 4 that are missing */
	assert_true(reapi_decode(&r, foreign, sizeof(foreign) - 1, &e) < 0);
	char good[sizeof(foreign)];

	memcpy(good, foreign, sizeof(foreign));
	good[14] = 2 + 69 + 3 + 2;
	assert_int_equal(reapi_decode(&r, good, sizeof(foreign) - 2, &e), 0);
	assert_true(r.n == 1 && r.v[0].size == 300 && r.v[0].program && !strcmp(r.v[0].path, "x"));
	for (size_t i = 0; i < countof(bad); i++) {
		auto_reapi struct reapi none = { 0 };

		assert_true(reapi_decode(&none, bad[i], bad_n[i], &e) < 0);
		assert_int_equal(e.code, X_BAD_ARCHIVE);
	}
}

static void from_environment(void **state)
{
	auto_free char *config = xasprintf("%s/config", (char *)*state),
		       *secret = xasprintf("%s/secret", (char *)*state);
	struct settings s, t;
	struct err e;
	size_t n;

	scratch_text(*state, "config",
		     "# mine\nKTSTR_REMOTE_CACHE=http://there/\nKTSTR_REMOTE_CACHE_MODE=r\n"
		     "KTSTR_REMOTE_CACHE_USER=me\nKTSTR_REMOTE_CACHE_PASSWORD=filed\n");
	scratch_text(*state, "secret", "hush-hush\n");
	setenv("KTSTR_CONFIG", config, 1);
	setenv("KTSTR_REMOTE_CACHE_MODE", "rw", 1);
	setenv("KTSTR_REMOTE_CACHE_PASSWORD_FILE", secret, 1);
	setenv("KTSTR_REMOTE_CACHE_HMAC", "mine-alone", 1);
	const char *seen = getenv("KTSTR_REMOTE_CACHE_HMAC");

	settings_take(&s);
	assert_null(s.problem);
	assert_string_equal(s.url, "http://there");
	assert_string_equal(s.password, "hush-hush");
	assert_true(s.write && s.layout == LAYOUT_BAZEL && !settings_anonymous(&s));
	assert_null(getenv("KTSTR_REMOTE_CACHE_HMAC"));
	assert_null(getenv("KTSTR_REMOTE_CACHE_PASSWORD_FILE"));
	assert_int_equal(*seen, 0);
	auto_free char *packed = settings_pack(&s, &n);

	assert_int_equal(settings_unpack(&t, packed, n, &e), 0);
	assert_string_equal(t.hmac, "mine-alone");
	assert_string_equal(t.user, "me");
	assert_int_equal(t.wait_s, s.wait_s);
	assert_true(t.write);
	char text[] = "hush-hush is mine-alone, me";

	settings_hide(&t, text);
	assert_string_equal(text, "* is *, me");
	settings_free(&s);
	settings_free(&t);
	for (size_t i = 0; i < n; i++) {
		/* Whatever came of it, nothing is read beyond its end. */
		if (settings_unpack(&t, packed, i, &e) == 0)
			assert_null(t.problem);
		settings_free(&t);
	}
	unsetenv("KTSTR_CONFIG");
	unsetenv("KTSTR_REMOTE_CACHE_MODE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),    cmocka_unit_test(failures),       cmocka_unit_test(waits),
		cmocka_unit_test(patience),   cmocka_unit_test(there_and_back), cmocka_unit_test(others),
		in_scratch(from_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
