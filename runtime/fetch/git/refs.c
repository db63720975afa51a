#include "fetch/git/refs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/utf8.h"
#include "text/distance.h"

enum { REFS_MAX = 1000000, NAME_MAX_LEN = 1024, SHOWN = 3, SHORTEST_ID = 7 };

bool git_is_oid(const char *s, size_t n)
{
	if (n != GIT_SHA1_HEX && n != GIT_SHA256_HEX)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr("0123456789abcdef", s[i]) || !s[i])
			return false;
	return true;
}

bool git_full_id(const char *ref, char id[GIT_ID])
{
	size_t n = strlen(ref);

	if ((n != GIT_SHA1_HEX && n != GIT_SHA256_HEX) || strspn(ref, "0123456789abcdefABCDEF") != n)
		return false;
	for (size_t i = 0; i <= n; i++)
		id[i] = (char)tolower((unsigned char)ref[i]);
	return true;
}

/* They are shown to people and become parts of file names later. */
static bool good_name(const char *name, size_t n)
{
	if (n == 0 || n > NAME_MAX_LEN)
		return false;
	for (size_t i = 0, len; i < n; i += len) {
		len = utf8_len(name + i, n - i);
		/* 0xc2 and less than 0xa0: control characters of Latin 1, which some terminals obey. */
		if (!len || (unsigned char)name[i] <= ' ' || name[i] == 127 ||
		    (len == 2 && (unsigned char)name[i] == 0xc2 && (unsigned char)name[i + 1] < 0xa0))
			return false;
	}
	return true;
}

static int no_sense(struct err *e)
{
	return err_set(e, X_NETWORK, "a branch or tag with a name or an id that cannot be");
}

static int add(struct git_refs *r, const char *oid, size_t digits, const char *name, size_t n, struct err *e)
{
	struct git_ref new = { .peeled = "" };

	if (r->n == REFS_MAX)
		return err_set(e, X_NETWORK, "more than %d branches and tags", REFS_MAX);
	if (!git_is_oid(oid, digits) || !good_name(name, n))
		return no_sense(e);
	if (r->n == r->room) {
		r->room = r->room ? r->room * 2 : 64;
		r->v = xreallocarray(r->v, r->room, sizeof(*r->v));
	}
	memcpy(new.oid, oid, digits);
	new.name = xstrndup(name, n);
	r->v[r->n++] = new;
	return 0;
}

static int peeled(struct git_refs *r, const char *oid, size_t digits, const char *name, size_t n, struct err *e)
{
	struct git_ref *last = r->n ? &r->v[r->n - 1] : NULL;

	if (!last || strlen(last->name) != n || memcmp(last->name, name, n) != 0 || !git_is_oid(oid, digits))
		return no_sense(e);
	memcpy(last->peeled, oid, digits);
	last->peeled[digits] = '\0';
	return 0;
}

static int one_line(struct git_refs *r, const char *line, size_t n, struct err *e)
{
	static const char symref[] = "ref: ", head[] = "\tHEAD";
	const size_t before = sizeof(symref) - 1, behind = sizeof(head) - 1;
	const char *name = line;
	size_t digits, len;

	if (n > before && !memcmp(line, symref, before)) {
		if (n > before + behind && !memcmp(line + n - behind, head, behind) && !r->head &&
		    good_name(line + before, n - before - behind))
			r->head = xstrndup(line + before, n - before - behind);
		return 0;
	}
	while (name < line + n && *name != '\t' && *name != ' ')
		name++;
	if (name == line + n)
		return no_sense(e);
	digits = (size_t)(name++ - line);
	len = n - digits - 1;
	if (len > 3 && !memcmp(name + len - 3, "^{}", 3))
		return peeled(r, line, digits, name, len - 3, e);
	return add(r, line, digits, name, len, e);
}

int git_refs_parse(struct git_refs *r, const char *text, size_t n, struct err *e)
{
	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;

		if (len && one_line(r, text, len, e) < 0)
			return -1;
		len += end ? 1 : 0;
		text += len;
		n -= len;
	}
	return 0;
}

void git_refs_free(struct git_refs *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->v[i].name);
	free(r->v);
	free(r->head);
	*r = (struct git_refs){ 0 };
}

static const struct git_ref *named(const struct git_refs *r, const char *prefix, const char *rest)
{
	size_t n = strlen(prefix);

	for (size_t i = 0; i < r->n; i++)
		if (!strncmp(r->v[i].name, prefix, n) && !strcmp(r->v[i].name + n, rest))
			return &r->v[i];
	return NULL;
}

const struct git_ref *git_refs_find(const struct git_refs *r, const char *ref)
{
	static const char *const prefixes[] = { "", "refs/heads/", "refs/tags/", "refs/" };

	for (size_t i = 0; i < countof(prefixes); i++) {
		const struct git_ref *found = named(r, prefixes[i], ref);

		if (found)
			return found;
	}
	return NULL;
}

const char *git_ref_commit(const struct git_ref *ref)
{
	return *ref->peeled ? ref->peeled : ref->oid;
}

const struct git_ref *git_refs_with(const struct git_refs *r, const char *commit)
{
	for (size_t i = 0; i < r->n; i++)
		if (!strcmp(git_ref_commit(&r->v[i]), commit))
			return &r->v[i];
	return NULL;
}

static const char *short_name(const char *name)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/tags/" };

	for (size_t i = 0; i < countof(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return name + strlen(prefixes[i]);
	return NULL;
}

struct near {
	const char *name;
	unsigned distance;
};

static void insert(struct near list[SHOWN], size_t *n, struct near new)
{
	size_t at = *n;

	for (size_t i = 0; i < *n; i++)
		if (!strcmp(list[i].name, new.name))
			return;
	for (; at > 0 && list[at - 1].distance > new.distance; at--)
		if (at < SHOWN)
			list[at] = list[at - 1];
	if (at < SHOWN)
		list[at] = new;
	*n += *n < SHOWN;
}

/* The last part counts too: "next" is near "for-6.20/next". */
static unsigned distance(const char *ref, const char *name)
{
	const char *last = strrchr(name, '/');
	unsigned all = edit_distance_prefix(ref, name), end = last ? edit_distance_prefix(ref, last + 1) : all;

	return end < all ? end : all;
}

static size_t near_names(const struct git_refs *r, const char *ref, struct near list[SHOWN])
{
	size_t far = strlen(ref) < 3 ? 1 : strlen(ref) / 3, n = 0;

	for (size_t i = 0; i < r->n; i++) {
		const char *name = short_name(r->v[i].name);
		struct near new = { name, name ? distance(ref, name) : 0 };

		if (name && new.distance <= far)
			insert(list, &n, new);
	}
	return n;
}

int git_refs_none(const struct git_refs *r, const char *ref, const char *url, struct err *e)
{
	struct near list[SHOWN];
	size_t n = near_names(r, ref, list), len = strlen(ref), full, size;
	auto_free char *names = NULL;
	FILE *f;

	if (r->n == 0)
		return err_set(e, X_NO_INPUT, "%s has no branch and no tag yet", url);
	full = strlen(r->v[0].oid);
	f = xmemstream(&names, &size);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%s", i ? ", " : "; near it: ", list[i].name);
	if (!n && r->head && short_name(r->head))
		fprintf(f, "; its default branch is %s", short_name(r->head));
	if (len >= SHORTEST_ID && len < full && strspn(ref, "0123456789abcdefABCDEF") == len)
		fprintf(f, "; a commit id is asked for with all its %zu digits", full);
	fclose(f);
	return err_set(e, X_NO_INPUT, "%s has no branch or tag '%s'%s", url, ref, names);
}
