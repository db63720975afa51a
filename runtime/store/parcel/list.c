#include "store/parcel/list.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "kernel/cache/entry.h"
#include "store/content.h"

#define HEAD "ktstr parcel 1\n"
#define END "end "

void parcel_add_result(struct parcel *p, const char *key, uint64_t recipe, char *content)
{
	if (!(p->n & (p->n - 1)))
		p->results = xreallocarray(p->results, p->n ? 2 * p->n : 1, sizeof(*p->results));
	p->results[p->n] = (struct parcel_result){ .recipe = recipe, .content = content };
	memcpy(p->results[p->n++].key, key, KEY_LEN);
}

void parcel_add_kernel(struct parcel *p, char *key, const char *hex, uint64_t bytes)
{
	p->kernels = xreallocarray(p->kernels, p->n_kernels + 1, sizeof(*p->kernels));
	p->kernels[p->n_kernels] = (struct parcel_kernel){ .key = key, .bytes = bytes };
	memcpy(p->kernels[p->n_kernels++].hex, hex, KEY_LEN);
}

void parcel_free(struct parcel *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->results[i].content);
	for (size_t i = 0; i < p->n_kernels; i++)
		free(p->kernels[i].key);
	free(p->results);
	free(p->kernels);
	*p = (struct parcel){ 0 };
}

char *parcel_write(const struct parcel *p, size_t *n)
{
	char *text, hex[KEY_LEN + 1];
	FILE *f = xmemstream(&text, n);

	fputs(HEAD, f);
	for (size_t i = 0; i < p->n; i++)
		fprintf(f, "result %s %llu %zu\n%s", p->results[i].key, (unsigned long long)p->results[i].recipe,
			strlen(p->results[i].content), p->results[i].content);
	for (size_t i = 0; i < p->n_kernels; i++)
		fprintf(f, "kernel %s %llu %s\n", p->kernels[i].hex, (unsigned long long)p->kernels[i].bytes,
			p->kernels[i].key);
	fflush(f);
	hash_hex(text, *n, hex);
	fprintf(f, END "%s\n", hex);
	fclose(f);
	return text;
}

static int refuse(const char *why, struct err *e)
{
	return err_set(e, X_BAD_ARCHIVE, "its list is damaged or hostile: %s", why);
}

/* What has been read of the list, up to end. */
struct reading {
	char *at, *end;
};

static bool take_word(struct reading *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

static bool take_hex(struct reading *r, char hex[KEY_LEN + 1])
{
	if (r->end - r->at < KEY_LEN || strspn(r->at, "0123456789abcdef") < KEY_LEN)
		return false;
	memcpy(hex, r->at, KEY_LEN);
	hex[KEY_LEN] = '\0';
	r->at += KEY_LEN;
	return true;
}

static bool take_number(struct reading *r, uint64_t max, uint64_t *n)
{
	size_t digits = strspn(r->at, "0123456789");

	if (!digits || digits > 18)
		return false;
	*n = strtoull(r->at, &r->at, 10);
	return *n <= max;
}

/* The file system must take each of them, as a file of its own. */
static int check_content(const char *text, struct err *e)
{
	auto_content struct content c = { 0 };

	if (content_parse(&c, text, e) < 0)
		return refuse("a list of contents that is none", e);
	for (size_t i = 0; i < c.n; i++) {
		const char *name = c.v[i].name;

		if (i && strcmp(c.v[i - 1].name, name) >= 0)
			return refuse("names that are not in order", e);
		if (!strcmp(name, "recipe") || !strcmp(name, "content") || !strcmp(name, "content.sum") ||
		    !strcmp(name, "origin"))
			return refuse("a name that no file of a result has", e);
		if (c.v[i].size > PARCEL_FILE_MAX)
			return refuse("a file that is too large", e);
	}
	return 0;
}

static int take_result(struct parcel *p, struct reading *r, struct err *e)
{
	char key[KEY_LEN + 1];
	uint64_t recipe, content;

	if (!take_hex(r, key) || !take_word(r, " ") || !take_number(r, PARCEL_RECIPE_MAX, &recipe) ||
	    !take_word(r, " ") || !take_number(r, PARCEL_RECIPE_MAX, &content) || !take_word(r, "\n") ||
	    (size_t)(r->end - r->at) < content || p->n_kernels)
		return refuse("a line of a result", e);
	if (p->n && strcmp(p->results[p->n - 1].key, key) >= 0)
		return refuse("results that are not in order", e);
	char *text = xstrndup(r->at, content);

	r->at += content;
	parcel_add_result(p, key, recipe, text);
	return strlen(text) == content ? check_content(text, e) : refuse("a list of contents that is none", e);
}

static int take_kernel(struct parcel *p, struct reading *r, struct err *e)
{
	char hex[KEY_LEN + 1];
	uint64_t bytes;

	if (!take_hex(r, hex) || !take_word(r, " ") || !take_number(r, PARCEL_FILE_MAX, &bytes) || !take_word(r, " "))
		return refuse("a line of a kernel", e);
	char *end = memchr(r->at, '\n', (size_t)(r->end - r->at));

	if (!end || p->n_kernels == PARCEL_KERNELS_MAX)
		return refuse(end ? "too many kernels" : "a line of a kernel", e);
	*end = '\0';
	parcel_add_kernel(p, xstrdup(r->at), hex, bytes);
	const char *key = p->kernels[p->n_kernels - 1].key;

	r->at = end + 1;
	if (kernel_key_check(key, e) < 0)
		return err_as(e, X_BAD_ARCHIVE, "its list");
	if (*key == '.')
		return refuse("a key that no kernel has", e);
	if (p->n_kernels > 1 && strcmp(p->kernels[p->n_kernels - 2].key, key) >= 0)
		return refuse("kernels that are not in order", e);
	return 0;
}

int parcel_parse(struct parcel *p, char *text, size_t n, struct err *e)
{
	const size_t tail = strlen(END) + KEY_LEN + 1;
	char hex[KEY_LEN + 1], said[KEY_LEN + 1];

	*p = (struct parcel){ 0 };
	if (n < strlen(HEAD) + tail || strlen(text) != n)
		return refuse("it is no text, or too short", e);
	struct reading last = { text + n - tail, text + n }, r = { text, text + n - tail };

	if (!take_word(&r, HEAD))
		return refuse("it is of another version of ktstr, or none", e);
	hash_hex(text, n - tail, hex);
	if (!take_word(&last, END) || !take_hex(&last, said) || strcmp(hex, said) != 0 || !take_word(&last, "\n"))
		return refuse("its sum is wrong", e);
	while (r.at < r.end) {
		int rc = take_word(&r, "result ")   ? take_result(p, &r, e)
			 : take_word(&r, "kernel ") ? take_kernel(p, &r, e)
						    : refuse("a line that no list has", e);

		if (rc < 0)
			return -1;
	}
	return 0;
}
