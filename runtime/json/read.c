/* read.c: jsmn's tokens, with links that make every lookup cheap. The text was judged by check.c before. */
#include "json/read.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* With parent links jsmn need not search backwards for the container that a bracket or comma belongs to. */
#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "base/err.h"
#include "json/check.h"
#include "base/mem.h"
#include "base/utf8.h"

enum { MAX_TEXT = 256 << 20, MAX_TOKENS = 4 << 20 };

static jsmntok_t *token(const struct json *j, int tok)
{
	return (jsmntok_t *)j->tok + tok;
}

static const char *raw(const struct json *j, int tok, size_t *n)
{
	const jsmntok_t *t = token(j, tok);

	*n = (size_t)(t->end - t->start);
	return j->text + t->start;
}

/* jsmn wants something behind a number or word in strict mode, also at the root, where nothing need be. */
static void lone_word(struct json *j, size_t from)
{
	size_t to = j->n;

	while (to > from && json_space(j->text[to - 1]))
		to--;
	*token(j, 0) = (jsmntok_t){ .type = JSMN_PRIMITIVE, .start = (int)from, .end = (int)to, .parent = -1 };
}

static int split(struct json *j, struct err *e)
{
	jsmn_parser p;
	size_t from = 0;

	while (from < j->n && json_space(j->text[from]))
		from++;
	const char c = j->text[from];
	if (c != '{' && c != '[' && c != '"') {
		lone_word(j, from);
		return 0;
	}
	jsmn_init(&p);
	if (jsmn_parse(&p, j->text, j->n, j->tok, (unsigned)j->n_tok) != j->n_tok)
		return err_set(e, X_FAIL, "jsmn does not split this JSON text");
	return 0;
}

/* Once next[] is known nobody needs an array's parent: the link then holds where its elements stand in elem[]. */
static void link_tokens(struct json *j)
{
	int used = 0;

	for (int i = 0; i < j->n_tok; i++)
		j->next[i] = i + 1;
	for (int i = j->n_tok - 1; i > 0; i--) {
		int parent = token(j, i)->parent;

		if (j->next[parent] < j->next[i])
			j->next[parent] = j->next[i];
	}
	for (int i = 0; i < j->n_tok; i++) {
		if (token(j, i)->type != JSMN_ARRAY)
			continue;
		token(j, i)->parent = used;
		for (int kid = i + 1; kid < j->next[i]; kid = j->next[kid])
			j->elem[used++] = kid;
	}
}

static unsigned hex4(const char *s)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		char c = s[i];

		v = v << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/* One escape behind its backslash; the grammar was checked. Returns how much of s it took. */
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

/* out holds n bytes: what an escape stands for is never longer than the escape. */
static size_t unescape(const char *s, size_t n, char *out)
{
	size_t len = 0;

	for (size_t i = 0; i < n;) {
		if (s[i] == '\\')
			i += 1 + put_escape(out, &len, s + i + 1);
		else
			out[len++] = s[i++];
	}
	return len;
}

struct key {
	int obj;
	const char *s;
	size_t n;
};

static int key_order(const void *va, const void *vb)
{
	const struct key *a = va, *b = vb;

	if (a->obj != b->obj)
		return a->obj < b->obj ? -1 : 1;
	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	return memcmp(a->s, b->s, a->n);
}

static bool is_key(const struct json *j, int tok)
{
	const jsmntok_t *t = token(j, tok);

	return t->type == JSMN_STRING && t->size == 1;
}

/* All keys of the text in one sorted list: an object of a million members costs no more than a million objects. */
static size_t collect_keys(const struct json *j, struct key *keys, char *arena)
{
	size_t n = 0;

	for (int i = 1; i < j->n_tok; i++) {
		if (!is_key(j, i))
			continue;
		struct key k = { .obj = token(j, i)->parent };

		k.s = raw(j, i, &k.n);
		if (memchr(k.s, '\\', k.n)) {
			k.n = unescape(k.s, k.n, arena);
			k.s = arena;
			arena += k.n;
		}
		keys[n++] = k;
	}
	return n;
}

static int check_duplicates(const struct json *j, struct err *e)
{
	auto_free char *arena = xmalloc(j->n);
	auto_free struct key *keys = xcalloc((size_t)j->n_tok, sizeof(*keys));
	size_t n = collect_keys(j, keys, arena);

	qsort(keys, n, sizeof(*keys), key_order);
	for (size_t i = 1; i < n; i++)
		if (key_order(&keys[i - 1], &keys[i]) == 0)
			return err_set(e, X_FAIL, "the key \"%.*s\" occurs twice in one object",
				       (int)(keys[i].n < 100 ? keys[i].n : 100), keys[i].s);
	return 0;
}

int json_parse(struct json *j, const char *text, size_t n, struct err *e)
{
	size_t tokens;

	*j = (struct json){ 0 };
	if (n > MAX_TEXT)
		return err_set(e, X_FAIL, "JSON text of %zu bytes is larger than ktstr reads", n);
	if (json_check(text, n, MAX_TOKENS, &tokens, e) < 0)
		return -1;
	auto_json struct json got = { .text = text, .n = n, .n_tok = (int)tokens };
	got.tok = xcalloc(tokens, sizeof(jsmntok_t));
	got.next = xcalloc(tokens, sizeof(*got.next));
	got.elem = xcalloc(tokens, sizeof(*got.elem));
	if (split(&got, e) < 0 || check_duplicates(&got, e) < 0)
		return -1;
	link_tokens(&got);
	*j = got;
	got = (struct json){ 0 };
	return 0;
}

void json_free(struct json *j)
{
	free(j->tok);
	free(j->next);
	free(j->elem);
	*j = (struct json){ 0 };
}

enum json_kind json_kind(const struct json *j, int tok)
{
	if (tok < 0)
		return JSON_NULL;
	switch (token(j, tok)->type) {
	case JSMN_OBJECT:
		return JSON_OBJECT;
	case JSMN_ARRAY:
		return JSON_ARRAY;
	case JSMN_STRING:
		return JSON_STRING;
	default:
		break;
	}
	switch (j->text[token(j, tok)->start]) {
	case 't':
	case 'f':
		return JSON_BOOL;
	case 'n':
		return JSON_NULL;
	default:
		return JSON_NUMBER;
	}
}

static bool is(const struct json *j, int tok, jsmntype_t type)
{
	return tok >= 0 && tok < j->n_tok && token(j, tok)->type == type;
}

int json_count(const struct json *j, int tok)
{
	return is(j, tok, JSMN_OBJECT) || is(j, tok, JSMN_ARRAY) ? token(j, tok)->size : 0;
}

static bool key_is(const struct json *j, int tok, const char *key, size_t n)
{
	size_t len;
	const char *s = raw(j, tok, &len);

	if (!memchr(s, '\\', len))
		return len == n && !memcmp(s, key, n);
	auto_free char *plain = xmalloc(len);
	return unescape(s, len, plain) == n && !memcmp(plain, key, n);
}

int json_get(const struct json *j, int obj, const char *key)
{
	size_t n = strlen(key);
	int it = 0, val, k;

	while ((k = json_member(j, obj, &it, &val)) >= 0)
		if (key_is(j, k, key, n))
			return val;
	return -1;
}

int json_at(const struct json *j, int arr, int i)
{
	if (!is(j, arr, JSMN_ARRAY) || i < 0 || i >= token(j, arr)->size)
		return -1;
	return j->elem[token(j, arr)->parent + i];
}

int json_member(const struct json *j, int obj, int *it, int *val)
{
	if (!is(j, obj, JSMN_OBJECT))
		return -1;
	int k = *it ? *it : obj + 1;
	if (k >= j->next[obj])
		return -1;
	*it = j->next[k];
	*val = k + 1;
	return k;
}

static int absent_or(const struct json *j, int tok, enum json_kind want, const char *target_name, struct err *e)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",       [JSON_STRING] = "a string",
		[JSON_NUMBER] = "a number",  [JSON_BOOL] = "true or false", [JSON_NULL] = "null",
	};
	enum json_kind have = json_kind(j, tok);

	if (have == JSON_NULL)
		return 1;
	if (have != want)
		return err_set(e, X_FAIL, "%s was expected, not %s", target_name, names[have]);
	return 0;
}

int json_str(const struct json *j, int tok, char **out, struct err *e)
{
	int r = absent_or(j, tok, JSON_STRING, "a string", e);
	size_t n;

	if (r != 0)
		return r;
	const char *s = raw(j, tok, &n);
	auto_free char *plain = xmalloc(n + 1);
	n = unescape(s, n, plain);
	plain[n] = '\0';
	if (strlen(plain) != n)
		return err_set(e, X_FAIL, "a string with a NUL character in it");
	*out = TAKE(plain);
	return 0;
}

/* *v is the magnitude. */
static int whole(const struct json *j, int tok, bool *negative, uint64_t *v, struct err *e)
{
	int r = absent_or(j, tok, JSON_NUMBER, "a whole number", e);
	size_t n;

	if (r != 0)
		return r;
	const char *s = raw(j, tok, &n);
	*negative = *s == '-';
	*v = 0;
	for (size_t i = *negative; i < n; i++) {
		unsigned d = (unsigned)(s[i] - '0');

		if (d > 9)
			return err_set(e, X_FAIL, "a whole number is expected, not %.*s", (int)(n < 40 ? n : 40), s);
		if (*v > (UINT64_MAX - d) / 10)
			return err_set(e, X_FAIL, "%.*s is out of range", (int)(n < 40 ? n : 40), s);
		*v = *v * 10 + d;
	}
	return 0;
}

int json_u64(const struct json *j, int tok, uint64_t *out, struct err *e)
{
	bool negative;
	uint64_t v;
	int r = whole(j, tok, &negative, &v, e);

	if (r != 0)
		return r;
	if (negative && v > 0)
		return err_set(e, X_FAIL, "-%" PRIu64 " is out of range", v);
	*out = v;
	return 0;
}

int json_i64(const struct json *j, int tok, int64_t *out, struct err *e)
{
	bool negative;
	uint64_t v;
	int r = whole(j, tok, &negative, &v, e);

	if (r != 0)
		return r;
	if (v > (uint64_t)INT64_MAX + negative)
		return err_set(e, X_FAIL, "%s%" PRIu64 " is out of range", negative ? "-" : "", v);
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

int json_double(const struct json *j, int tok, double *out, struct err *e)
{
	int r = absent_or(j, tok, JSON_NUMBER, "a number", e);
	size_t n;

	if (r != 0)
		return r;
	const char *s = raw(j, tok, &n);
	auto_free char *text = xstrndup(s, n);
	/* The user's locale may have another decimal point. */
	locale_t c = newlocale(LC_ALL_MASK, "C", NULL);
	double v = c ? strtod_l(text, NULL, c) : strtod(text, NULL);

	if (c)
		freelocale(c);
	if (!isfinite(v))
		return err_set(e, X_FAIL, "%.40s is out of range", text);
	*out = v;
	return 0;
}

int json_bool(const struct json *j, int tok, bool *out, struct err *e)
{
	int r = absent_or(j, tok, JSON_BOOL, "true or false", e);

	if (r != 0)
		return r;
	*out = j->text[token(j, tok)->start] == 't';
	return 0;
}
