/* clone.c: from an address and a commit to a tree.
 *
 * The lock of the commit guards the draft, which has the lock's name and is collected by the store when its owner is dead
 * (store.h): an index of the pack that came, in "pack", and the files, in "tree", which becomes the result by a rename. A
 * repository on this machine is read where it is. */
#include "fetch/git/clone.h"

#include <errno.h>
#include <git2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/statvfs.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "fetch/git/lib.h"
#include "fetch/git/pack.h"
#include "fetch/git/tree.h"
#include "fetch/git/uploadpack.h"
#include "fetch/git/wire.h"
#include "store/lock.h"
#include "store/recipe.h"
#include "store/store.h"

/* Pack, index, tree and objects of Linux 6.12, and some. */
static const uint64_t space_needed = (uint64_t)5000 * 1000000;

/* A repository elsewhere, asked. */
struct server {
	struct wire *wire;
	struct upload up;
};

static int server_read(void *arg, void *buf, size_t n, struct err *e)
{
	struct wire *w = arg;

	return w->read(w, buf, n, e);
}

static int server_send(void *arg, const void *data, size_t n, struct err *e)
{
	struct wire *w = arg;

	return w->send(w, data, n, e);
}

static void server_close(struct server **s)
{
	if (!*s)
		return;
	upload_end(&(*s)->up);
	wire_close(&(*s)->wire);
	free(*s);
}
#define auto_server __attribute__((unused, cleanup(server_close)))

static int server_open(struct server **s, const struct wire_url *u, struct err *e)
{
	*s = xcalloc(1, sizeof(**s));
	if (wire_open(&(*s)->wire, u, 0, e) < 0)
		return -1;
	(*s)->up.in.read = server_read;
	(*s)->up.in.arg = (*s)->wire;
	(*s)->up.send = server_send;
	(*s)->up.apart = (*s)->wire->apart;
	(*s)->up.shown = u->shown;
	return upload_greeting(&(*s)->up, e);
}

static int local_open(git_repository **repo, const struct wire_url *u, struct err *e)
{
	if (gitlib_init(e) < 0)
		return -1;
	switch (git_repository_open_ext(repo, u->path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL)) {
	case 0:
		return 0;
	case GIT_ENOTFOUND:
		return err_set(e, X_NO_INPUT, "there is no git repository at %s", u->path);
	default:
		return gitlib_err(e, X_NO_INPUT, "%s: the git repository cannot be read", u->path);
	}
}

/* Names that git would not have, or that lead nowhere, are passed over: they are not asked for. */
static void local_ref(git_repository *repo, const char *name, struct git_refs *refs)
{
	struct err ignored;
	char hex[41];
	git_oid id;

	if (git_reference_name_to_id(&id, repo, name) == 0)
		(void)git_refs_add(refs, git_oid_tostr(hex, sizeof(hex), &id), name, strlen(name), &ignored);
}

struct collect {
	git_repository *repo;
	struct git_refs *refs;
};

static int on_name(const char *name, void *arg)
{
	struct collect *c = arg;

	local_ref(c->repo, name, c->refs);
	return 0;
}

static int local_refs(git_repository *repo, const struct wire_url *u, struct git_refs *refs, struct err *e)
{
	struct collect c = { repo, refs };
	git_reference *head = NULL;

	local_ref(repo, "HEAD", refs);
	if (git_reference_lookup(&head, repo, "HEAD") == 0 && git_reference_symbolic_target(head))
		refs->head = xstrdup(git_reference_symbolic_target(head));
	git_reference_free(head);
	if (git_reference_foreach_name(repo, on_name, &c) < 0)
		return gitlib_err(e, X_NO_INPUT, "%s: its branches cannot be read", u->path);
	return 0;
}

static int local_peel(git_repository *repo, struct git_ref *ref, struct err *e)
{
	git_object *found = NULL, *commit = NULL;
	git_oid id;
	int r = git_oid_fromstr(&id, ref->oid);

	if (r == 0)
		r = git_object_lookup(&found, repo, &id, GIT_OBJECT_ANY);
	if (r == 0)
		r = git_object_peel(&commit, found, GIT_OBJECT_COMMIT);
	if (r == 0)
		git_oid_tostr(ref->peeled, sizeof(ref->peeled), git_object_id(commit));
	git_object_free(commit);
	git_object_free(found);
	return r < 0 ? gitlib_err(e, X_NO_INPUT, "%s is no commit", ref->name) : 0;
}

static int take(const struct git_refs *refs, const struct git_ref *found, struct remote_ref *r)
{
	const char *name = !strcmp(found->name, "HEAD") && refs->head ? refs->head : found->name;

	memcpy(r->commit, git_ref_commit(found), sizeof(r->commit));
	r->name = xstrdup(name);
	return 0;
}

static int find_local(const struct wire_url *u, const char *ref, struct remote_ref *r, struct err *e)
{
	auto_refs struct git_refs refs = { 0 };
	git_repository *repo = NULL;
	const struct git_ref *found;
	int rc;

	if (local_open(&repo, u, e) < 0)
		return -1;
	rc = local_refs(repo, u, &refs, e);
	if (rc == 0) {
		found = git_refs_find(&refs, ref);
		rc = found ? local_peel(repo, &refs.v[found - refs.v], e) : git_refs_none(&refs, ref, u->shown, e);
		if (rc == 0)
			take(&refs, found, r);
	}
	git_repository_free(repo);
	return rc;
}

int remote_ref_find(const char *url, const char *ref, struct remote_ref *r, struct err *e)
{
	auto_wire_url struct wire_url u = { 0 };
	auto_server struct server *s = NULL;
	const struct git_ref *found;

	*r = (struct remote_ref){ .name = NULL };
	if (wire_url(&u, url, e) < 0)
		return -1;
	if (!*ref)
		return err_set(e, X_USAGE, "a branch, a tag or a commit id is needed");
	if (git_full_id(ref, r->commit))
		return 0;
	if (u.kind == WIRE_LOCAL)
		return find_local(&u, ref, r, e);
	if (server_open(&s, &u, e) < 0 || upload_refs(&s->up, ref, e) < 0)
		return -1;
	found = git_refs_find(&s->up.refs, ref);
	return found ? take(&s->up.refs, found, r) : git_refs_none(&s->up.refs, ref, u.shown, e);
}

void remote_ref_free(struct remote_ref *r)
{
	free(TAKE(r->name));
}

/* One tree being made. */
struct job {
	struct store *st;
	const char *ref, *commit;
	struct wire_url url;
	source_progress *progress;
	char key[KEY_LEN + 1];
	char *name;  /* of the result, below the store */
	char *draft; /* below the store */
	int lock;
};

static void job_end(struct job *j)
{
	lock_drop(j->st, j->key, &j->lock);
	wire_url_free(&j->url);
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
	char id[41];

	j->st = st;
	j->commit = commit;
	j->lock = -1;
	if (!git_full_id(commit, id) || strcmp(id, commit) != 0)
		return err_set(e, X_USAGE, "'%s' is no commit id of 40 lower-case digits", commit);
	auto_free char *text = xasprintf("source of commit %s", commit);

	hash_hex(text, strlen(text), j->key);
	j->name = xasprintf("sources/%s", commit);
	j->draft = xasprintf("drafts/%s.%d", j->key, (int)getpid());
	return 0;
}

static bool is_there(const struct job *j)
{
	return faccessat(j->st->dir, j->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
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
	struct statvfs fs;
	uint64_t free_bytes;

	if (fstatvfs(j->st->dir, &fs) < 0)
		return 0;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	if (free_bytes >= space_needed)
		return 0;
	return err_set(
		e, X_DISK_FULL,
		"a commit of Linux takes about %llu MB while it is fetched and built, and %s has %llu MB free; make room there "
		"or name another folder by KTSTR_STORE",
		(unsigned long long)(space_needed / 1000000), j->st->path, (unsigned long long)(free_bytes / 1000000));
}

static int only_names(const struct job *j, const struct git_ref *found, struct err *e)
{
	if (found)
		return err_set(e, X_NETWORK,
			       "%s: '%s' moved from %.12s to %.12s meanwhile, and this server gives out only what a "
			       "branch or tag stands at; run it again",
			       j->url.shown, j->ref, j->commit, git_ref_commit(found));
	return err_set(e, X_NO_INPUT,
		       "%s gives out no commit by its id unless a branch or tag stands at it, and none stands at %s\n"
		       "  Ask for a branch or a tag: --ref NAME. (Its owner can allow it: git config "
		       "uploadpack.allowReachableSHA1InWant true.)",
		       j->url.shown, j->commit);
}

/* What to ask for to get the commit: the id of a name that stands at it is always given out. */
static int choose(const struct job *j, struct upload *up, const char **oid, struct err *e)
{
	char id[41];
	bool named = j->ref && *j->ref && !git_full_id(j->ref, id);
	const struct git_ref *found, *any;

	if (named && upload_refs(up, j->ref, e) < 0)
		return -1;
	found = named ? git_refs_find(&up->refs, j->ref) : NULL;
	any = found && !strcmp(git_ref_commit(found), j->commit) ? found : git_refs_with(&up->refs, j->commit);
	if (!any && !up->any_commit)
		return only_names(j, found, e);
	*oid = any ? any->oid : j->commit;
	return 0;
}

struct pour {
	const struct job *j;
	struct gitpack pack;
	bool begun;
};

static int on_pack(void *arg, const void *data, size_t n, struct err *e)
{
	struct pour *p = arg;

	p->begun = true;
	return gitpack_add(&p->pack, data, n, e);
}

static void on_words(void *arg, const char *text)
{
	struct pour *p = arg;
	auto_free char *line = xasprintf("remote: %s", text);

	/* Later ones sum up what the bar has shown. */
	if (!p->begun)
		say(p->j, line);
}

static int fetch_into(const struct job *j, struct upload *up, const char *oid, struct pour *p, git_odb **odb,
		      struct err *e)
{
	auto_free char *folder = xasprintf("%s/%s/pack", j->st->path, j->draft);
	const struct upload_sink sink = { .pack = on_pack, .said = on_words, .arg = p };

	if (mkdir_p(AT_FDCWD, folder, 0777, e) < 0 || gitpack_begin(&p->pack, folder, j->progress, e) < 0)
		return -1;
	if (upload_pack(up, oid, &sink, e) < 0)
		return -1;
	return gitpack_end(&p->pack, odb, e);
}

static int fetch(const struct job *j, git_odb **odb, struct err *e)
{
	auto_server struct server *s = NULL;
	struct pour p = { .j = j };
	const char *oid = NULL;
	int r;

	say(j, "connecting");
	if (server_open(&s, &j->url, e) < 0 || choose(j, &s->up, &oid, e) < 0)
		return -1;
	say(j, "waiting for the server");
	r = fetch_into(j, &s->up, oid, &p, odb, e);
	gitpack_drop(&p.pack);
	return r;
}

static int borrow(const struct job *j, git_odb **odb, struct err *e)
{
	git_repository *repo = NULL;
	int r;

	if (local_open(&repo, &j->url, e) < 0)
		return -1;
	auto_free char *objects = xasprintf("%s/objects", git_repository_commondir(repo));

	r = git_odb_open(odb, objects);
	git_repository_free(repo);
	return r < 0 ? gitlib_err(e, X_NO_INPUT, "%s: the git repository cannot be read", j->url.path) : 0;
}

/* Of a repository that keeps part of its history or of its files elsewhere, what is missing is not fetched. */
static int write_files(const struct job *j, git_odb *odb, struct err *e)
{
	auto_free char *tree = xasprintf("%s/tree", j->draft);
	auto_close int dir = -1;

	if (mkdir_p(j->st->dir, tree, 0777, e) < 0)
		return -1;
	dir = openat(j->st->dir, tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_sys(e, "open %s", tree);
	if (gittree_write(odb, j->commit, dir, j->progress, e) < 0)
		return err_in(e, "%s", j->url.shown);
	/* Else a power failure could leave the name on disk without the files. */
	say(j, "writing to disk");
	return syncfs(dir) < 0 ? err_sys(e, "write %s", tree) : 0;
}

static int make(const struct job *j, struct err *e)
{
	auto_free char *tree = xasprintf("%s/tree", j->draft);
	git_odb *odb = NULL;
	int r;

	if (enough_space(j, e) < 0 || rmtree(j->st->dir, j->draft, e) < 0 ||
	    mkdir_p(j->st->dir, j->draft, 0777, e) < 0 || mkdir_p(j->st->dir, "sources", 0777, e) < 0)
		return -1;
	if ((j->url.kind == WIRE_LOCAL ? borrow(j, &odb, e) : fetch(j, &odb, e)) < 0)
		return -1;
	r = write_files(j, odb, e);
	git_odb_free(odb);
	if (r == 0 && renameat(j->st->dir, tree, j->st->dir, j->name) < 0)
		r = err_sys(e, "put %s in place", j->name);
	return r;
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
		if (wire_url(&j.url, url, e) < 0 || take_lock(&j, e) < 0)
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
	/* First the name, then the files: a tree that is there is whole. */
	if (renameat(st->dir, j.name, st->dir, j.draft) < 0)
		return errno == ENOENT ? 0 : err_sys(e, "remove %s", j.name);
	return rmtree(st->dir, j.draft, e);
}
