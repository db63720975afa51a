#include "judge/facts/read.h"
#include "base/err.h"
#include "base/mem.h"
#include "text/text.h"
#include <math.h>

int take_kind(struct reader *r, enum json_kind kind)
{
	int got = json_scan_kind(&r->scan);

	if (got < 0 || got == (int)kind)
		return got < 0 ? -1 : 0;
	return err_set(r->e, X_FAIL, "%s is expected, not %s", json_kind_names[kind], json_kind_names[got]);
}

/* What is written there, as one line: it is a guest's word, and stands beside ours. */
static int decode(struct reader *r, struct json_text t, char **out)
{
	auto_free char *plain = xmalloc(t.n + 1);
	size_t n = json_text_decode(t, plain);

	if (n > READ_TEXT || memchr(plain, '\0', n))
		return err_set(r->e, X_FAIL, "a text without NUL of at most %d bytes is expected", READ_TEXT);
	free(*out);
	*out = text_plain(plain, n, TEXT_LINE);
	return 0;
}

int take_text(struct reader *r, char **out)
{
	struct json_text t;

	if (take_kind(r, JSON_STRING) < 0 || json_scan_text(&r->scan, &t) < 0)
		return -1;
	return decode(r, t, out);
}

int take_u64(struct reader *r, uint64_t *out)
{
	struct json_text t;

	if (take_kind(r, JSON_NUMBER) < 0 || json_scan_text(&r->scan, &t) < 0)
		return -1;
	return json_text_u64(t, out, r->e);
}

int take_i64(struct reader *r, int64_t *out)
{
	struct json_text t;

	if (take_kind(r, JSON_NUMBER) < 0 || json_scan_text(&r->scan, &t) < 0)
		return -1;
	return json_text_i64(t, out, r->e);
}

int take_double(struct reader *r, double *out)
{
	struct json_text t;

	if (take_kind(r, JSON_NUMBER) < 0 || json_scan_text(&r->scan, &t) < 0 || json_text_double(t, out, r->e) < 0)
		return -1;
	return fabs(*out) <= 1e300 ? 0 : err_set(r->e, X_FAIL, "out of range");
}

static int take_bool(struct reader *r, bool *out)
{
	struct json_text t;

	if (take_kind(r, JSON_BOOL) < 0 || json_scan_text(&r->scan, &t) < 0)
		return -1;
	*out = *t.s == 't';
	return 0;
}

static int take_cpus(struct reader *r, struct cpus *out)
{
	auto_free char *text = NULL;

	if (take_text(r, &text) < 0)
		return -1;
	*out = (struct cpus){ 0 };
	if (*text && !cpus_parse(out, text, strlen(text)))
		return err_set(r->e, X_FAIL, "a list of CPUs below %u is expected, like 0-3,8", CPUS_MAX);
	return 0;
}

static int take_member(struct reader *r, const struct member *m, void *to)
{
	char *at = (char *)to + m->at;
	int result = -1;

	switch (m->type) {
	case TYPE_TEXT:
		result = take_text(r, (char **)(void *)at);
		break;
	case TYPE_U64:
		result = take_u64(r, (uint64_t *)(void *)at);
		break;
	case TYPE_I64:
		result = take_i64(r, (int64_t *)(void *)at);
		break;
	case TYPE_DOUBLE:
		result = take_double(r, (double *)(void *)at);
		break;
	case TYPE_BOOL:
		result = take_bool(r, (bool *)at);
		break;
	case TYPE_CPUS:
		result = take_cpus(r, (struct cpus *)(void *)at);
		break;
	case TYPE_CALL:
		return m->call(r, to);
	}
	if (m->known && result == 0)
		*(bool *)((char *)to + m->known) = true;
	return result;
}

static const struct member *find(const struct member *v, size_t n, struct json_text key)
{
	for (size_t i = 0; i < n; i++) {
		if (!key.escaped && strlen(v[i].name) == key.n && !memcmp(v[i].name, key.s, key.n))
			return &v[i];
	}
	return NULL;
}

int take_object(struct reader *r, const struct member *v, size_t n, void *to)
{
	struct json_text key;
	int got;

	if (take_kind(r, JSON_OBJECT) < 0 || json_scan_enter(&r->scan) < 0)
		return -1;
	while ((got = json_scan_next(&r->scan, &key)) > 0) {
		const struct member *m = find(v, n, key);
		int kind = json_scan_kind(&r->scan);

		if (kind < 0)
			return -1;
		if (m && kind != JSON_NULL) {
			if (take_member(r, m, to) < 0)
				return err_in(r->e, "%s", m->name);
		} else if (json_scan_skip(&r->scan) < 0) {
			return -1;
		}
	}
	return got;
}

int take_list(struct reader *r, size_t max, size_t size, void **v, size_t *n, int (*take)(struct reader *, void *))
{
	int got;

	if (*v)
		return err_set(r->e, X_FAIL, "twice");
	if (take_kind(r, JSON_ARRAY) < 0 || json_scan_enter(&r->scan) < 0)
		return -1;
	while ((got = json_scan_next(&r->scan, NULL)) > 0) {
		if (*n == max)
			return err_set(r->e, X_FAIL, "more than %zu", max);
		if (!(*n & (*n - 1)))
			*v = xreallocarray(*v, *n ? *n * 2 : 1, size);
		void *to = (char *)*v + *n * size;

		memset(to, 0, size);
		++*n;
		if (take(r, to) < 0)
			return err_in(r->e, "%zu", *n - 1);
	}
	return got;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct named_number *)a)->name, ((const struct named_number *)b)->name);
}

void named_put(struct named *x, char *name, double value)
{
	if (!(x->n & (x->n - 1)))
		x->v = xreallocarray(x->v, x->n ? x->n * 2 : 1, sizeof(*x->v));
	x->v[x->n++] = (struct named_number){ name, value };
}

void named_sort(struct named *x)
{
	if (x->n)
		qsort(x->v, x->n, sizeof(*x->v), by_name);
}

const double *named_get(const struct named *x, const char *name)
{
	const struct named_number key = { .name = (char *)name };
	const struct named_number *hit = x->n ? bsearch(&key, x->v, x->n, sizeof(*x->v), by_name) : NULL;

	return hit ? &hit->value : NULL;
}

void named_free(struct named *x)
{
	for (size_t i = 0; i < x->n; i++)
		free(x->v[i].name);
	free(x->v);
	*x = (struct named){ 0 };
}

int take_named(struct reader *r, struct named *x)
{
	struct json_text key;
	int got;

	if (take_kind(r, JSON_OBJECT) < 0 || json_scan_enter(&r->scan) < 0)
		return -1;
	x->known = true;
	while ((got = json_scan_next(&r->scan, &key)) > 0) {
		char *name = NULL;
		double value;

		if (x->n == READ_NAMED)
			return err_set(r->e, X_FAIL, "more than %d names", READ_NAMED);
		if (decode(r, key, &name) < 0)
			return -1;
		if (take_double(r, &value) < 0) {
			err_in(r->e, "%s", name);
			free(name);
			return -1;
		}
		named_put(x, name, value);
	}
	named_sort(x);
	return got;
}

int read_text(const char *text, size_t n, int (*take)(struct reader *, void *), void *to, struct err *e)
{
	auto_json_keys struct json_keys keys = { 0 };
	struct reader r = { .e = e };

	if (n > READ_SIZE)
		return err_set(e, X_FAIL, "more than %zu MiB", READ_SIZE >> 20);
	json_keys_begin(&keys);
	json_scan_init(&r.scan, text, n, READ_VALUES, &keys, e);
	return take(&r, to) < 0 || json_scan_end(&r.scan) < 0 ? -1 : 0;
}

int take_two(struct reader *r, uint64_t v[2])
{
	int got, n = 0;

	if (take_kind(r, JSON_ARRAY) < 0 || json_scan_enter(&r->scan) < 0)
		return -1;
	while ((got = json_scan_next(&r->scan, NULL)) > 0) {
		if (n == 2 || take_u64(r, &v[n]) < 0)
			return n == 2 ? err_set(r->e, X_FAIL, "two numbers are expected") : -1;
		n++;
	}
	return got < 0 ? -1 : n;
}
