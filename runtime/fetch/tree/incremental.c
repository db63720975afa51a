#include "fetch/tree/incremental.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "fetch/tree/files.h"
#include "fetch/tree/srctree.h"
#include "store/recipe.h"

#define NAME "ktstr-sources"

enum { LIST_MAX = 1 << 30 };

/* One record of a list: "path\0kind hash\n". */
struct record {
	const char *path, *rest;
	size_t n; /* of rest */
};

static bool next(const char **p, const char *end, struct record *r)
{
	const char *zero = *p < end ? memchr(*p, '\0', (size_t)(end - *p)) : NULL;
	const char *line = zero ? memchr(zero, '\n', (size_t)(end - zero)) : NULL;

	if (!line)
		return false;
	*r = (struct record){ *p, zero + 1, (size_t)(line - zero - 1) };
	*p = line + 1;
	return true;
}

static bool later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Whether make sees each difference between the lists: both are sorted by path, and the new one has f's files in order. */
static bool seen_by_make(const char *old, size_t old_n, const char *new, size_t new_n, const struct source_files *f,
			 const struct timespec *then)
{
	const char *o = old, *n = new;
	struct record a, b;
	bool have = next(&o, old + old_n, &a);

	for (size_t i = 0; next(&n, new + new_n, &b) && i < f->n; i++) {
		while (have && strcmp(a.path, b.path) < 0)
			have = next(&o, old + old_n, &a);
		if (have && !strcmp(a.path, b.path) && a.n == b.n && !memcmp(a.rest, b.rest, a.n))
			continue;
		if (!later(&f->v[i].st.st_mtim, then))
			return false;
	}
	return true;
}

/* What lies in out was made from files that make can compare with those of now. */
static bool trusted(const char *out, const char *list, size_t n, const struct source_files *f)
{
	auto_free char *path = xasprintf("%s/" NAME, out);
	auto_free char *config = xasprintf("%s/.config", out);
	auto_free char *old = NULL;
	struct timespec then;
	struct err none;
	size_t old_n;
	long long sec;
	long nsec;
	int at = 0;

	if (file_read(AT_FDCWD, path, LIST_MAX, &old, &old_n, &none) < 0)
		return !file_exists(config); /* nothing was made here yet */
	if (sscanf(old, "%lld %ld\n%n", &sec, &nsec, &at) != 2 || !at)
		return false;
	then = (struct timespec){ (time_t)sec, nsec };
	return seen_by_make(old + at, old_n - (size_t)at, list, n, f, &then);
}

static int remember(const char *out, const struct timespec *now, const char *list, size_t n, struct err *e)
{
	auto_free char *path = xasprintf("%s/" NAME, out);
	auto_free char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	fprintf(f, "%lld %ld\n", (long long)now->tv_sec, now->tv_nsec);
	fwrite(list, 1, n, f);
	fclose(f);
	return file_write(AT_FDCWD, path, text, size, e) < 0 ? -1 : 0;
}

int incremental_prepare(const char *store, const char *source, const char *out, const char *tree, struct err *e)
{
	auto_source_files struct source_files f = { .root = -1 };
	auto_free char *list = NULL;
	char hex[KEY_LEN + 1];
	struct timespec now;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	if (srctree_list(store, source, &f, &list, &n, hex, NULL, e) < 0)
		return -1;
	if (strcmp(hex, tree) != 0)
		return err_set(e, X_BUILD, "%s changed since it was looked at; build again", source);
	if (!trusted(out, list, n, &f) && rmtree(AT_FDCWD, out, e) < 0)
		return -1;
	if (mkdir_p(AT_FDCWD, out, 0777, e) < 0)
		return -1;
	return remember(out, &now, list, n, e);
}
