/* clone.c: from an address and a commit to a tree.
 *
 * The lock of the commit guards the draft, which has the lock's name and is collected by the store when its owner is dead
 * (store.h): what git fetched, in "git", and the files, in "tree", which becomes the result by a rename. A repository on
 * this machine is read where it is. */
#include "fetch/git/clone.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/room.h"
#include "fetch/git/address.h"
#include "fetch/git/fetch.h"
#include "fetch/git/objects.h"
#include "fetch/git/refs.h"
#include "fetch/git/tree.h"
#include "store/boot.h"
#include "store/lock.h"
#include "text/name.h"
#include "store/store.h"

/* Pack, index, tree and objects of Linux 6.12, and some. */
static const uint64_t space_needed = (uint64_t)5000 * 1000000;

/* One tree being made. */
struct job {
	struct store *st;
	const char *ref, *commit;
	struct git_address url;
	source_progress *progress;
	char key[NAME_LEN + 1];
	char *name;  /* of the result, below the store */
	char *draft; /* below the store */
	int lock;
};

static void job_end(struct job *j)
{
	lock_drop(j->st, j->key, &j->lock);
	git_address_free(&j->url);
	free(j->name);
	free(j->draft);
}
#define auto_job __attribute__((unused, cleanup(job_end)))

static void say(const struct job *j, const char *text)
{
	if (j->progress)
		j->progress(0, 0, text);
}

static int job_begin(struct job *j, struct store *st, const char *commit, struct err *e)
{
	char id[GIT_ID];

	j->st = st;
	j->commit = commit;
	j->lock = -1;
	if (!git_full_id(commit, id) || strcmp(id, commit) != 0)
		return err_set(e, X_USAGE, "'%s' is no commit id of 40 or 64 lower-case digits", commit);
	auto_free char *text = xasprintf("source of commit %s", commit);

	name_hex(text, strlen(text), j->key);
	j->name = xasprintf("sources/%s", commit);
	j->draft = xasprintf("drafts/%s.%d", j->key, (int)getpid());
	return 0;
}

static bool is_there(const struct job *j)
{
	struct stat there;

	return fstatat(j->st->dir, j->name, &there, AT_SYMLINK_NOFOLLOW) == 0 && boot_is_ours(j->st, j->commit);
}

static int take_lock(struct job *j, struct err *e)
{
	int r = lock_try(j->st, j->key, &j->lock, e);

	if (r != LOCK_BUSY)
		return r;
	say(j, "waiting for another that works on the same commit");
	return lock_take(j->st, j->key, &j->lock, e);
}

static int enough_space(const struct job *j, struct err *e)
{
	uint64_t free_bytes;

	if (!room_fd(j->st->dir, &free_bytes) || free_bytes >= space_needed)
		return 0;
	return err_set(
		e, X_DISK_FULL,
		"a commit of Linux takes about %llu MB while it is fetched and built, and %s has %llu MB free; make room there "
		"or name another folder by KTSTR_STORE",
		(unsigned long long)(space_needed / 1000000), j->st->path, (unsigned long long)(free_bytes / 1000000));
}

/* Trees of one commit are the same wherever they come from. */
static int write_files(const struct job *j, const char *repository, bool *absent, struct err *e)
{
	auto_free char *tree = xasprintf("%s/tree", j->draft);
	auto_git_store struct git_store *s = NULL;
	auto_close int dir = -1;

	*absent = false;
	if (git_store_open(&s, repository, e) < 0 || mkdir_p(j->st->dir, tree, 0777, e) < 0)
		return -1;
	dir = openat(j->st->dir, tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open %s", tree);
	return gittree_write(s, j->commit, dir, j->progress, absent, e);
}

static int from_remote(const struct job *j, const struct git_address *a, struct err *e)
{
	auto_free char *repository = xasprintf("%s/%s/git", j->st->path, j->draft);
	const struct git_wanted w = { .remote = a, .ref = j->ref, .commit = j->commit, .progress = j->progress };
	bool absent;

	say(j, "connecting");
	if (git_fetch(&w, repository, e) < 0)
		return -1;
	return write_files(j, repository, &absent, e) < 0 ? err_in(e, "%s", a->shown) : 0;
}

/* A partial clone keeps the rest of its objects where it says; git would get them from there as well. */
static int from_promisor(const struct job *j, struct err *e)
{
	auto_free char *tree = xasprintf("%s/tree", j->draft);
	auto_git_store struct git_store *s = NULL;
	auto_git_address struct git_address there = { 0 };
	auto_free char *url = NULL;
	struct err other;
	bool absent;

	if (git_store_open(&s, j->url.path, &other) < 0 || !(url = git_store_promisor(s)) ||
	    git_address(&there, url, &other) < 0 || rmtree(j->st->dir, tree, &other) < 0)
		return -1;
	if (there.local ? write_files(j, there.path, &absent, &other) < 0 : from_remote(j, &there, &other) < 0) {
		*e = other;
		return err_in(e, "%s lacks a part of it, and has it from there", j->url.shown);
	}
	return 0;
}

static int from_here(const struct job *j, struct err *e)
{
	bool absent;

	if (write_files(j, j->url.path, &absent, e) == 0)
		return 0;
	err_in(e, "%s", j->url.shown);
	return absent ? from_promisor(j, e) : -1;
}

/* First the name, then the files: a tree that is there is whole. */
static int drop(const struct job *j, struct err *e)
{
	if (renameat(j->st->dir, j->name, j->st->dir, j->draft) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "remove %s", j->name);
	return rmtree(j->st->dir, j->draft, e);
}

static int make(const struct job *j, struct err *e)
{
	auto_free char *tree = xasprintf("%s/tree", j->draft);

	if (enough_space(j, e) < 0 || rmtree(j->st->dir, j->draft, e) < 0 ||
	    mkdir_p(j->st->dir, "drafts", 0777, e) < 0 || drop(j, e) < 0 ||
	    mkdir_p(j->st->dir, j->draft, 0777, e) < 0 || mkdir_p(j->st->dir, "sources", 0777, e) < 0)
		return -1;
	if ((j->url.local ? from_here(j, e) : from_remote(j, &j->url, e)) < 0 || boot_note(j->st, j->commit, e) < 0)
		return -1;
	return renameat(j->st->dir, tree, j->st->dir, j->name) < 0 ? err_sys(e, "put %s in place", j->name) : 0;
}

int clone_tree(struct store *st, const char *url, const char *ref, const char *commit, char **tree,
	       source_progress *progress, struct err *e)
{
	auto_job struct job j = { .ref = ref, .progress = progress };
	struct err ignored;
	int r;

	if (job_begin(&j, st, commit, e) < 0)
		return -1;
	if (!is_there(&j)) {
		if (git_address(&j.url, url, e) < 0 || take_lock(&j, e) < 0)
			return -1;
		r = is_there(&j) ? 0 : make(&j, e);
		(void)rmtree(st->dir, j.draft, &ignored);
		if (r < 0)
			return -1;
	}
	*tree = xasprintf("%s/%s", st->path, j.name);
	return 0;
}

int clone_drop_tree(struct store *st, const char *commit, struct err *e)
{
	auto_job struct job j = { 0 };

	if (job_begin(&j, st, commit, e) < 0 || take_lock(&j, e) < 0)
		return -1;
	boot_forget(st, commit);
	return drop(&j, e);
}
