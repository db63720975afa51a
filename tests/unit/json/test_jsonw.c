/* test_jsonw.c: the bytes written, and that our own reader accepts them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"

static void sample(struct jsonw *w)
{
	jsonw_obj(w);
	jsonw_kstr(w, "s", "a\"b");
	jsonw_ku64(w, "u", UINT64_MAX);
	jsonw_ki64(w, "i", INT64_MIN);
	jsonw_kbool(w, "t", true);
	jsonw_kdouble(w, "d", 0.5);
	jsonw_key(w, "list");
	jsonw_arr(w);
	jsonw_null(w);
	jsonw_str(w, NULL);
	jsonw_obj(w);
	jsonw_end_obj(w);
	jsonw_arr(w);
	jsonw_end_arr(w);
	jsonw_arr(w);
	jsonw_u64(w, 1);
	jsonw_i64(w, -1);
	jsonw_end_arr(w);
	jsonw_end_arr(w);
	jsonw_end_obj(w);
	jsonw_done(w);
}

static char *written(bool compact, void (*fn)(struct jsonw *))
{
	char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	struct jsonw w;

	jsonw_init(&w, f);
	w.compact = compact;
	fn(&w);
	fclose(f);
	return text;
}

static void layout(void **state)
{
	auto_free char *pretty = written(false, sample);
	auto_free char *compact = written(true, sample);

	(void)state;
	assert_string_equal(pretty, "{\n"
				    "  \"s\": \"a\\\"b\",\n"
				    "  \"u\": 18446744073709551615,\n"
				    "  \"i\": -9223372036854775808,\n"
				    "  \"t\": true,\n"
				    "  \"d\": 0.5,\n"
				    "  \"list\": [\n"
				    "    null,\n"
				    "    null,\n"
				    "    {},\n"
				    "    [],\n"
				    "    [\n"
				    "      1,\n"
				    "      -1\n"
				    "    ]\n"
				    "  ]\n"
				    "}\n");
	assert_string_equal(compact, "{\"s\":\"a\\\"b\",\"u\":18446744073709551615,\"i\":-9223372036854775808,"
				     "\"t\":true,\"d\":0.5,\"list\":[null,null,{},[],[1,-1]]}\n");
}

static char *one_string(const char *s, size_t n)
{
	char *text = NULL;
	size_t len;
	FILE *f = xmemstream(&text, &len);
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_strn(&w, s, n);
	fclose(f);
	return text;
}

static void strings(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *want;
	} cases[] = {
		{ "", 0, "\"\"" },
		{ "\\\"/", 3, "\"\\\\\\\"/\"" },
		{ "\b\f\n\r\t", 5, "\"\\b\\f\\n\\r\\t\"" },
		{ "\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\\u007f\"" },
		/* C1, a mark of writing direction, one beyond 16 bits. */
		{ "\xc2\x9b\xe2\x80\xae\xf3\xa0\x80\x81", 9, "\"\\u009b\\u202e\\udb40\\udc01\"" },
		{ "##[add-mask]##", 14, "\"##\\u005badd-mask]##\"" },
		{ "#[[", 3, "\"#[[\"" },
		{ "\xc3\xa4\xf0\x9f\x98\x80", 6, "\"\xc3\xa4\xf0\x9f\x98\x80\"" },
		{ "a\xff\xc3", 3, "\"a\xef\xbf\xbd\xef\xbf\xbd\"" },
		{ "\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *text = one_string(cases[i].in, cases[i].n);
		auto_json struct json j = { 0 };
		struct err e;

		assert_string_equal(text, cases[i].want);
		assert_int_equal(json_parse(&j, text, strlen(text), &e), 0);
	}
}

static char *one_double(double v)
{
	char *text = NULL;
	size_t len;
	FILE *f = xmemstream(&text, &len);
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_double(&w, v);
	fclose(f);
	return text;
}

/* No fewer digits would do. */
static void fewest_digits(void **state)
{
	static const double odd[] = { 0,
				      1,
				      20,
				      100000,
				      1e15,
				      1e16,
				      1e17,
				      123456789012345680.0,
				      5e-324,
				      1e-310,
				      2.2250738585072014e-308,
				      1.7976931348623157e308,
				      0.1,
				      0.30000000000000004,
				      9007199254740993.0,
				      5e-5,
				      0.0001 };
	uint64_t seed = 88172645463325252u;

	(void)state;
	for (size_t i = 0; i < 20000 + countof(odd); i++) {
		char want[40];
		double v;

		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		memcpy(&v, &seed, sizeof(v));
		v = i < countof(odd) ? odd[i] : i & 1 ? (double)(seed >> 44) / 1000 : v;
		if (!isfinite(v))
			continue;
		for (int digits = 1; digits <= 17; digits++) {
			snprintf(want, sizeof(want), "%.*g", digits, v);
			if (strtod(want, NULL) == v)
				break;
		}
		auto_free char *got = one_double(v);

		assert_string_equal(got, want);
	}
}

static void doubles(void **state)
{
	static const struct {
		double v;
		const char *want;
	} cases[] = {
		{ 0, "0" },      { 1, "1" },           { -1.5, "-1.5" },
		{ 0.1, "0.1" },  { 1e300, "1e+300" },  { 1.0 / 3, "0.3333333333333333" },
		{ NAN, "null" }, { INFINITY, "null" }, { -INFINITY, "null" },
	};
	static const double round[] = {
		DBL_MIN, DBL_MAX, DBL_EPSILON, 123456789.123456789, -0.30000000000000004, 5e-324
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *text = one_double(cases[i].v);

		assert_string_equal(text, cases[i].want);
	}
	for (size_t i = 0; i < countof(round); i++) {
		auto_free char *text = one_double(round[i]);
		auto_json struct json j = { 0 };
		struct err e;
		double back = 0;

		assert_int_equal(json_parse(&j, text, strlen(text), &e), 0);
		assert_int_equal(json_double(&j, 0, &back, &e), 0);
		assert_true(back == round[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layout),
		cmocka_unit_test(strings),
		cmocka_unit_test(doubles),
		cmocka_unit_test(fewest_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
