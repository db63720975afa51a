/* test_json.c: what is JSON and what is not, and the values in it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "json/read.h"
#include "json/scan.h"
#include "base/mem.h"
#include "base/stop.h"

/* A copy without a NUL behind it: the sanitizers see every byte read too many. */
static int parse(struct json *j, char **text, const char *s, size_t n, struct err *e)
{
	*text = xmemdup(s, n);
	return json_parse(j, *text, n, e);
}

static void rejected(void **state)
{
	static const char *const cases[] = {
		"",
		" ",
		"{",
		"[",
		"}",
		"]",
		"{]",
		"[}",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,}",
		"{1:2}",
		"{a:1}",
		"{\"a\" 1}",
		"{\"a\":1 \"b\":2}",
		"{\"a\":1:2}",
		"{\"a\",\"b\"}",
		"[1 2]",
		"[1,,2]",
		"[1,]",
		"[,1]",
		"[,]",
		"[nope]",
		"[nul]",
		"[nulll]",
		"[True]",
		"[01]",
		"[-]",
		"[+1]",
		"[.5]",
		"[1.]",
		"[1e]",
		"[1e+]",
		"[0x1]",
		"[1a]",
		"[NaN]",
		"[Infinity]",
		"[--1]",
		"[\"a]",
		"[\"\\x\"]",
		"[\"\\u12g4\"]",
		"[\"\\u123\"]",
		"[\"\\ud800\"]",
		"[\"\\udc00\"]",
		"[\"\\ud800\\u0041\"]",
		"[\"\\ud800x\"]",
		"[\"\t\"]",
		"[\"\n\"]",
		"[\"\xff\"]",
		"[\"\xc0\x80\"]",
		"[\"\xed\xa0\x80\"]",
		"[\"\xf4\x90\x80\x80\"]",
		"[\"\xe2\x82\"]",
		"1 2",
		"{} {}",
		"[]]",
		"[],",
		"\"a\"\"b\"",
		"tru",
		"nullx",
		"-",
		"'a'",
		"[1]//",
		"\xef\xbb\xbf[]",
		"{\"a\":1,\"a\":2}",
		"{\"a\":1,\"\\u0061\":2}",
		"[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]",
		"\f[]",
		"[1\v]",
		"\\",
		"[\"\\",
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_json struct json j = { 0 };
		auto_free char *text = NULL;
		struct err e = { 0 };

		if (parse(&j, &text, cases[i], strlen(cases[i]), &e) >= 0)
			fail_msg("accepted: %s", cases[i]);
		assert_int_equal(e.code, X_FAIL);
		assert_true(e.msg[0]);
		assert_null(j.tok);
	}
	struct json j;
	struct err e;
	assert_true(json_parse(&j, "[1,\0 2]", 7, &e) < 0);
	assert_true(json_parse(&j, "[\"\0\"]", 5, &e) < 0);
}

static void accepted(void **state)
{
	static const struct {
		const char *text;
		enum json_kind kind;
		int count, tokens;
	} cases[] = {
		{ "{}", JSON_OBJECT, 0, 1 },
		{ " [ ] ", JSON_ARRAY, 0, 1 },
		{ "1", JSON_NUMBER, 0, 1 },
		{ "\t-1.5e+3\n", JSON_NUMBER, 0, 1 },
		{ "true", JSON_BOOL, 0, 1 },
		{ " null ", JSON_NULL, 0, 1 },
		{ "\"\"", JSON_STRING, 0, 1 },
		{ "[[],[],{}]", JSON_ARRAY, 3, 4 },
		{ "[0,-0,1E9]", JSON_ARRAY, 3, 4 },
		{ "{\"a\":{\"a\":1},\"b\":{\"a\":1}}", JSON_OBJECT, 2, 9 },
		{ "{\"\":0,\" \":0}", JSON_OBJECT, 2, 5 },
		{ "[\"\\ud83d\\ude00\\u0000\\/\"]", JSON_ARRAY, 1, 2 },
		{ "[\"{\",\"]\",\",\",\":\"]", JSON_ARRAY, 4, 5 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_json struct json j = { 0 };
		auto_free char *text = NULL;
		struct err e = { 0 };

		if (parse(&j, &text, cases[i].text, strlen(cases[i].text), &e) < 0)
			fail_msg("%s: %s", cases[i].text, e.msg);
		assert_int_equal(json_kind(&j, 0), cases[i].kind);
		assert_int_equal(json_count(&j, 0), cases[i].count);
		assert_int_equal(j.n_tok, cases[i].tokens);
	}
}

static void walking(void **state)
{
	static const char text[] =
		"{\"a\":[10,[20,21],{\"z\":30},40],\"b\\u0062\":\"v\",\"c\":{\"d\":{\"e\":5}},\"n\":null}";
	auto_json struct json j = { 0 };
	struct err e;
	uint64_t v = 0;
	int it = 0, val, key;

	(void)state;
	assert_int_equal(json_parse(&j, text, strlen(text), &e), 0);
	int a = json_get(&j, 0, "a");
	assert_int_equal(json_count(&j, a), 4);
	assert_int_equal(json_u64(&j, json_at(&j, a, 0), &v, &e), 0);
	assert_int_equal(v, 10);
	assert_int_equal(json_u64(&j, json_at(&j, json_at(&j, a, 1), 1), &v, &e), 0);
	assert_int_equal(v, 21);
	assert_int_equal(json_u64(&j, json_get(&j, json_at(&j, a, 2), "z"), &v, &e), 0);
	assert_int_equal(v, 30);
	assert_int_equal(json_u64(&j, json_at(&j, a, 3), &v, &e), 0);
	assert_int_equal(v, 40);
	assert_int_equal(json_at(&j, a, 4), -1);
	assert_int_equal(json_at(&j, a, -1), -1);
	assert_int_equal(json_at(&j, 0, 0), -1);
	assert_int_equal(json_kind(&j, json_get(&j, 0, "bb")), JSON_STRING);
	assert_int_equal(json_get(&j, 0, "d"), -1);
	assert_int_equal(json_get(&j, 0, "v"), -1);
	assert_int_equal(json_get(&j, a, "z"), -1);
	assert_int_equal(json_get(&j, -1, "z"), -1);
	assert_int_equal(json_u64(&j, json_get(&j, json_get(&j, json_get(&j, 0, "c"), "d"), "e"), &v, &e), 0);
	assert_int_equal(v, 5);
	static const char *const keys[] = { "a", "bb", "c", "n" };
	for (size_t i = 0; i < countof(keys); i++) {
		auto_free char *name = NULL;

		key = json_member(&j, 0, &it, &val);
		assert_int_equal(json_str(&j, key, &name, &e), 0);
		assert_string_equal(name, keys[i]);
		assert_int_equal(json_get(&j, 0, name), val);
	}
	assert_int_equal(json_member(&j, 0, &it, &val), -1);
	it = 0;
	assert_int_equal(json_member(&j, a, &it, &val), -1);
}

static void strings(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "\"\"", "" },
		{ "\"a\\\"\\\\\\/\\b\\f\\n\\r\\tz\"", "a\"\\/\b\f\n\r\tz" },
		{ "\"\\u0041\\u00e4\\u20ac\\uD83D\\uDE00\"", "A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		{ "\"\xe2\x82\xac\"", "\xe2\x82\xac" },
		{ "\"a\\u0000b\"", NULL },
		{ "1", NULL },
		{ "[]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_json struct json j = { 0 };
		auto_free char *got = NULL;
		struct err e;

		assert_int_equal(json_parse(&j, cases[i].text, strlen(cases[i].text), &e), 0);
		int r = json_str(&j, 0, &got, &e);
		if (cases[i].want)
			assert_string_equal(got, cases[i].want);
		else
			assert_true(r < 0 && !got);
	}
}

enum { BAD = -1, GOOD, ABSENT };

static void numbers(void **state)
{
	static const struct {
		const char *text;
		int u, i, d;
		uint64_t uv;
		int64_t iv;
		double dv;
	} cases[] = {
		{ "0", GOOD, GOOD, GOOD, 0, 0, 0 },
		{ "-0", GOOD, GOOD, GOOD, 0, 0, 0 },
		{ "42", GOOD, GOOD, GOOD, 42, 42, 42 },
		{ "-42", BAD, GOOD, GOOD, 0, -42, -42 },
		{ "1.5", BAD, BAD, GOOD, 0, 0, 1.5 },
		{ "1e2", BAD, BAD, GOOD, 0, 0, 100 },
		{ "9223372036854775807", GOOD, GOOD, GOOD, INT64_MAX, INT64_MAX, 9223372036854775807.0 },
		{ "9223372036854775808", GOOD, BAD, GOOD, 9223372036854775808ULL, 0, 9223372036854775808.0 },
		{ "-9223372036854775808", BAD, GOOD, GOOD, 0, INT64_MIN, -9223372036854775808.0 },
		{ "-9223372036854775809", BAD, BAD, GOOD, 0, 0, -9223372036854775808.0 },
		{ "18446744073709551615", GOOD, BAD, GOOD, UINT64_MAX, 0, 18446744073709551615.0 },
		{ "18446744073709551616", BAD, BAD, GOOD, 0, 0, 18446744073709551616.0 },
		{ "99999999999999999999999", BAD, BAD, GOOD, 0, 0, 1e23 },
		{ "1e999", BAD, BAD, BAD, 0, 0, 0 },
		{ "null", ABSENT, ABSENT, ABSENT, 0, 0, 0 },
		{ "\"1\"", BAD, BAD, BAD, 0, 0, 0 },
		{ "true", BAD, BAD, BAD, 0, 0, 0 },
		{ "[1]", BAD, BAD, BAD, 0, 0, 0 },
	};

	(void)state;
	for (size_t k = 0; k < countof(cases); k++) {
		auto_json struct json j = { 0 };
		struct err e;
		uint64_t u = 0;
		int64_t i = 0;
		double d = 0;

		assert_int_equal(json_parse(&j, cases[k].text, strlen(cases[k].text), &e), 0);
		assert_int_equal(json_u64(&j, 0, &u, &e), cases[k].u);
		assert_int_equal(json_i64(&j, 0, &i, &e), cases[k].i);
		assert_int_equal(json_double(&j, 0, &d, &e), cases[k].d);
		assert_true(u == cases[k].uv && i == cases[k].iv && d == cases[k].dv);
	}
}

static void absent(void **state)
{
	auto_json struct json j = { 0 };
	struct err e;
	char *s = NULL;
	uint64_t u = 7;
	int64_t i = 7;
	double d = 7;
	bool b = true;

	(void)state;
	assert_int_equal(json_parse(&j, "[false]", 7, &e), 0);
	assert_int_equal(json_bool(&j, json_at(&j, 0, 0), &b, &e), 0);
	assert_false(b);
	assert_true(json_str(&j, -1, &s, &e) == 1 && !s);
	assert_true(json_u64(&j, -1, &u, &e) == 1 && u == 7);
	assert_true(json_i64(&j, -1, &i, &e) == 1 && i == 7);
	assert_true(json_double(&j, -1, &d, &e) == 1 && d == 7);
	assert_true(json_bool(&j, -1, &b, &e) == 1 && !b);
	assert_int_equal(json_count(&j, -1), 0);
	assert_int_equal(json_kind(&j, -1), JSON_NULL);
}

static void depth(void **state)
{
	char text[200];
	struct json j;
	struct err e;

	(void)state;
	for (int n = 63; n <= 66; n++) {
		memset(text, '[', (size_t)n);
		memset(text + n, ']', (size_t)n);
		int r = json_parse(&j, text, (size_t)n * 2, &e);
		assert_int_equal(r, n <= 64 ? 0 : -1);
		json_free(&j);
	}
	json_free(&j);
}

static void where(void **state)
{
	static const char text[] = "{\n  \"a\": 1,\n  \"b\": x\n}";
	struct json j;
	struct err e;

	(void)state;
	assert_true(json_parse(&j, text, strlen(text), &e) < 0);
	assert_non_null(strstr(e.msg, "line 3, column 8"));
}

static char *repeat(const char *open, const char *unit, const char *close, int n)
{
	char *text = NULL;
	size_t len;
	FILE *f = xmemstream(&text, &len);

	fputs(open, f);
	for (int i = 0; i < n; i++)
		fprintf(f, unit, i ? "," : "", i);
	fputs(close, f);
	fclose(f);
	return text;
}

/* Shapes on which a backward search or a pairwise comparison would take minutes. */
static void hostile_sizes(void **state)
{
	static const struct {
		const char *open, *unit, *close;
	} cases[] = {
		{ "[", "%s[]", "]" },        { "[", "%s{\"a\":[]}", "]" },
		{ "{", "%s\"k%d\":1", "}" }, { "{", "%s\"\\u006b%d\":[1]", "}" },
		{ "[", "%s[[[1]]]", "]" },
	};
	long long start = now_ms();

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		enum { N = 200000 };
		auto_free char *text = repeat(cases[i].open, cases[i].unit, cases[i].close, N);
		auto_json struct json j = { 0 };
		struct err e;

		if (json_parse(&j, text, strlen(text), &e) < 0)
			fail_msg("%s", e.msg);
		assert_int_equal(json_count(&j, 0), N);
		for (int k = 0; cases[i].open[0] == '[' && k < N; k++)
			assert_true(json_at(&j, 0, k) > 0);
	}
	assert_true(now_ms() - start < 30000);
}

static void too_many_tokens(void **state)
{
	auto_free char *text = repeat("[", "%s1", "]", (4 << 20) + 1);
	struct json j;
	struct err e;

	(void)state;
	assert_true(json_parse(&j, text, strlen(text), &e) < 0);
	assert_non_null(strstr(e.msg, "too many"));
}

/* Every number is the double that is nearest, also where a quotient lies between two. */
static void nearest_double(void **state)
{
	static const char *const cases[] = {
		"0.0",
		"-0.0",
		"0.1",
		"0.30000000000000004",
		"9007199254740993",
		"9007199254740993.0",
		"9007199254740992.5",
		"18446744073709551615",
		"18446744073709551616",
		"1844674407370955161.5",
		"4503599627370497.5",
		"4503599627370496.5",
		"0.000000000000000000000000001",
		"0.0000000000000000000000000001",
		"123456789012345678.9",
		"2.2250738585072011",
		"1.7976931348623157",
		"5e-324",
		"1e22",
		"1e23",
		"9.5e-7",
		"00000000000000000001.5",
	};
	uint64_t seed = 88172645463325252u;
	struct err e;
	double got;

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(json_text_double((struct json_text){ cases[i], strlen(cases[i]), false }, &got, &e),
				 0);
		double want = strtod(cases[i], NULL);

		assert_memory_equal(&got, &want, sizeof(got));
	}
	for (int i = 0; i < 200000; i++) {
		char text[40];

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		int n = snprintf(text, sizeof(text), "%s%.*f", i & 1 ? "-" : "", (int)(seed >> 60),
				 (double)(seed & 0xffffffffffffff) / (double)(1ULL << (seed >> 58)));
		assert_int_equal(json_text_double((struct json_text){ text, (size_t)n, false }, &got, &e), 0);
		double want = strtod(text, NULL);

		assert_memory_equal(&got, &want, sizeof(got));
	}
}

static bool text_is(struct json_text t, const char *want)
{
	return t.n == strlen(want) && !memcmp(t.s, want, t.n);
}

/* One object, member by member; what is not wanted is skipped and judged all the same. */
static void scanning(void **state)
{
	static const char text[] = " {\"a\": [1, [2], {}],\r\n\t\"b\\u0063\" : -5 , \"d\":{\"a\":null}} ";
	auto_json_keys struct json_keys keys = { 0 };
	struct json_text key, value;
	struct json_scan s;
	struct err e;

	(void)state;
	for (int round = 0; round < 3; round++) {
		json_scan_init(&s, text, strlen(text), 100, &keys, &e);
		assert_int_equal(json_scan_kind(&s), JSON_OBJECT);
		assert_int_equal(json_scan_enter(&s), 0);
		assert_int_equal(json_scan_next(&s, &key), 1);
		assert_true(text_is(key, "a") && !key.escaped);
		assert_int_equal(json_scan_skip(&s), 0);
		assert_int_equal(json_scan_next(&s, &key), 1);
		assert_true(text_is(key, "b\\u0063") && key.escaped);
		assert_int_equal(json_scan_kind(&s), JSON_NUMBER);
		assert_int_equal(json_scan_text(&s, &value), 0);
		assert_true(text_is(value, "-5"));
		assert_int_equal(json_scan_next(&s, &key), 1);
		assert_int_equal(json_scan_kind(&s), JSON_OBJECT);
		assert_int_equal(json_scan_enter(&s), 0);
		assert_int_equal(json_scan_next(&s, &key), 1);
		assert_true(text_is(key, "a"));
		assert_int_equal(json_scan_text(&s, &value), 0);
		assert_int_equal(json_scan_next(&s, &key), 0);
		assert_int_equal(json_scan_next(&s, &key), 0);
		assert_int_equal(json_scan_end(&s), 0);
		assert_int_equal(s.values, 13);
	}
}

/* A key counts by what it says, in its own object only, whatever was read before. */
static void keys_of_objects(void **state)
{
	static const struct {
		const char *text;
		bool twice;
	} cases[] = {
		{ "{\"a\":1,\"a\":1}", true },
		{ "{\"a\":1,\"\\u0061\":1}", true },
		{ "{\"\\u0061\":1,\"\\u0061\":1}", true },
		{ "{\"\\u0061\":1,\"a\":1}", true },
		{ "{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":1}]}", false },
		{ "{\"x\":{\"a\":1},\"a\":1}", false },
		{ "{\"a\":{\"b\":{}},\"b\":1,\"a\":2}", true },
		{ "{\"\":1,\"\":1}", true },
	};
	auto_json_keys struct json_keys keys = { 0 };
	struct json_scan s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < 2 * countof(cases); i++) {
		const char *text = cases[i % countof(cases)].text;

		json_scan_init(&s, text, strlen(text), 100, &keys, &e);
		assert_int_equal(json_scan_skip(&s), cases[i % countof(cases)].twice ? -1 : 0);
		if (cases[i % countof(cases)].twice)
			assert_non_null(strstr(e.msg, "occurs twice in one object"));
	}
	/* More than the set keeps room for, twice; then few. */
	auto_free char *many = repeat("{", "%s\"k%d\":1", "}", 50000);

	for (int i = 0; i < 2; i++) {
		json_scan_init(&s, many, strlen(many), 1 << 20, &keys, &e);
		assert_int_equal(json_scan_skip(&s), 0);
		assert_int_equal(keys.n, 50000);
	}
	json_scan_init(&s, "{}", 2, 1, &keys, &e);
	assert_int_equal(json_scan_skip(&s), 0);
	assert_int_equal(keys.cap, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rejected),        cmocka_unit_test(accepted),       cmocka_unit_test(walking),
		cmocka_unit_test(strings),         cmocka_unit_test(numbers),        cmocka_unit_test(absent),
		cmocka_unit_test(depth),           cmocka_unit_test(where),          cmocka_unit_test(hostile_sizes),
		cmocka_unit_test(too_many_tokens), cmocka_unit_test(nearest_double), cmocka_unit_test(scanning),
		cmocka_unit_test(keys_of_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
