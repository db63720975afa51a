#include "fetch/git/tree.h"

#include <fcntl.h>
#include <git2.h>
#include <git2/sys/repository.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/git/lib.h"

enum { ENTRIES_MAX = 400000, DEPTH_MAX = 128, TELL_MS = 100 };

static const uint64_t bytes_max = (uint64_t)8 << 30;

struct writer {
	git_odb *odb;
	git_repository *repo; /* nothing but the odb */
	source_progress *progress;
	unsigned long entries, done;
	uint64_t bytes;
	long long told;
};

static int hostile(const char *why, struct err *e)
{
	return err_set(e, X_BAD_ARCHIVE, "the commit's tree is hostile: %s", why);
}

static int good_name(const char *name, struct err *e)
{
	if (!*name || !strcmp(name, ".") || !strcmp(name, "..") || !strcasecmp(name, ".git") || strchr(name, '/'))
		return hostile("a file with a name like '.', '..' or '.git'", e);
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 127)
			return hostile("a file name with control characters", e);
	return 0;
}

static int open_tree(struct writer *w, const git_tree_entry *entry, git_tree **tree, struct err *e)
{
	if (git_tree_lookup(tree, w->repo, git_tree_entry_id(entry)) < 0)
		return gitlib_err(e, X_BAD_ARCHIVE, "folder %s", git_tree_entry_name(entry));
	return 0;
}

/* Before anything is written: a few objects can stand for millions of files. */
static int count(struct writer *w, const git_tree *tree, unsigned depth, struct err *e)
{
	size_t n = git_tree_entrycount(tree);

	if (depth > DEPTH_MAX)
		return hostile("too many folders in each other", e);
	if (n > ENTRIES_MAX - w->entries)
		return hostile("too many files", e);
	w->entries += n;
	if (stop_pending())
		return stop_err(e);
	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		git_tree *sub;
		int r;

		if (good_name(git_tree_entry_name(entry), e) < 0)
			return -1;
		if (git_tree_entry_type(entry) != GIT_OBJECT_TREE)
			continue;
		if (open_tree(w, entry, &sub, e) < 0)
			return -1;
		r = count(w, sub, depth + 1, e);
		git_tree_free(sub);
		if (r < 0)
			return -1;
	}
	return 0;
}

static int put_file(int dir, const char *name, const void *data, size_t n, mode_t mode, struct err *e)
{
	auto_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return err_sys(e, "make %s", name);
	return write_all(fd, data, n, name, e);
}

static int put_link(int dir, const char *name, const char *data, size_t n, struct err *e)
{
	auto_free char *to = xstrndup(data, n);

	if (n == 0 || n >= PATH_MAX || strlen(to) != n)
		return hostile("a link to nowhere", e);
	return symlinkat(to, dir, name) < 0 ? err_sys(e, "make link %s", name) : 0;
}

static int put_blob(struct writer *w, const git_tree_entry *entry, int dir, struct err *e)
{
	const char *name = git_tree_entry_name(entry);
	git_filemode_t mode = git_tree_entry_filemode(entry);
	git_odb_object *o;
	size_t n;
	int r;

	if (git_odb_read(&o, w->odb, git_tree_entry_id(entry)) < 0)
		return gitlib_err(e, X_BAD_ARCHIVE, "%s", name);
	n = git_odb_object_size(o);
	w->bytes += n;
	if (git_odb_object_type(o) != GIT_OBJECT_BLOB)
		r = hostile("a file that is none", e);
	else if (w->bytes > bytes_max)
		r = hostile("more bytes than a source tree has", e);
	else if (mode == GIT_FILEMODE_LINK)
		r = put_link(dir, name, git_odb_object_data(o), n, e);
	else
		r = put_file(dir, name, git_odb_object_data(o), n, mode == GIT_FILEMODE_BLOB_EXECUTABLE ? 0777 : 0666,
			     e);
	git_odb_object_free(o);
	return r;
}

static int put_tree(struct writer *w, const git_tree *tree, int dir, struct err *e);

static int put_folder(struct writer *w, const git_tree_entry *entry, int dir, struct err *e)
{
	const char *name = git_tree_entry_name(entry);
	auto_close int sub = -1;
	git_tree *tree;
	int r;

	if (mkdirat(dir, name, 0777) < 0)
		return err_sys(e, "make folder %s", name);
	if (git_tree_entry_type(entry) == GIT_OBJECT_COMMIT)
		return 0;
	sub = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return err_sys(e, "open folder %s", name);
	if (open_tree(w, entry, &tree, e) < 0)
		return -1;
	r = put_tree(w, tree, sub, e);
	git_tree_free(tree);
	return r;
}

static int tell(struct writer *w, struct err *e)
{
	long long now = now_ms();

	w->done++;
	if (now - w->told < TELL_MS)
		return 0;
	w->told = now;
	if (w->progress)
		w->progress(w->done, w->entries, "writing files");
	return stop_pending() ? stop_err(e) : 0;
}

static int put_tree(struct writer *w, const git_tree *tree, int dir, struct err *e)
{
	size_t n = git_tree_entrycount(tree);

	for (size_t i = 0; i < n; i++) {
		const git_tree_entry *entry = git_tree_entry_byindex(tree, i);
		bool file = git_tree_entry_type(entry) == GIT_OBJECT_BLOB;

		if ((file ? put_blob(w, entry, dir, e) : put_folder(w, entry, dir, e)) < 0 || tell(w, e) < 0)
			return -1;
	}
	return 0;
}

static int find_commit(struct writer *w, const char *commit, git_object **found, struct err *e)
{
	git_oid id;
	int r = git_oid_fromstr(&id, commit);

	if (r == 0)
		r = git_object_lookup(found, w->repo, &id, GIT_OBJECT_ANY);
	if (r == GIT_ENOTFOUND)
		return err_set(e, X_NO_INPUT, "there is no commit %s", commit);
	if (r < 0)
		return gitlib_err(e, X_BAD_ARCHIVE, "commit %s", commit);
	if (git_object_type(*found) == GIT_OBJECT_COMMIT)
		return 0;
	git_object_free(TAKE(*found));
	return err_set(e, X_NO_INPUT, "%s is an object of git, but no commit", commit);
}

static int write_commit(struct writer *w, const char *commit, int dir, struct err *e)
{
	git_object *found = NULL;
	git_tree *tree = NULL;
	int r;

	if (find_commit(w, commit, &found, e) < 0)
		return -1;
	if (git_commit_tree(&tree, (git_commit *)found) < 0)
		r = gitlib_err(e, X_BAD_ARCHIVE, "tree of commit %s", commit);
	else
		r = count(w, tree, 1, e) < 0 ? -1 : put_tree(w, tree, dir, e);
	git_tree_free(tree);
	git_object_free(found);
	return r;
}

int gittree_write(struct git_odb *odb, const char *commit, int dir, source_progress *progress, struct err *e)
{
	struct writer w = { .odb = odb, .progress = progress };
	int r;

	if (gitlib_init(e) < 0)
		return -1;
	if (git_repository_wrap_odb(&w.repo, odb) < 0)
		return gitlib_err(e, X_FAIL, "libgit2");
	r = write_commit(&w, commit, dir, e);
	git_repository_free(w.repo);
	return r;
}
