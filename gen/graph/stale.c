#include "gen/graph/stale.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/base/index.h"
#include "gen/graph/folder.h"
#include "gen/graph/plan.h"
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "ktstr inputs 1\n"

enum { INPUTS_MAX = 64 << 20 };

/* What was and what is: from a path to the identity of its file. */
struct inputs {
	char *text; /* of "inputs"; was has its words */
	struct index was, is;
	char **own; /* identities in is */
	size_t n;
	FILE *f; /* the new text */
	char *now;
	size_t now_n;
};

static void inputs_free(struct inputs *in)
{
	for (size_t i = 0; i < in->n; i++)
		free(in->own[i]);
	free(in->own);
	index_free(&in->was);
	index_free(&in->is);
	free(in->text);
	free(in->now);
}

/* A line that is none of ours names no path that is asked for, and one that was cut off has another identity. */
static void inputs_read(struct inputs *in, int dir)
{
	struct err ignored;
	char *save = NULL;

	if (file_read(dir, "inputs", INPUTS_MAX, &in->text, NULL, &ignored) < 0 ||
	    strncmp(in->text, HEAD, strlen(HEAD)) != 0)
		return;
	for (char *line = strtok_r(in->text + strlen(HEAD), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *tab = strchr(line, '\t');

		if (!tab)
			continue;
		*tab = '\0';
		index_add(&in->was, tab + 1, line);
	}
}

static char *identity(int dir, const char *path)
{
	struct stat st;

	if (fstatat(dir, path, &st, 0) < 0)
		return xstrdup("none");
	return xasprintf("%ju %ju %jd %jd%09ld %jd%09ld", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
			 (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			 (intmax_t)st.st_ctim.tv_sec, st.st_ctim.tv_nsec);
}

static bool is_other(struct inputs *in, int dir, const char *path)
{
	const char *was = index_find(&in->was, path), *is = index_find(&in->is, path);

	if (!is) {
		if (!(in->n & (in->n - 1)))
			in->own = xreallocarray(in->own, in->n ? 2 * in->n : 1, sizeof(*in->own));
		is = in->own[in->n++] = identity(dir, path);
		index_add(&in->is, path, in->own[in->n - 1]);
		fprintf(in->f, "%s\t%s\n", is, path);
	}
	return !was || strcmp(was, is) != 0;
}

/* All of them are looked at, so that all are written down. What steps of ours make is ninja's business. */
static bool have_others(struct inputs *in, int dir, const struct strs *paths)
{
	bool other = false;

	for (size_t i = 0; i < paths->n; i++)
		if (*paths->v[i] == '/' || !strncmp(paths->v[i], PLAN_TOOLS, strlen(PLAN_TOOLS)))
			other |= is_other(in, dir, paths->v[i]);
	return other;
}

static bool is_stale(struct inputs *in, int dir, const struct edge *g)
{
	if (g->always)
		return false;
	bool other = have_others(in, dir, &g->ins);

	return have_others(in, dir, &g->implicit) || other || g->again;
}

/* What is taken away first is made again, whatever becomes of us before the list is written. */
void stale_forget(const struct folder *b, const struct plan *p)
{
	struct inputs in = { 0 };
	struct err ignored;

	inputs_read(&in, b->dir);
	in.f = xmemstream(&in.now, &in.now_n);
	fputs(HEAD, in.f);
	for (size_t i = 0; i < p->n_edges; i++) {
		const struct edge *g = p->edges[i];

		/* One that is missing is enough, and the step tells by the others why it runs. */
		if (is_stale(&in, b->dir, g))
			(void)unlinkat(b->dir, g->outs.v[0], 0);
	}
	fclose(in.f);
	/* An old list would tell of a file that comes back that nothing was made of another one. */
	if (file_write(b->dir, "inputs", in.now, in.now_n, &ignored) < 0)
		(void)unlinkat(b->dir, "inputs", 0);
	inputs_free(&in);
}
