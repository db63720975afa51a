#include "verifier/flags.h"
#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"
#include <ctype.h>

static void words_free(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

static void flag_free(struct flag *f)
{
	free(f->name);
	words_free(f->args, f->n_args);
	words_free(f->needs, f->n_needs);
}

void flags_free(struct flags *f)
{
	for (size_t i = 0; i < f->n; i++)
		flag_free(&f->v[i]);
	free(f->v);
	*f = (struct flags){ 0 };
}

size_t flags_find(const struct flags *f, const char *name, size_t n)
{
	size_t i = 0;

	while (i < f->n && (strlen(f->v[i].name) != n || memcmp(f->v[i].name, name, n) != 0))
		i++;
	return i;
}

/* A name is part of a profile's, of --profiles and of a folder's: '+', ',' and '/' are none of its characters. */
static int check_name(const char *name, struct err *e)
{
	size_t n = strlen(name);

	if (!n || n > FLAG_NAME)
		return err_set(e, X_FAIL, "a flag's name has 1 to %d characters, not %zu", FLAG_NAME, n);
	for (const char *c = name; *c; c++) {
		if (!isalnum((unsigned char)*c) && (c == name || !strchr("-_.", *c)))
			return err_set(e, X_FAIL,
				       "character %zu of a flag's name is not one of letters, digits, '-', '_' and '.'",
				       (size_t)(c - name) + 1);
	}
	if (!strcmp(name, "default"))
		return err_set(e, X_FAIL, "no flag can be called \"default\": that is the profile without flags");
	return 0;
}

static int read_words(const struct json *j, int obj, const char *key, char ***v, size_t *n, struct err *e)
{
	int arr = json_get(j, obj, key);

	if (arr < 0 || json_kind(j, arr) != JSON_ARRAY)
		return err_set(e, X_FAIL, "\"%s\" is not an array of strings", key);
	if (json_count(j, arr) > FLAG_WORDS)
		return err_set(e, X_FAIL, "\"%s\" has more than %d elements", key, FLAG_WORDS);
	*v = xcalloc((size_t)json_count(j, arr) + 1, sizeof(**v));
	for (int i = 0; i < json_count(j, arr); i++) {
		int tok = json_at(j, arr, i);

		if (json_kind(j, tok) != JSON_STRING || json_str(j, tok, &(*v)[*n], e) != 0)
			return err_set(e, X_FAIL, "\"%s\" is not an array of strings", key);
		if (strlen((*v)[(*n)++]) > FLAG_WORD)
			return err_set(e, X_FAIL, "\"%s\" has an element of more than %d bytes", key, FLAG_WORD);
	}
	return 0;
}

static int read_flag(const struct json *j, int obj, const struct flags *before, struct flag *f, struct err *e)
{
	int name;

	if (json_kind(j, obj) != JSON_OBJECT)
		return err_set(e, X_FAIL, "not an object");
	name = json_get(j, obj, "name");
	if (name < 0 || json_kind(j, name) != JSON_STRING || json_str(j, name, &f->name, e) != 0)
		return err_set(e, X_FAIL, "\"name\" is not a string");
	if (check_name(f->name, e) < 0)
		return -1;
	if (flags_find(before, f->name, strlen(f->name)) < before->n)
		return err_set(e, X_FAIL, "\"%s\" is there already", f->name);
	if (read_words(j, obj, "args", &f->args, &f->n_args, e) < 0 ||
	    read_words(j, obj, "requires", &f->needs, &f->n_needs, e) < 0)
		return err_in(e, "\"%s\"", f->name);
	return 0;
}

int flags_read(struct flags *f, const struct json *j, int arr, struct err *e)
{
	auto_flags struct flags made = { 0 };
	int n = json_count(j, arr);

	if (arr < 0 || json_kind(j, arr) != JSON_ARRAY)
		return err_set(e, X_FAIL, "not an array of flags");
	if (n > FLAGS_MAX)
		return err_set(e, X_FAIL, "%d flags, more than %d", n, FLAGS_MAX);
	made.v = xcalloc((size_t)n + 1, sizeof(*made.v));
	for (int i = 0; i < n; i++) {
		struct flag flag = { 0 };

		if (read_flag(j, json_at(j, arr, i), &made, &flag, e) < 0) {
			flag_free(&flag);
			return err_in(e, "flag %d", i + 1);
		}
		made.v[made.n++] = flag;
	}
	*f = made;
	made = (struct flags){ 0 };
	return 0;
}

int flags_parse(struct flags *f, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };

	if (n > FLAGS_TEXT)
		return err_set(e, X_FAIL, "more than %d bytes", FLAGS_TEXT);
	while (n && strchr(" \t\r\n", text[n - 1]) && text[n - 1])
		n--;
	if (!n) {
		*f = (struct flags){ 0 };
		return 0;
	}
	return json_parse(&j, text, n, e) < 0 ? -1 : flags_read(f, &j, 0, e);
}

static void write_words(struct jsonw *w, const char *key, char *const *v, size_t n)
{
	jsonw_karr(w, key);
	for (size_t i = 0; i < n; i++)
		jsonw_str(w, v[i]);
	jsonw_end_arr(w);
}

void flags_write(FILE *out, const struct flags *f)
{
	struct jsonw w;

	jsonw_init(&w, out);
	w.compact = true;
	jsonw_arr(&w);
	for (size_t i = 0; i < f->n; i++) {
		jsonw_obj(&w);
		jsonw_kstr(&w, "name", f->v[i].name);
		write_words(&w, "args", f->v[i].args, f->v[i].n_args);
		write_words(&w, "requires", f->v[i].needs, f->v[i].n_needs);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_done(&w);
}
