/* kver.h: version numbers of Linux: "6.12", "6.12.117", "6.15-rc3". */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

struct kver {
	unsigned major, minor, patch; /* patch 0 when it was not said */
	unsigned rc;                  /* 0: a release */
	unsigned parts;               /* 2 or 3 */
};

/* The whole text is "D.D[.D][-rcN]". */
bool kver_parse(struct kver *v, const char *text);
/* As strcmp; a release candidate comes before its release. */
int kver_cmp(const struct kver *a, const struct kver *b);
/* "6.12..6.16": two series, the older one first. X_USAGE otherwise. */
int kver_range(struct kver *from, struct kver *to, const char *text, struct err *e);
/* Of one series, "6.12". */
bool kver_same_series(const struct kver *a, const struct kver *b);
/* The longest such number text starts with ("7.3.4" of "7.3.4+deb13-cloud-amd64"); "" when there is none. */
void kver_prefix(const char *text, char *out, size_t max);
