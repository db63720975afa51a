#include "fetch/git/remote.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "fetch/git/address.h"
#include "fetch/git/objects.h"
#include "fetch/git/program.h"

/* A million names take about that much. */
enum { NAMES_MAX = 256 << 20 };

static int other_repository(const struct git_address *a, struct git_refs *refs, struct err *e)
{
	const struct git_how h = {
		.args = (const char *const[]){ "ls-remote", "--symref", "--", a->shown, NULL },
		.remote = a,
		.max = NAMES_MAX,
	};
	auto_free char *text = NULL;
	size_t n;

	if (git_run(&h, &text, &n, e) < 0) {
		if (e->code == X_NO_INPUT)
			return err_in(e, "there is no git repository at %s, or it is not given out", a->shown);
		if (strstr(e->msg, "could not read Username") || strstr(e->msg, "Authentication failed"))
			return err_as(e, e->code,
				      "%s: there may be no such repository, or it wants a login (401): a credential "
				      "helper of git's or ~/.netrc can have it",
				      a->shown);
		return err_in(e, "%s", a->shown);
	}
	if (git_refs_parse(refs, text, n, e) < 0)
		return err_in(e, "%s", a->shown);
	/* Git takes any page for the list of a server without a protocol. */
	if (!refs->n && !strncasecmp(a->shown, "http", 4))
		return err_set(e, X_NO_INPUT, "%s has no branch and no tag yet, or there is no git repository",
			       a->shown);
	return 0;
}

int remote_refs(const struct git_address *a, struct git_refs *refs, struct err *e)
{
	auto_git_store struct git_store *s = NULL;

	if (!a->local)
		return other_repository(a, refs, e);
	return git_store_open(&s, a->path, e) < 0 ? -1 : git_store_refs(s, refs, e);
}

static int take(const struct git_refs *refs, const struct git_ref *found, struct remote_ref *r)
{
	const char *name = !strcmp(found->name, "HEAD") && refs->head ? refs->head : found->name;

	memcpy(r->commit, git_ref_commit(found), sizeof(r->commit));
	r->name = xstrdup(name);
	return 0;
}

int remote_ref_find(const char *url, const char *ref, struct remote_ref *r, struct err *e)
{
	auto_git_address struct git_address a = { 0 };
	auto_refs struct git_refs refs = { 0 };
	const struct git_ref *found;

	*r = (struct remote_ref){ .name = NULL };
	if (git_address(&a, url, e) < 0)
		return -1;
	if (!*ref)
		return err_set(e, X_USAGE, "a branch, a tag or a commit id is needed");
	if (git_full_id(ref, r->commit))
		return 0;
	if (remote_refs(&a, &refs, e) < 0)
		return -1;
	found = git_refs_find(&refs, ref);
	return found ? take(&refs, found, r) : git_refs_none(&refs, ref, a.shown, e);
}

void remote_ref_free(struct remote_ref *r)
{
	free(TAKE(r->name));
}
