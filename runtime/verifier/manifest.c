#include "verifier/manifest.h"
#include "base/err.h"
#include "base/mem.h"
#include "json/read.h"
#include <stdbool.h>

enum { LIST_MAX = 256 };

void manifest_free(struct manifest *m)
{
	free(m->default_run);
	free(m->needs);
	free(m->features);
	*m = (struct manifest){ 0 };
}

static char *text_of(const struct json *j, int tok)
{
	struct err ignored;
	char *text = NULL;

	return tok >= 0 && json_kind(j, tok) == JSON_STRING && json_str(j, tok, &text, &ignored) == 0 ? text : NULL;
}

static int member(const struct json *j, int obj, const char *name, enum json_kind kind)
{
	int tok = json_kind(j, obj) == JSON_OBJECT ? json_get(j, obj, name) : -1;

	return tok >= 0 && json_kind(j, tok) == kind ? tok : -1;
}

/* "name", "name@1.2", "name:1.2", or an address, which is in the package's id. */
static bool means(const char *spec, const char *name, const char *version, const char *id)
{
	size_t n = strcspn(spec, "@:");

	if (strpbrk(spec, "/#"))
		return id && strstr(id, spec);
	return name && strlen(name) == n && !memcmp(spec, name, n) &&
	       (!spec[n] || (version && !strncmp(version, spec + n + 1, strlen(spec + n + 1))));
}

static int find_package(const struct json *j, const char *spec)
{
	int all = member(j, 0, "packages", JSON_ARRAY), found = -1;

	for (int i = 0; i < json_count(j, all); i++) {
		int p = json_at(j, all, i);
		auto_free char *name = text_of(j, member(j, p, "name", JSON_STRING));
		auto_free char *version = text_of(j, member(j, p, "version", JSON_STRING));
		auto_free char *id = text_of(j, member(j, p, "id", JSON_STRING));

		if (!means(spec, name, version, id))
			continue;
		if (found >= 0)
			return -1;
		found = p;
	}
	return found;
}

static bool is_program(const struct json *j, int target)
{
	int kinds = member(j, target, "kind", JSON_ARRAY);

	for (int i = 0; i < json_count(j, kinds); i++) {
		auto_free char *kind = text_of(j, json_at(j, kinds, i));

		if (kind && !strcmp(kind, "bin"))
			return true;
	}
	return false;
}

struct lists {
	FILE *needs, *features;
	size_t n;
};

/* A name that was added before does no harm to cargo. */
static void add_program(struct lists *l, const struct json *j, int target)
{
	auto_free char *name = text_of(j, member(j, target, "name", JSON_STRING));
	int features = member(j, target, "required-features", JSON_ARRAY), n = json_count(j, features);

	if (!name || !n || !is_program(j, target))
		return;
	fprintf(l->needs, "%s%s requires ", ftell(l->needs) ? ", " : "", name);
	for (int i = 0; i < n && l->n < LIST_MAX; i++, l->n++) {
		auto_free char *feature = text_of(j, json_at(j, features, i));

		if (!feature)
			continue;
		fprintf(l->needs, "%s%s", i ? " and " : "", feature);
		fprintf(l->features, "%s%s", l->n ? "," : "", feature);
	}
}

int manifest_read(struct manifest *m, const char *text, size_t n, const char *spec, struct err *e)
{
	auto_json struct json j = { 0 };
	auto_free char *needs = NULL, *features = NULL;
	size_t needs_n, features_n;
	struct lists l = { 0 };

	if (json_parse(&j, text, n, e) < 0)
		return err_in(e, "cargo metadata");
	int package = find_package(&j, spec), targets = package < 0 ? -1 : member(&j, package, "targets", JSON_ARRAY);

	if (package < 0)
		return 0;
	l.needs = xmemstream(&needs, &needs_n);
	l.features = xmemstream(&features, &features_n);
	for (int i = 0; i < json_count(&j, targets); i++)
		add_program(&l, &j, json_at(&j, targets, i));
	fclose(l.needs);
	fclose(l.features);
	m->default_run = text_of(&j, member(&j, package, "default_run", JSON_STRING));
	m->needs = *needs ? TAKE(needs) : NULL;
	m->features = *features ? TAKE(features) : NULL;
	return 0;
}
