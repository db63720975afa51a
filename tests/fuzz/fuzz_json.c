/* fuzz_json.c: what the reader takes, the writer gives back, and the reader takes again. */
#include "fuzz.h"

#include "json/read.h"
#include "json/write.h"

static void copy(struct jsonw *w, const struct json *j, int tok);

static void copy_object(struct jsonw *w, const struct json *j, int tok)
{
	int it = 0, key, val, n = 0;

	jsonw_obj(w);
	for (; (key = json_member(j, tok, &it, &val)) >= 0; n++) {
		auto_free char *name = NULL;
		struct err e;

		/* A key may hold an escaped NUL, which no string of ours can. */
		if (json_str(j, key, &name, &e) < 0) {
			must_say_why(&e);
			name = xasprintf("key %d", n);
		} else {
			MUST(json_get(j, tok, name) == val);
		}
		jsonw_key(w, name);
		copy(w, j, val);
	}
	MUST(n == json_count(j, tok));
	jsonw_end_obj(w);
}

static void copy_number(struct jsonw *w, const struct json *j, int tok)
{
	struct err e;
	uint64_t u;
	int64_t i;
	double d;

	if (json_u64(j, tok, &u, &e) == 0)
		jsonw_u64(w, u);
	else if (json_i64(j, tok, &i, &e) == 0)
		jsonw_i64(w, i);
	else if (json_double(j, tok, &d, &e) == 0)
		jsonw_double(w, d != 0 ? d : 0); /* "-0" reads back as an integer, which has no sign */
	else
		jsonw_null(w);
}

static void copy(struct jsonw *w, const struct json *j, int tok)
{
	auto_free char *s = NULL;
	struct err e;
	bool b;

	switch (json_kind(j, tok)) {
	case JSON_OBJECT:
		copy_object(w, j, tok);
		break;
	case JSON_ARRAY:
		jsonw_arr(w);
		for (int i = 0; i < json_count(j, tok); i++)
			copy(w, j, json_at(j, tok, i));
		jsonw_end_arr(w);
		MUST(json_at(j, tok, json_count(j, tok)) == -1);
		break;
	case JSON_STRING:
		if (json_str(j, tok, &s, &e) < 0)
			must_say_why(&e);
		jsonw_str(w, s);
		break;
	case JSON_NUMBER:
		copy_number(w, j, tok);
		break;
	case JSON_BOOL:
		MUST(json_bool(j, tok, &b, &e) == 0);
		jsonw_bool(w, b);
		break;
	case JSON_NULL:
		jsonw_null(w);
		break;
	}
}

static char *written(const struct json *j, size_t *n)
{
	char *text;
	struct jsonw w;

	jsonw_init(&w, xmemstream(&text, n));
	/* The writer counts the root as a depth of its own. */
	copy(&w, j, 0);
	jsonw_done(&w);
	MUST(fclose(w.f) == 0);
	return text;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char text[] =
		"{\"a\": [1, -2.5e3, \"\\u00e9\\ud83d\\ude00\\n\", true, null, {}], \"b\": {\"a\": []}}";

	(void)argc, (void)argv;
	fuzz_seed("mixed", text, sizeof text - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *once = NULL, *twice = NULL;
	auto_json struct json j = { 0 }, back = { 0 };
	struct err e = { 0 };
	size_t n_once, n_twice;

	if (json_parse(&j, (const char *)data, n, &e) < 0) {
		must_say_why(&e);
		return 0;
	}
	once = written(&j, &n_once);
	/* Two keys may have become equal: "key 0" beside a key that no string of ours can hold. */
	if (json_parse(&back, once, n_once, &e) < 0) {
		MUST(memmem(data, n, "\\u0000", 6) || !fprintf(stderr, "%s\n", e.msg));
		return 0;
	}
	twice = written(&back, &n_twice);
	MUST(n_once == n_twice && !memcmp(once, twice, n_once));
	return 0;
}
