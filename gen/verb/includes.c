#include "gen/verb/includes.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"

#define ROOT "/include-files"

enum { FILES_MAX = 100000, PAGE = 4096, BETWEEN_STOPS = 256 };

void includes_free(struct includes *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].guest);
		free(l->v[i].host);
	}
	free(l->v);
	*l = (struct includes){ 0 };
}

/* Takes both. */
static int put(struct includes *l, char *guest, char *host, struct err *e)
{
	l->v = xreallocarray(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = (struct include){ guest, host };
	if (l->n > FILES_MAX)
		return err_set(e, X_USAGE, "more than %d files to include", FILES_MAX);
	for (const char *p = guest; *p; p++)
		if ((unsigned char)*p < ' ')
			return err_set(e, X_USAGE, "cannot include %s: its name has a control character", host);
	return 0;
}

static int walk(struct includes *l, FTS *tree, const char *top, const char *name, struct err *e)
{
	size_t before = l->n;
	FTSENT *f;

	for (size_t i = 0; (errno = 0, f = fts_read(tree)); i++) {
		if (i % BETWEEN_STOPS == 0 && stop_pending())
			return stop_err(e);
		switch (f->fts_info) {
		case FTS_F:
			if (S_ISREG(f->fts_statp->st_mode) &&
			    put(l, xasprintf(ROOT "/%s%s", name, f->fts_path + strlen(top)), xstrdup(f->fts_path), e) <
				    0)
				return -1;
			break;
		case FTS_DNR:
		case FTS_ERR:
		case FTS_NS:
			errno = f->fts_errno;
			err_sys(e, "-i %s", f->fts_path);
			return err_as(e, X_NO_INPUT, "include");
		default:
			break; /* links into nowhere, loops, and the folders themselves */
		}
	}
	if (errno)
		return err_sys(e, "-i %s", top);
	if (l->n == before)
		log_warn("-i %s: directory contains no regular files", top);
	return 0;
}

static int add_folder(struct includes *l, char *top, const char *name, struct err *e)
{
	char *const roots[] = { top, NULL };
	FTS *tree;
	int r;

	tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	if (!tree)
		return err_sys(e, "-i %s", top);
	r = walk(l, tree, top, name, e);
	fts_close(tree);
	return r;
}

/* A program of that name in PATH; NULL when there is none. */
static char *in_path(const char *name)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		auto_free char *file = xasprintf("%.*s/%s", (int)n, path, name);
		struct stat st;

		if (n && stat(file, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111)
			return TAKE(file);
		path += n + (path[n] == ':');
	}
	return NULL;
}

/* The last component as the user wrote it: a link's own name, not its target's. */
static const char *last_name(const char *arg)
{
	const char *slash = strrchr(arg, '/');

	return slash ? slash + 1 : arg;
}

int includes_add(struct includes *l, const char *arg, struct err *e)
{
	auto_free char *trimmed = xstrdup(arg);
	auto_free char *found = NULL, *top = NULL;
	struct stat st;

	for (size_t n = strlen(trimmed); n > 1 && trimmed[n - 1] == '/'; n--)
		trimmed[n - 1] = '\0';
	const char *name = last_name(trimmed);
	bool bare = !strchr(trimmed, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;

	found = file_exists(trimmed) ? xstrdup(trimmed) : bare ? in_path(trimmed) : NULL;
	if (!found && bare)
		return err_set(e, X_NO_INPUT, "-i %s: not found in filesystem or PATH", arg);
	if (!found || stat(found, &st) < 0)
		return err_set(e, X_NO_INPUT, "--include-files path not found: %s", arg);
	top = realpath(found, NULL);
	if (!top)
		return err_sys(e, "-i %s", arg);
	if (S_ISDIR(st.st_mode)) {
		if (!*name || !strcmp(name, ".") || !strcmp(name, ".."))
			return err_set(e, X_USAGE, "include directory has no name: %s", arg);
		return add_folder(l, top, name, e);
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_NO_INPUT, "-i %s: neither a file nor a folder", arg);
	return put(l, xasprintf(ROOT "/%s", name), TAKE(top), e);
}

static int by_guest(const void *a, const void *b)
{
	return strcmp(((const struct include *)a)->guest, ((const struct include *)b)->guest);
}

int includes_settle(struct includes *l, struct err *e)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_guest);
	for (size_t i = 1; i < l->n; i++) {
		if (!strcmp(l->v[i - 1].guest, l->v[i].guest))
			return err_set(e, X_USAGE, "duplicate include path '%s': provided by both %s and %s",
				       l->v[i].guest + 1, l->v[i - 1].host, l->v[i].host);
	}
	return 0;
}

char *includes_path(const struct includes *l)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);
	auto_free char *last = xstrdup("");

	for (size_t i = 0; i < l->n; i++) {
		const char *guest = l->v[i].guest;
		auto_free char *dir = xstrndup(guest, (size_t)(strrchr(guest, '/') - guest));

		if (access(l->v[i].host, X_OK) != 0 || !strcmp(dir, last))
			continue;
		fprintf(f, "%s%s", ftell(f) ? ":" : "", dir);
		free(last);
		last = TAKE(dir);
	}
	fclose(f);
	return text;
}

uint64_t includes_bytes(const struct includes *l)
{
	uint64_t sum = 0;
	struct stat st;

	for (size_t i = 0; i < l->n; i++) {
		if (stat(l->v[i].host, &st) == 0)
			sum += ((uint64_t)st.st_size + PAGE - 1) / PAGE * PAGE;
	}
	return sum;
}
