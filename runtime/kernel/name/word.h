/* word.h: the word that names a kernel, behind --kernel, behind `kernel build` or in KTSTR_KERNEL: parsed once, where it comes in,
 * and handed on like this. What each kind means where: id.h and docs/kernels.md. */
#pragma once
#include "text/kver.h"
#include <stddef.h>
struct err;

enum kernel_word_kind {
	KWORD_PATH,    /* "../linux" "/boot/vmlinuz" "~/linux" "." */
	KWORD_RELEASE, /* "6.14.2" "6.15-rc3": from */
	KWORD_SERIES,  /* "6.12": from */
	KWORD_MAJOR,   /* "6": from.major. A series of series to who fetches; a name like any other to the cache */
	KWORD_RANGE,   /* "6.12..6.16": from, to */
	KWORD_RUNNING, /* "running" */
	KWORD_GIT,     /* "git+https://…/linux.git#tag=v6.14", also branch=, sha= and ref=: url, url_n, ref */
	KWORD_NAME,    /* all else: a key, a release's whole name, the beginning of a key; or a file */
};

struct kernel_word {
	enum kernel_word_kind kind;
	struct kver from, to;
	const char *text;      /* as it was written; the caller's */
	const char *url, *ref; /* GIT: within text; url without an end of its own */
	size_t url_n;
};

/* Reads text, which may be anything. X_USAGE for what begins like a range ("6.12..") and is none, and for a repository
 * ("git+…") without an address or a ref. */
int kernel_word_parse(struct kernel_word *w, const char *text, struct err *e);
/* "6.14.2", "6.15-rc3" or "6.12". */
bool kernel_word_is_version(const struct kernel_word *w);
