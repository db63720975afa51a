/* local.c: reading only; neither the index nor anything else of the repository is written. */
#include "fetch/git/local.h"

#include <errno.h>
#include <git2.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/git/asked.h"
#include "fetch/git/lib.h"

struct localgit {
	git_repository *repo;
	git_index *index;
	char *dir;
	struct askedgit *asked; /* in place of the first two */
};

static int damaged(const char *dir, struct err *e)
{
	return gitlib_err(e, X_NO_INPUT, "%s: the git repository cannot be read", dir);
}

/* core.worktree and the .git files of linked work trees may name another folder than the one they lie in. */
static bool own_work_tree(git_repository *repo, const char *real)
{
	const char *work = git_repository_workdir(repo);
	char there[PATH_MAX];

	return work && realpath(work, there) && strcmp(there, real) == 0;
}

/* Libgit2 is older than some of what git writes, and does not start where getrandom is refused. */
static int by_git(struct localgit *g, struct err *e)
{
	struct err lib = { 0 };

	damaged(g->dir, &lib);
	git_index_free(TAKE(g->index));
	git_repository_free(TAKE(g->repo));
	if (stop_pending())
		return stop_err(e);
	if (askedgit_open(&g->asked, g->dir, e) == 0)
		return 0;
	return e->code == X_NO_INPUT || e->code == X_NO_TOOL ? gitlib_nor_git(&lib, e) : -1;
}

int localgit_open(struct localgit **g, const char *dir, struct err *e)
{
	auto_free char *dotgit = xasprintf("%s/.git", dir);
	struct localgit *new;
	char real[PATH_MAX];
	struct stat st;
	int r = 0;

	*g = NULL;
	if (!realpath(dir, real)) {
		err_sys(e, "open %s", dir);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (lstat(dotgit, &st) < 0 && errno == ENOENT)
		return 0;
	new = xcalloc(1, sizeof(*new));
	new->dir = xstrdup(dir);
	if (gitlib_init(e) < 0 || git_repository_open_ext(&new->repo, real, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0 ||
	    (own_work_tree(new->repo, real) && git_repository_index(&new->index, new->repo) < 0))
		r = by_git(new, e);
	if (new->index || new->asked)
		*g = new;
	else
		localgit_close(new);
	return r;
}

void localgit_close(struct localgit *g)
{
	if (!g)
		return;
	git_index_free(g->index);
	git_repository_free(g->repo);
	askedgit_close(g->asked);
	free(g->dir);
	free(g);
}

const char *localgit_index(struct localgit *g)
{
	return g->asked ? askedgit_index(g->asked) : git_index_path(g->index);
}

int localgit_head(struct localgit *g, char commit[GIT_ID], struct err *e)
{
	git_oid id;
	int rc;

	if (g->asked)
		return askedgit_head(g->asked, commit, e);
	commit[0] = '\0';
	rc = git_reference_name_to_id(&id, g->repo, "HEAD");
	if (rc == GIT_ENOTFOUND && git_repository_head_unborn(g->repo) == 1)
		return 0;
	if (rc < 0)
		return damaged(g->dir, e);
	git_oid_tostr(commit, GIT_ID, &id);
	return 0;
}

struct look {
	struct localgit *g;
	unsigned n;
	bool dirty;
};

/* A negative return ends the comparison, a positive one passes over the file. */
static int on_difference(const git_diff *diff, const git_diff_delta *d, const char *matched, void *arg)
{
	struct look *l = arg;
	const git_index_entry *entry = git_index_get_bypath(l->g->index, d->old_file.path, 0);

	(void)diff, (void)matched;
	/* Left out of the work tree on purpose (git sparse-checkout); libgit2 takes it for deleted. */
	if (d->status == GIT_DELTA_DELETED && entry && entry->flags_extended & GIT_INDEX_ENTRY_SKIP_WORKTREE)
		return 1;
	l->dirty = true;
	return GIT_EUSER;
}

static int on_file(const git_diff *diff, const char *before, const char *now, void *arg)
{
	struct look *l = arg;

	(void)diff, (void)before, (void)now;
	return l->n++ % 256 == 0 && stop_pending() ? GIT_EUSER : 0;
}

static int head_tree(struct localgit *g, git_tree **tree)
{
	git_object *found = NULL;
	int rc = git_revparse_single(&found, g->repo, "HEAD^{tree}");

	*tree = (git_tree *)found;
	return rc == GIT_ENOTFOUND && git_repository_head_unborn(g->repo) == 1 ? 0 : rc;
}

int localgit_dirty(struct localgit *g, bool *dirty, struct err *e)
{
	git_diff_options o;
	struct look l = { .g = g };
	git_diff *diff = NULL;
	git_tree *tree = NULL;
	int rc;

	if (g->asked)
		return askedgit_dirty(g->asked, dirty, e);
	git_diff_options_init(&o, GIT_DIFF_OPTIONS_VERSION);
	o.flags = GIT_DIFF_IGNORE_SUBMODULES | GIT_DIFF_SKIP_BINARY_CHECK;
	o.ignore_submodules = GIT_SUBMODULE_IGNORE_ALL;
	o.notify_cb = on_difference;
	o.progress_cb = on_file;
	o.payload = &l;
	rc = head_tree(g, &tree);
	if (rc == 0)
		rc = git_diff_tree_to_index(&diff, g->repo, tree, g->index, &o);
	git_diff_free(diff);
	diff = NULL;
	if (rc == 0)
		rc = git_diff_index_to_workdir(&diff, g->repo, g->index, &o);
	git_diff_free(diff);
	git_tree_free(tree);
	if (rc < 0 && !l.dirty)
		return damaged(g->dir, e);
	*dirty = l.dirty;
	return 0;
}

bool localgit_tracked(struct localgit *g, const char *path)
{
	size_t n = strlen(path), at;

	if (g->asked)
		return askedgit_tracked(g->asked, path);
	if (n && path[n - 1] == '/')
		return git_index_find_prefix(&at, g->index, path) == 0;
	return git_index_get_bypath(g->index, path, 0) != NULL;
}

int localgit_ignored(struct localgit *g, const char *path, bool *ignored, struct err *e)
{
	int yes = 0;

	if (g->asked)
		return askedgit_ignored(g->asked, path, ignored, e);
	*ignored = false;
	if (localgit_tracked(g, path))
		return 0;
	if (git_ignore_path_is_ignored(&yes, g->repo, path) < 0)
		return damaged(g->dir, e);
	*ignored = yes;
	return 0;
}
