#include "verifier/artifact.h"
#include "base/err.h"
#include "json/read.h"
#include "base/mem.h"
#include <stdbool.h>

void artifacts_free(struct artifacts *a)
{
	for (size_t i = 0; i < a->n; i++) {
		free(a->v[i].package);
		free(a->v[i].target);
		free(a->v[i].path);
	}
	free(a->v);
	*a = (struct artifacts){ 0 };
}

static bool is(const struct json *j, int tok, const char *word)
{
	auto_free char *text = NULL;
	struct err ignored;

	return tok >= 0 && json_kind(j, tok) == JSON_STRING && json_str(j, tok, &text, &ignored) == 0 &&
	       !strcmp(text, word);
}

static bool has(const struct json *j, int arr, const char *word)
{
	if (arr < 0 || json_kind(j, arr) != JSON_ARRAY)
		return false;
	for (int i = 0; i < json_count(j, arr); i++) {
		if (is(j, json_at(j, arr, i), word))
			return true;
	}
	return false;
}

static bool is_true(const struct json *j, int tok)
{
	struct err ignored;
	bool v = false;

	return json_bool(j, tok, &v, &ignored) == 0 && v;
}

/* "path+file:///ws/scx_a#0.1.0", "path+file:///ws/other#scx_a@0.1.0", and before cargo 1.77
 * "scx_a 0.1.0 (path+file:///ws/scx_a)". */
static char *package_name(const char *id)
{
	const char *hash = strrchr(id, '#'), *at;

	if (!hash)
		return xstrndup(id, strcspn(id, " "));
	at = strchr(hash, '@');
	if (at)
		return xstrndup(hash + 1, (size_t)(at - hash) - 1);
	size_t n = (size_t)(hash - id), q = strcspn(id, "?");

	n = q < n ? q : n;
	while (n && id[n - 1] == '/')
		n--;
	const char *slash = memrchr(id, '/', n);

	return slash ? xstrndup(slash + 1, n - (size_t)(slash - id) - 1) : xstrdup("");
}

static void take(struct artifacts *a, const char *line, size_t n, bool tests)
{
	auto_json struct json j = { 0 };
	auto_free char *id = NULL, *target = NULL, *path = NULL;
	struct err ignored;

	if (json_parse(&j, line, n, &ignored) < 0 || json_kind(&j, 0) != JSON_OBJECT ||
	    !is(&j, json_get(&j, 0, "reason"), "compiler-artifact"))
		return;
	int t = json_get(&j, 0, "target"), profile = json_get(&j, 0, "profile"), p = json_get(&j, 0, "package_id");

	bool test = profile >= 0 && json_kind(&j, profile) == JSON_OBJECT && is_true(&j, json_get(&j, profile, "test"));

	if (t < 0 || json_kind(&j, t) != JSON_OBJECT || test != tests ||
	    (!tests && !has(&j, json_get(&j, t, "kind"), "bin")))
		return;
	if (json_str(&j, json_get(&j, t, "name"), &target, &ignored) != 0 ||
	    json_str(&j, json_get(&j, 0, "executable"), &path, &ignored) != 0)
		return;
	if (json_str(&j, p, &id, &ignored) != 0)
		id = xstrdup("");
	a->v = xreallocarray(a->v, a->n + 1, sizeof(*a->v));
	a->v[a->n++] = (struct artifact){ package_name(id), TAKE(target), TAKE(path) };
}

static void read_lines(struct artifacts *a, const char *text, size_t n, bool tests)
{
	const char *end = text + n;

	while (text < end && a->n < ARTIFACTS_MAX) {
		const char *line = text, *stop = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((stop ? stop : end) - line);

		if (len && *line == '{' && len <= ARTIFACT_LINE)
			take(a, line, len, tests);
		text = stop ? stop + 1 : end;
	}
}

void artifacts_read(struct artifacts *a, const char *text, size_t n)
{
	read_lines(a, text, n, false);
}

void artifacts_read_tests(struct artifacts *a, const char *text, size_t n)
{
	read_lines(a, text, n, true);
}

/* Whether spec can mean a package of this name. An address names one package, and cargo knows which. */
static bool means(const char *spec, const char *package)
{
	size_t n = strcspn(spec, "@:");

	return strpbrk(spec, "/#") || (strlen(package) == n && !memcmp(spec, package, n));
}

static bool fits(const struct artifact *a, const char *spec, const char *bin)
{
	return means(spec, a->package) && (!bin || !strcmp(a->target, bin));
}

static int by_target(const void *a, const void *b)
{
	return strcmp((*(const struct artifact *const *)a)->target, (*(const struct artifact *const *)b)->target);
}

int artifacts_choose(const struct artifacts *a, const char *spec, const char *bin, const struct artifact **which,
		     struct err *e)
{
	auto_free const struct artifact **found = xcalloc(a->n + 1, sizeof(struct artifact *));
	auto_free char *names = NULL;
	size_t size, n = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (fits(&a->v[i], spec, bin))
			found[n++] = &a->v[i];
	}
	qsort(found, n, sizeof(*found), by_target); /* cargo tells them as they get done */
	FILE *f = xmemstream(&names, &size);

	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s", i ? ", " : "", found[i]->target);
	fclose(f);
	if (n > 1)
		return err_set(e, X_USAGE, "package '%s' has %zu binaries; --bin NAME chooses one: %s", spec, n, names);
	if (!n)
		return err_set(e, X_BAD_SCHED, "no binary artifact found for package '%s'%s%s%s", spec,
			       bin ? " and --bin '" : "", bin ? bin : "", bin ? "'" : "");
	*which = found[0];
	return 0;
}
