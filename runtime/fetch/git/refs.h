/* refs.h: the names a repository gives its commits. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

/* An object's id as hex digits: 40 of SHA-1, 64 of SHA-256; and a NUL. */
enum { GIT_SHA1_HEX = 40, GIT_SHA256_HEX = 64, GIT_ID = GIT_SHA256_HEX + 1 };

struct git_ref {
	char oid[GIT_ID];    /* what it points to: a commit, or an annotated tag */
	char peeled[GIT_ID]; /* the commit behind the tag; "" when oid is one itself, or when nobody told */
	char *name;          /* "HEAD", "refs/heads/x"; printable UTF-8 without spaces */
};

struct git_refs {
	struct git_ref *v;
	size_t n, room;
	char *head; /* what HEAD is another name of; NULL: not known */
};

/* Whether s, n bytes, is 40 or 64 lower-case hex digits. */
bool git_is_oid(const char *s, size_t n);
/* The same of either case, made lower: a full commit id as people write it. */
bool git_full_id(const char *ref, char id[GIT_ID]);
/* What `git ls-remote --symref` and `git show-ref --head -d` print: "{id} {name}" lines, with a tab or a space, "{name}^{}"
 * for what the tag before stands for, "ref: {name}\tHEAD" for what HEAD is. Negative for a name or an id that git would not
 * have, and for more than a million names. */
int git_refs_parse(struct git_refs *r, const char *text, size_t n, struct err *e);
/* By full name, as branch, as tag, below "refs/", in this order. NULL: none. */
const struct git_ref *git_refs_find(const struct git_refs *r, const char *ref);
/* One that means this commit. NULL: none. */
const struct git_ref *git_refs_with(const struct git_refs *r, const char *commit);
/* The commit it means. */
const char *git_ref_commit(const struct git_ref *ref);
/* X_NO_INPUT: what has no such ref, and up to three names that are near. */
int git_refs_none(const struct git_refs *r, const char *ref, const char *url, struct err *e);
void git_refs_free(struct git_refs *r);
#define auto_refs __attribute__((unused, cleanup(git_refs_free)))
