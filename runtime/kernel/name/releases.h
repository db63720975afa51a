/* releases.h: which kernels there are, by kernel.org's releases.json, and which of them a request means.
 *
 * The file's order is trusted: newest first. Elements without the texts "moniker" and "version", or with a version we
 * cannot read ("next-20260101"), are passed over. The text may come from anywhere. */
#pragma once
#include "text/kver.h"
#include <stddef.h>
struct err;
struct kernel_word;

struct release {
	char moniker[16]; /* "mainline" "stable" "longterm" … */
	char version[32];
	struct kver v;
};

struct releases {
	struct release *v;
	size_t n;
};

int releases_parse(struct releases *r, const char *text, size_t n, struct err *e);
void releases_free(struct releases *r);
#define auto_releases __attribute__((unused, cleanup(releases_free)))

/* Each returns a version that points into r, or NULL with X_NO_KERNEL and what there is instead.
 *
 * The first stable or longterm release with a patch level of at least 8: a series that just opened is not what somebody
 * wants who did not ask for it (upstream 0.3.2's rule). */
const char *releases_latest(const struct releases *r, struct err *e);
/* "6.12": the newest release of that series, mainline left out; "6": of all 6.x. X_USAGE for another word. */
const char *releases_series(const struct releases *r, const struct kernel_word *w, struct err *e);

/* "6.12..6.16": the newest release of every stable and longterm series from one to the other, both included, oldest
 * first. Writes at most max pointers into r; returns their number, negative (X_USAGE for another word,
 * X_NO_KERNEL for one that holds nothing). */
int releases_range(const struct releases *r, const struct kernel_word *w, const char **out, size_t max, struct err *e);
