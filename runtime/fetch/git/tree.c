#include "fetch/git/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/git/entries.h"
#include "fetch/git/objects.h"

enum { ENTRIES_MAX = 400000, DEPTH_MAX = 128, TELL_MS = 100, OBJECT_MAX = 512 << 20, COMMIT_MAX = 16 << 20 };

static const uint64_t bytes_max = (uint64_t)8 << 30;

struct writer {
	struct git_store *store;
	size_t digits; /* of an id */
	source_progress *progress;
	bool *absent;
	unsigned long entries, done;
	uint64_t bytes;
	long long told;
};

static int missing(struct writer *w, const char *what, const char *id, struct err *e)
{
	*w->absent = true;
	return err_set(e, X_BAD_ARCHIVE, "%s: object %s is missing", what, id);
}

/* A folder's object, copied: the next read takes its place. */
struct folder {
	char *data;
	struct git_entries at;
};

static void folder_free(struct folder *f)
{
	free(f->data);
}
#define auto_folder __attribute__((unused, cleanup(folder_free)))

static int open_folder(struct writer *w, const char *what, const char *id, struct folder *f, struct err *e)
{
	struct git_object o;
	int r = git_store_read(w->store, id, OBJECT_MAX, &o, e);

	if (r == GIT_OBJECT_ABSENT)
		return missing(w, what, id, e);
	if (r < 0)
		return err_in(e, "%s", what);
	if (o.kind != GIT_KIND_TREE)
		return err_set(e, X_BAD_ARCHIVE, "%s: object %s is no folder", what, id);
	f->data = xmemdup(o.data, o.n + 1);
	f->at = (struct git_entries){ .at = f->data, .end = f->data + o.n, .id = w->digits / 2 };
	return 0;
}

/* Before anything is written: a few objects can stand for millions of files. */
static int count(struct writer *w, const char *what, const char *id, unsigned depth, struct err *e)
{
	auto_folder struct folder f = { 0 };
	struct git_entry entry;
	int r;

	if (depth > DEPTH_MAX)
		return git_tree_hostile("too many folders in each other", e);
	if (stop_pending())
		return stop_err(e);
	if (open_folder(w, what, id, &f, e) < 0)
		return -1;
	while ((r = git_entries_next(&f.at, &entry, e)) > 0) {
		if (++w->entries > ENTRIES_MAX)
			return git_tree_hostile("too many files", e);
		if (entry.kind != GIT_ENTRY_FOLDER)
			continue;
		auto_free char *inner = xasprintf("folder %s", entry.name);

		if (count(w, inner, entry.id, depth + 1, e) < 0)
			return -1;
	}
	return r;
}

static int put_file(int dir, const char *name, const struct git_object *o, mode_t mode, struct err *e)
{
	auto_close int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);

	if (fd < 0)
		return err_sys(e, "make %s", name);
	return write_all(fd, o->data, o->n, name, e);
}

static int put_link(int dir, const char *name, const struct git_object *o, struct err *e)
{
	auto_free char *to = xstrndup(o->data, o->n);

	if (o->n == 0 || o->n >= PATH_MAX || strlen(to) != o->n)
		return git_tree_hostile("a link to nowhere", e);
	return symlinkat(to, dir, name) < 0 ? err_sys(e, "make link %s", name) : 0;
}

static int put_blob(struct writer *w, const struct git_entry *entry, int dir, struct err *e)
{
	struct git_object o;
	int r = git_store_read(w->store, entry->id, OBJECT_MAX, &o, e);

	if (r == GIT_OBJECT_ABSENT)
		return missing(w, entry->name, entry->id, e);
	if (r < 0)
		return err_in(e, "%s", entry->name);
	w->bytes += o.n;
	if (o.kind != GIT_KIND_BLOB)
		return git_tree_hostile("a file that is none", e);
	if (w->bytes > bytes_max)
		return git_tree_hostile("more bytes than a source tree has", e);
	if (entry->kind == GIT_ENTRY_LINK)
		return put_link(dir, entry->name, &o, e);
	return put_file(dir, entry->name, &o, entry->kind == GIT_ENTRY_PROGRAM ? 0777 : 0666, e);
}

static int put_tree(struct writer *w, const char *what, const char *id, int dir, struct err *e);

static int put_folder(struct writer *w, const struct git_entry *entry, int dir, struct err *e)
{
	auto_free char *what = xasprintf("folder %s", entry->name);
	auto_close int sub = -1;

	if (mkdirat(dir, entry->name, 0777) < 0)
		return err_sys(e, "make folder %s", entry->name);
	if (entry->kind == GIT_ENTRY_MODULE)
		return 0;
	sub = openat(dir, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (sub < 0)
		return err_sys(e, "open folder %s", entry->name);
	return put_tree(w, what, entry->id, sub, e);
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

static int put_tree(struct writer *w, const char *what, const char *id, int dir, struct err *e)
{
	auto_folder struct folder f = { 0 };
	struct git_entry entry;
	int r;

	if (open_folder(w, what, id, &f, e) < 0)
		return -1;
	while ((r = git_entries_next(&f.at, &entry, e)) > 0) {
		bool file = entry.kind != GIT_ENTRY_FOLDER && entry.kind != GIT_ENTRY_MODULE;

		if ((file ? put_blob(w, &entry, dir, e) : put_folder(w, &entry, dir, e)) < 0 || tell(w, e) < 0)
			return -1;
	}
	return r;
}

/* A commit begins with "tree {id}\n". */
static int tree_of(struct writer *w, const char *commit, char tree[GIT_ID], struct err *e)
{
	struct git_object o;
	int r = git_store_read(w->store, commit, COMMIT_MAX, &o, e);

	if (r == GIT_OBJECT_ABSENT) {
		*w->absent = true;
		return err_set(e, X_NO_INPUT, "there is no commit %s", commit);
	}
	if (r < 0)
		return err_in(e, "commit %s", commit);
	if (o.kind != GIT_KIND_COMMIT)
		return err_set(e, X_NO_INPUT, "%s is an object of git, but no commit", commit);
	if (o.n < 5 + w->digits + 1 || memcmp(o.data, "tree ", 5) != 0 || !git_is_oid(o.data + 5, w->digits))
		return err_set(e, X_BAD_ARCHIVE, "commit %s names no tree", commit);
	memcpy(tree, o.data + 5, w->digits);
	tree[w->digits] = '\0';
	return 0;
}

int gittree_write(struct git_store *s, const char *commit, int dir, source_progress *progress, bool *absent,
		  struct err *e)
{
	struct writer w = { .store = s, .digits = strlen(commit), .progress = progress, .absent = absent };
	auto_free char *what = xasprintf("tree of commit %s", commit);
	char tree[GIT_ID];

	*absent = false;
	if (tree_of(&w, commit, tree, e) < 0 || count(&w, what, tree, 1, e) < 0)
		return -1;
	return put_tree(&w, what, tree, dir, e);
}
