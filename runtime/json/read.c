/* read.c: jsmn's tokens, with links that make every lookup cheap. jsmn splits text but does not judge it (it takes {"a"},
 * [1 2], [nope], two roots …), and its time grows with the square of the nesting: scan.c judges, before jsmn sees the text. */
#include "json/read.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* With parent links jsmn need not search backwards for the container that a bracket or comma belongs to. */
#define JSMN_STATIC
#define JSMN_STRICT
#define JSMN_PARENT_LINKS
#include <jsmn.h>

#include "base/err.h"
#include "json/scan.h"
#include "base/mem.h"

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

/* The judgement, and how many tokens jsmn will make. */
static int judge(const char *text, size_t n, size_t *tokens, struct err *e)
{
	auto_json_keys struct json_keys keys = { 0 };
	struct json_scan s;

	json_scan_init(&s, text, n, MAX_TOKENS, &keys, e);
	if (json_scan_skip(&s) < 0 || json_scan_end(&s) < 0)
		return -1;
	*tokens = s.values;
	return 0;
}

int json_parse(struct json *j, const char *text, size_t n, struct err *e)
{
	size_t tokens;

	*j = (struct json){ 0 };
	if (n > MAX_TEXT)
		return err_set(e, X_FAIL, "JSON text of %zu bytes is larger than ktstr reads", n);
	if (judge(text, n, &tokens, e) < 0)
		return -1;
	auto_json struct json got = { .text = text, .n = n, .n_tok = (int)tokens };
	got.tok = xcalloc(tokens, sizeof(jsmntok_t));
	got.next = xcalloc(tokens, sizeof(*got.next));
	got.elem = xcalloc(tokens, sizeof(*got.elem));
	if (split(&got, e) < 0)
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

static struct json_text text_of(const struct json *j, int tok)
{
	struct json_text t = { 0 };

	t.s = raw(j, tok, &t.n);
	t.escaped = memchr(t.s, '\\', t.n) != NULL;
	return t;
}

static bool key_is(const struct json *j, int tok, const char *key, size_t n)
{
	struct json_text t = text_of(j, tok);

	if (!t.escaped)
		return t.n == n && !memcmp(t.s, key, n);
	auto_free char *plain = xmalloc(t.n);
	return json_text_decode(t, plain) == n && !memcmp(plain, key, n);
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
	enum json_kind have = json_kind(j, tok);

	if (have == JSON_NULL)
		return 1;
	if (have != want)
		return err_set(e, X_FAIL, "%s was expected, not %s", target_name, json_kind_names[have]);
	return 0;
}

int json_str(const struct json *j, int tok, char **out, struct err *e)
{
	int r = absent_or(j, tok, JSON_STRING, "a string", e);

	if (r != 0)
		return r;
	struct json_text t = text_of(j, tok);
	auto_free char *plain = xmalloc(t.n + 1);
	size_t n = json_text_decode(t, plain);
	plain[n] = '\0';
	if (strlen(plain) != n)
		return err_set(e, X_FAIL, "a string with a NUL character in it");
	*out = TAKE(plain);
	return 0;
}

int json_u64(const struct json *j, int tok, uint64_t *out, struct err *e)
{
	int r = absent_or(j, tok, JSON_NUMBER, "a whole number", e);

	return r ? r : json_text_u64(text_of(j, tok), out, e);
}

int json_i64(const struct json *j, int tok, int64_t *out, struct err *e)
{
	int r = absent_or(j, tok, JSON_NUMBER, "a whole number", e);

	return r ? r : json_text_i64(text_of(j, tok), out, e);
}

int json_double(const struct json *j, int tok, double *out, struct err *e)
{
	int r = absent_or(j, tok, JSON_NUMBER, "a number", e);

	return r ? r : json_text_double(text_of(j, tok), out, e);
}

int json_bool(const struct json *j, int tok, bool *out, struct err *e)
{
	int r = absent_or(j, tok, JSON_BOOL, "true or false", e);

	if (r != 0)
		return r;
	*out = j->text[token(j, tok)->start] == 't';
	return 0;
}
