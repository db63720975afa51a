/* entries.h: git's tree object, as it is stored: "{mode in octal} {name}\0{id}" again and again. Anybody may have made it. */
#pragma once
#include "fetch/git/refs.h"
#include <stddef.h>
struct err;

enum git_entry_kind { GIT_ENTRY_FILE, GIT_ENTRY_PROGRAM, GIT_ENTRY_LINK, GIT_ENTRY_FOLDER, GIT_ENTRY_MODULE };

struct git_entry {
	enum git_entry_kind kind;
	const char *name; /* in the object; no slash, no control character, not "", ".", ".." or ".git" */
	char id[GIT_ID];
};

struct git_entries {
	const char *at, *end;
	size_t id; /* bytes: 20 or 32 */
};

/* 1 and the next one, 0 at the end; X_BAD_ARCHIVE for what is no tree, and for names that lead elsewhere. */
int git_entries_next(struct git_entries *t, struct git_entry *entry, struct err *e);
int git_tree_hostile(const char *why, struct err *e);
