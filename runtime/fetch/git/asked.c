#include "fetch/git/asked.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "text/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include "fetch/git/program.h"

enum { TEXT_MAX = 256 << 20, FIELD_MAX = 2 * PATH_MAX, FIELDS = 4 };

struct askedgit {
	char *dir, *dotgit, *index;
	char *list;         /* what ls-files printed */
	const char **paths; /* in it, sorted by bytes */
	size_t n;
	struct git_pipe *ignore; /* check-ignore; NULL: not asked yet */
};

static int ask(const struct askedgit *g, const char *const *args, const char *const *settings, char **text, size_t *n,
	       struct err *e)
{
	const struct git_how h = {
		.args = args,
		.repository = g->dotgit,
		.work_tree = g->dir,
		.settings = settings,
		.max = TEXT_MAX,
	};

	return git_run(&h, text, n, e) < 0 ? err_in(e, "%s: git", g->dir) : 0;
}

/* Git has nothing to say and no reason for it: an exit status alone. */
static bool nothing(const struct err *e)
{
	return e->code == X_NO_INPUT && strstr(e->msg, "git ended: exit status 1");
}

void askedgit_close(struct askedgit *g)
{
	if (!g)
		return;
	if (g->ignore)
		git_pipe_close(g->ignore);
	free(g->ignore);
	free(g->paths);
	free(g->list);
	free(g->index);
	free(g->dotgit);
	free(g->dir);
	free(g);
}

static int no_sense(const struct askedgit *g, struct err *e)
{
	return err_set(e, X_NO_INPUT, "%s: git's list of its files makes no sense", g->dir);
}

/* "{mode} {id} {stage}\t{path}\0", sorted by path. */
static int list_files(struct askedgit *g, struct err *e)
{
	size_t n, room = 0;

	if (ask(g, (const char *const[]){ "ls-files", "-s", "-z", NULL }, NULL, &g->list, &n, e) < 0)
		return -1;
	for (const char *p = g->list, *end = p + n; p < end; p += strlen(p) + 1) {
		const char *path = strchr(p, '\t');

		if (!path || (g->n && strcmp(g->paths[g->n - 1], path + 1) > 0))
			return no_sense(g, e);
		if (g->n == room) {
			room = room ? room * 2 : 1024;
			g->paths = xreallocarray(g->paths, room, sizeof(*g->paths));
		}
		g->paths[g->n++] = path + 1;
	}
	return 0;
}

/* 1 when its work tree is this folder, 0 when not. */
static int own_work_tree(struct askedgit *g, struct err *e)
{
	auto_free char *text = NULL;

	if (ask(g, (const char *const[]){ "rev-parse", "--is-inside-work-tree", "--show-cdup", NULL }, NULL, &text,
		NULL, e) < 0)
		return strstr(e->msg, "must be run in a work tree") ? 0 : -1;
	return !strcmp(text, "true\n\n") || !strcmp(text, "true\n");
}

static int find_index(struct askedgit *g, struct err *e)
{
	size_t n;

	if (ask(g, (const char *const[]){ "rev-parse", "--git-path", "index", NULL }, NULL, &g->index, &n, e) < 0)
		return -1;
	if (n && g->index[n - 1] == '\n')
		g->index[n - 1] = '\0';
	return 0;
}

int askedgit_open(struct askedgit **at, const char *dir, struct err *e)
{
	auto_free char *real = realpath(dir, NULL);
	struct askedgit *g;
	int r;

	*at = NULL;
	if (!real)
		return err_sys(e, "open %s", dir);
	g = xcalloc(1, sizeof(*g));
	g->dotgit = xasprintf("%s/.git", real);
	g->dir = TAKE(real);
	r = own_work_tree(g, e);
	if (r > 0)
		r = find_index(g, e) < 0 || list_files(g, e) < 0 ? -1 : 1;
	if (r > 0)
		*at = g;
	else
		askedgit_close(g);
	return r < 0 ? -1 : 0;
}

const char *askedgit_index(struct askedgit *g)
{
	return g->index;
}

int askedgit_head(struct askedgit *g, char commit[GIT_ID], struct err *e)
{
	auto_free char *text = NULL;

	commit[0] = '\0';
	if (ask(g, (const char *const[]){ "rev-parse", "-q", "--verify", "HEAD", NULL }, NULL, &text, NULL, e) < 0) {
		struct err why = *e;

		/* Before the first commit there is a branch, and nothing it stands at. */
		if (!nothing(e) ||
		    ask(g, (const char *const[]){ "symbolic-ref", "-q", "HEAD", NULL }, NULL, NULL, NULL, e) < 0) {
			*e = why;
			return -1;
		}
		return 0;
	}
	text[strcspn(text, "\n")] = '\0';
	if (!git_full_id(text, commit))
		return err_set(e, X_NO_INPUT, "%s: git's HEAD is no commit id", g->dir);
	return 0;
}

/* Settings that turn off every filter the configuration knows: NAME in "filter.NAME.clean" and its like. */
static int no_filters(const struct askedgit *g, struct argv *settings, struct err *e)
{
	static const char *const off[][2] = { { "clean", "" }, { "process", "" }, { "required", "false" } };
	auto_free char *text = NULL;
	size_t n;

	if (ask(g, (const char *const[]){ "config", "-z", "--name-only", "--get-regexp", "^filter\\.", NULL }, NULL,
		&text, &n, e) < 0)
		return nothing(e) ? 0 : -1;
	for (const char *p = text, *end = p + n; p < end; p += strlen(p) + 1) {
		const char *dot = strrchr(p, '.');

		for (size_t i = 0; dot && i < countof(off); i++) {
			argv_fmt(settings, "%.*s.%s", (int)(dot - p), p, off[i][0]);
			argv_add(settings, off[i][1]);
		}
	}
	return 0;
}

int askedgit_dirty(struct askedgit *g, bool *dirty, struct err *e)
{
	auto_argv struct argv settings = { 0 };
	size_t n;

	if (no_filters(g, &settings, e) < 0 ||
	    ask(g,
		(const char *const[]){ "status", "--porcelain=v2", "-z", "--untracked-files=no",
				       "--ignore-submodules=all", "--no-renames", NULL },
		(const char *const *)settings.v, NULL, &n, e) < 0)
		return -1;
	*dirty = n > 0;
	return 0;
}

/* The first path that is not less. */
static size_t lower_bound(const struct askedgit *g, const char *path)
{
	size_t from = 0, to = g->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (strcmp(g->paths[middle], path) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

bool askedgit_tracked(struct askedgit *g, const char *path)
{
	size_t n = strlen(path), at = lower_bound(g, path);

	if (at == g->n)
		return false;
	if (n && path[n - 1] == '/')
		return strncmp(g->paths[at], path, n) == 0;
	return strcmp(g->paths[at], path) == 0;
}

static int start_ignore(struct askedgit *g, struct err *e)
{
	const struct git_how h = {
		.args = (const char *const[]){ "check-ignore", "--stdin", "-z", "-v", "-n", "--no-index", NULL },
		.repository = g->dotgit,
		.work_tree = g->dir,
	};

	if (g->ignore)
		return 0;
	g->ignore = xcalloc(1, sizeof(*g->ignore));
	if (git_pipe_open(g->ignore, &h, e) == 0)
		return 0;
	free(TAKE(g->ignore));
	return -1;
}

/* The answer: file, line, pattern and path; the first three empty when no pattern fits. */
int askedgit_ignored(struct askedgit *g, const char *path, bool *ignored, struct err *e)
{
	auto_free char(*field)[FIELD_MAX] = xcalloc(FIELDS, sizeof(*field));
	size_t n = strlen(path);

	*ignored = false;
	if (askedgit_tracked(g, path))
		return 0;
	/* With "./" no name is a pattern of git's. */
	auto_free char *plain = xasprintf("./%.*s", (int)(n && path[n - 1] == '/' ? n - 1 : n), path);

	if (start_ignore(g, e) < 0 || git_pipe_send(g->ignore, plain, strlen(plain) + 1, e) < 0)
		return err_in(e, "%s", g->dir);
	for (size_t i = 0; i < FIELDS; i++)
		if (git_pipe_line(g->ignore, '\0', field[i], sizeof(*field), e) < 0)
			return err_in(e, "%s", g->dir);
	if (strcmp(field[3], plain) != 0)
		return err_set(e, X_NO_INPUT, "%s: git's answer about %s makes no sense", g->dir, plain);
	*ignored = *field[0] && *field[2] != '!';
	return 0;
}
