#include "json/value.h"
#include "base/err.h"
#include "base/mem.h"
#include "text/utf8.h"
#include <float.h>
#include <inttypes.h>
#include <locale.h>
#include <math.h>

const char *const json_kind_names[] = {
	[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",       [JSON_STRING] = "a string",
	[JSON_NUMBER] = "a number",  [JSON_BOOL] = "true or false", [JSON_NULL] = "null",
};

static unsigned hex4(const char *s)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];

		v = v << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/* One escape behind its backslash. Returns how much of s it took. */
static size_t put_escape(char *out, size_t *n, const char *s)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
	const char *hit = strchr(from, s[0]);
	size_t took = 5;

	if (s[0] != 'u') {
		out[(*n)++] = hit ? to[hit - from] : s[0];
		return 1;
	}
	uint32_t c = hex4(s + 1);
	if (c >= 0xd800 && c <= 0xdbff) {
		c = 0x10000 + ((c - 0xd800) << 10) + (hex4(s + 7) - 0xdc00);
		took = 11;
	}
	*n += utf8_put(out + *n, c);
	return took;
}

size_t json_text_decode(struct json_text t, char *out)
{
	size_t len = 0;

	if (!t.escaped) {
		memcpy(out, t.s, t.n);
		return t.n;
	}
	for (size_t i = 0; i < t.n;) {
		if (t.s[i] == '\\')
			i += 1 + put_escape(out, &len, t.s + i + 1);
		else
			out[len++] = t.s[i++];
	}
	return len;
}

/* *v is the magnitude. */
static int whole(struct json_text t, bool *negative, uint64_t *v, struct err *e)
{
	*negative = *t.s == '-';
	*v = 0;
	for (size_t i = *negative; i < t.n; i++) {
		unsigned d = (unsigned)(t.s[i] - '0');

		if (d > 9)
			return err_set(e, X_FAIL, "a whole number is expected, not %.*s", (int)(t.n < 40 ? t.n : 40),
				       t.s);
		if (*v > (UINT64_MAX - d) / 10)
			return err_set(e, X_FAIL, "%.*s is out of range", (int)(t.n < 40 ? t.n : 40), t.s);
		*v = *v * 10 + d;
	}
	return 0;
}

int json_text_u64(struct json_text t, uint64_t *out, struct err *e)
{
	bool negative;
	uint64_t v;

	if (whole(t, &negative, &v, e) < 0)
		return -1;
	if (negative && v > 0)
		return err_set(e, X_FAIL, "-%" PRIu64 " is out of range", v);
	*out = v;
	return 0;
}

int json_text_i64(struct json_text t, int64_t *out, struct err *e)
{
	bool negative;
	uint64_t v;

	if (whole(t, &negative, &v, e) < 0)
		return -1;
	if (v > (uint64_t)INT64_MAX + negative)
		return err_set(e, X_FAIL, "%s%" PRIu64 " is out of range", negative ? "-" : "", v);
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

#if LDBL_MANT_DIG == 64
/* v and the power of ten are exact in 64 bits of mantissa, so the quotient is the nearest number of that size. Rounding it to 53
 * bits gives the nearest double, unless it lies exactly between two: what was cut off before would have decided. */
static bool divide(uint64_t v, unsigned decimals, double *out)
{
	static const long double tens[] = { 1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,  1e7L,  1e8L,  1e9L,
					    1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L,
					    1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L };
	const uint64_t beyond = (1 << 11) - 1, half = 1 << 10;
	uint64_t mantissa;

	if (decimals >= countof(tens))
		return false;
	long double quotient = (long double)v / tens[decimals];

	memcpy(&mantissa, &quotient, sizeof(mantissa));
	*out = (double)quotient;
	return (mantissa & beyond) != half;
}
#else
/* Both are exact as doubles, so that the quotient is the nearest one. */
static bool divide(uint64_t v, unsigned decimals, double *out)
{
	static const double tens[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
				       1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

	if (decimals >= countof(tens) || v > (uint64_t)1 << 53)
		return false;
	*out = (double)v / tens[decimals];
	return true;
}
#endif

/* Numbers without an exponent whose digits fit into 64 bits, which is nearly all. */
static bool quick_double(struct json_text t, double *out)
{
	bool negative = *t.s == '-', point = false;
	unsigned decimals = 0;
	uint64_t v = 0;

	for (size_t i = negative; i < t.n; i++) {
		unsigned d = (unsigned)(t.s[i] - '0');

		if (t.s[i] == '.') {
			point = true;
			continue;
		}
		if (d > 9 || v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + d;
		decimals += point;
	}
	if (!divide(v, decimals, out))
		return false;
	*out = negative ? -*out : *out;
	return true;
}

int json_text_double(struct json_text t, double *out, struct err *e)
{
	double v;

	if (quick_double(t, out))
		return 0;
	char room[64];
	auto_free char *longer = t.n < sizeof(room) ? NULL : xmalloc(t.n + 1);
	char *text = longer ? longer : room;
	/* The user's locale may have another decimal point. */
	locale_t c = newlocale(LC_ALL_MASK, "C", NULL);

	memcpy(text, t.s, t.n);
	text[t.n] = '\0';
	v = c ? strtod_l(text, NULL, c) : strtod(text, NULL);
	if (c)
		freelocale(c);
	if (!isfinite(v))
		return err_set(e, X_FAIL, "%.40s is out of range", text);
	*out = v;
	return 0;
}
