#include "kernel/name/releases.h"
#include "base/err.h"
#include "json/read.h"
#include "base/mem.h"
#include "kernel/name/word.h"

#define SETTLED 8 /* patch level from which a series counts as settled */
#define MANY 4096 /* releases in one file; the real one has about ten */

/* False when there is no such text, or a longer one than any that we know. */
static bool copy(char *out, size_t max, const struct json *j, int tok)
{
	auto_free char *text = NULL;
	struct err ignored;

	if (json_str(j, tok, &text, &ignored) != 0 || strlen(text) >= max)
		return false;
	strcpy(out, text);
	return true;
}

static bool take(struct release *out, const struct json *j, int tok)
{
	return json_kind(j, tok) == JSON_OBJECT &&
	       copy(out->moniker, sizeof(out->moniker), j, json_get(j, tok, "moniker")) &&
	       copy(out->version, sizeof(out->version), j, json_get(j, tok, "version")) &&
	       kver_parse(&out->v, out->version);
}

int releases_parse(struct releases *r, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };
	auto_releases struct releases out = { 0 };

	if (json_parse(&j, text, n, e) < 0)
		return err_in(e, "releases.json");
	int arr = json_get(&j, 0, "releases");

	if (arr < 0 || json_kind(&j, arr) != JSON_ARRAY)
		return err_set(e, X_FAIL, "releases.json: missing releases array");
	int count = json_count(&j, arr);

	if (count > MANY)
		return err_set(e, X_FAIL, "releases.json: %d releases are more than there can be", count);
	out.v = xcalloc((size_t)count + 1, sizeof(*out.v));
	for (int i = 0; i < count; i++)
		out.n += take(&out.v[out.n], &j, json_at(&j, arr, i));
	*r = out;
	out = (struct releases){ 0 };
	return 0;
}

void releases_free(struct releases *r)
{
	free(r->v);
	*r = (struct releases){ 0 };
}

static bool supported(const struct release *x)
{
	return !strcmp(x->moniker, "stable") || !strcmp(x->moniker, "longterm");
}

/* "6.16, 6.12, 6.6": the series there are, for errors. */
static char *series_list(const struct releases *r)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	bool any = false;

	for (size_t i = 0; i < r->n; i++) {
		if (supported(&r->v[i]))
			fprintf(f, "%s%u.%u", any ? ", " : "", r->v[i].v.major, r->v[i].v.minor);
		any |= supported(&r->v[i]);
	}
	fclose(f);
	return TAKE(text);
}

const char *releases_latest(const struct releases *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		if (supported(&r->v[i]) && r->v[i].v.patch >= SETTLED)
			return r->v[i].version;
	}
	err_set(e, X_NO_KERNEL, "no stable kernel with patch >= %d found in releases.json", SETTLED);
	return NULL;
}

const char *releases_series(const struct releases *r, const struct kernel_word *w, struct err *e)
{
	const struct kver *want = &w->from;

	if (w->kind != KWORD_SERIES && w->kind != KWORD_MAJOR) {
		err_set(e, X_USAGE, "'%s' is not a series like 6.12", w->text);
		return NULL;
	}
	for (size_t i = 0; i < r->n; i++) {
		const struct kver *v = &r->v[i].v;

		if (strcmp(r->v[i].moniker, "mainline") != 0 && v->major == want->major &&
		    (w->kind == KWORD_MAJOR || v->minor == want->minor))
			return r->v[i].version;
	}
	auto_free char *list = series_list(r);

	err_set(e, X_NO_KERNEL, "no release matching %s.x found; there are %s. Older ones by their full version",
		w->text, list);
	return NULL;
}

static bool have_series(const struct releases *r, size_t before, const struct kver *v)
{
	for (size_t i = 0; i < before; i++) {
		if (supported(&r->v[i]) && kver_same_series(&r->v[i].v, v))
			return true;
	}
	return false;
}

int releases_range(const struct releases *r, const struct kernel_word *w, const char **out, size_t max, struct err *e)
{
	size_t n = 0;

	if (w->kind != KWORD_RANGE)
		return err_set(e, X_USAGE, "'%s' is no range like 6.12..6.16", w->text);
	for (size_t i = r->n; i-- > 0;) {
		struct kver series = { r->v[i].v.major, r->v[i].v.minor, 0, 0, 2 };

		if (!supported(&r->v[i]) || kver_cmp(&series, &w->from) < 0 || kver_cmp(&series, &w->to) > 0 ||
		    have_series(r, i, &r->v[i].v) || n == max)
			continue;
		out[n++] = r->v[i].version;
	}
	if (n)
		return (int)n;
	auto_free char *list = series_list(r);

	return err_set(e, X_NO_KERNEL, "no stable or longterm series in %s; there are %s", w->text, list);
}
