#include "kernel/name/key.h"

#include "base/mem.h"
#include <stdbool.h>

/* The last part of our keys: changes when the files of an entry would come out differently from the same source. */
#define ENTRY_FORMAT "f1"

enum { WORD_MAX = 100 };

/* A part of a key that others have chosen: no folder, nothing hidden, and short enough for one file name with the rest. */
static char *word(const char *text)
{
	char *out = xstrndup(text, WORD_MAX);

	for (char *p = out; *p; p++) {
		bool good = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') ||
			    strchr("_+-", *p) || (*p == '.' && p > out && p[-1] != '.');

		if (!good)
			*p = '-';
	}
	return out;
}

static char *key(const char *head, const struct kernel_build_how *how)
{
	return xasprintf("%s-%s-kc%s%s%s%s-" ENTRY_FORMAT, head, how->arch, how->kc, how->extra_kc ? "-x" : "",
			 how->extra_kc ? how->extra_kc : "", how->llvm ? "-llvm" : "");
}

char *key_tarball(const char *version, const struct kernel_build_how *how)
{
	auto_free char *name = word(version);
	auto_free char *head = xasprintf("%s-tarball", name);

	return key(head, how);
}

char *key_git(const char *ref, const char *commit, const struct kernel_build_how *how)
{
	auto_free char *name = word(ref);
	auto_free char *head = xasprintf("%s-git-%.7s", name, commit);

	return key(head, how);
}

char *key_local(const char *commit, const char *version, const char *tree, const struct kernel_build_how *how)
{
	auto_free char *name = word(version);
	auto_free char *head = commit ? xasprintf("local-%.7s", commit) : xasprintf("local-%s-%.8s", name, tree);

	return key(head, how);
}
