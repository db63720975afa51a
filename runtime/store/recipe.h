/* recipe.h: what a result depends on, as text a person can diff; its hash is the result's key.
 *
 * One line per fact, in the order the step states them:
 *   step    snapshot 3                      name and format number; bump it to forget old results
 *   str     machine qemu-system-x86_64 -nodefaults …
 *   file    kernel 9c1e… 24117248           SHA-256 of the content, size; never a path
 *   tool    qemu QEMU emulator version 7.2.22
 * Values are escaped (\n, \\, non-printable as \xNN) so that a line is a fact. No times, no absolute paths, no host
 * names, no locale. Facts that are sets are sorted by the caller. */
#pragma once
#include "store/digest.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;
struct hashes;

struct recipe_input {
	char *path;
	char hex[KEY_LEN + 1];
};

struct recipe {
	FILE *f;
	char *text;
	size_t n;
	struct recipe_input *in; /* files that were stated, for recipe_holds */
	size_t n_in;
	struct hashes *hashes; /* where recipe_tool remembers answers; not owned, NULL after recipe_open: nowhere */
};

void recipe_open(struct recipe *r, const char *step, unsigned format);
void recipe_str(struct recipe *r, const char *tag, const char *value); /* NULL: written as absent ("-") */
void recipe_u64(struct recipe *r, const char *tag, uint64_t value);
/* Content of a regular file, hashed through the stat cache. X_NO_INPUT when it cannot be read,
 * X_USAGE when path is NULL: an option that was not given. */
int recipe_file(struct recipe *r, const char *tag, const char *path, struct hashes *h, struct err *e);
/* A file whose hash was stated in another way: recipe_holds looks at it, too. */
void recipe_input(struct recipe *r, const char *path, const char *hex);
/* Whether all those files still are what was stated. X_NO_INPUT names the first that is not: what was made of it meanwhile may be
 * of either content, and must not be kept as a result of this recipe. */
int recipe_holds(const struct recipe *r, struct hashes *h, struct err *e);
/* A content hash made elsewhere (a source tree's). */
void recipe_hash(struct recipe *r, const char *tag, const char *hex, uint64_t size);
/* First line of what argv prints, and the content of its file as "{tag}.program": one that was built anew says the same
 * version. Without r->hashes the line alone. X_NO_TOOL when it cannot run. Remembered when r->hashes is
 * set, see hashes_recall. said: that line, for the caller to free; may be NULL. */
int recipe_tool(struct recipe *r, const char *tag, const char *const *argv, char **said, struct err *e);
/* Complete text so far (ours until recipe_close) and its key. */
const char *recipe_text(struct recipe *r);
void recipe_key(struct recipe *r, char key[KEY_LEN + 1]);
void recipe_close(struct recipe *r);
#define auto_recipe __attribute__((unused, cleanup(recipe_close)))

/* Facts that differ between two recipes, "  kernel: file 9c1e… -> file 77ab…" each, "none" on the side that lacks it;
 * "" when equal. Caller frees. */
char *recipe_diff(const char *before, const char *after);
