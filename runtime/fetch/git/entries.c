#include "fetch/git/entries.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"

enum { MODE_TYPE = 0170000, MODE_FOLDER = 0040000, MODE_LINK = 0120000, MODE_MODULE = 0160000, MODE_RUN = 0111 };

int git_tree_hostile(const char *why, struct err *e)
{
	return err_set(e, X_BAD_ARCHIVE, "the commit's tree is hostile: %s", why);
}

static int good_name(const char *name, struct err *e)
{
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || !strcasecmp(name, ".git") || strchr(name, '/'))
		return git_tree_hostile("a file with a name like '.', '..' or '.git'", e);
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			return git_tree_hostile("a file name with control characters", e);
	return 0;
}

static enum git_entry_kind kind_of(unsigned mode)
{
	switch (mode & MODE_TYPE) {
	case MODE_FOLDER:
		return GIT_ENTRY_FOLDER;
	case MODE_LINK:
		return GIT_ENTRY_LINK;
	case MODE_MODULE:
		return GIT_ENTRY_MODULE;
	default:
		return mode & MODE_RUN ? GIT_ENTRY_PROGRAM : GIT_ENTRY_FILE;
	}
}

int git_entries_next(struct git_entries *t, struct git_entry *entry, struct err *e)
{
	static const char digits[] = "0123456789abcdef";
	unsigned mode = 0, n = 0;
	const char *end;

	if (t->at == t->end)
		return 0;
	for (; t->at < t->end && *t->at >= '0' && *t->at <= '7' && n < 7; t->at++, n++)
		mode = mode << 3 | (unsigned)(*t->at - '0');
	if (!n || t->at == t->end || *t->at++ != ' ')
		return git_tree_hostile("a folder that is none", e);
	end = memchr(t->at, '\0', (size_t)(t->end - t->at));
	if (!end || (size_t)(t->end - end - 1) < t->id)
		return git_tree_hostile("a folder that is cut", e);
	entry->kind = kind_of(mode);
	entry->name = t->at;
	if (good_name(entry->name, e) < 0)
		return -1;
	for (size_t i = 0; i < t->id; i++) {
		unsigned char c = (unsigned char)end[1 + i];

		entry->id[2 * i] = digits[c >> 4];
		entry->id[2 * i + 1] = digits[c & 15];
	}
	entry->id[2 * t->id] = '\0';
	t->at = end + 1 + t->id;
	return 1;
}
