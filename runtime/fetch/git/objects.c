#include "fetch/git/objects.h"

#include <errno.h>
#include <git2.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "fetch/git/lib.h"
#include "fetch/git/program.h"
#include "fetch/git/refs.h"

enum { REFS_TEXT_MAX = 256 << 20, LINE_MAX_LEN = 256 };

struct git_store {
	char *path, *dir; /* as named; its GIT_DIR */
	/* libgit2 */
	git_repository *repo;
	git_odb *odb;
	git_odb_object *last;
	/* git */
	struct git_pipe *batch;
	char *data;
	size_t room;
};

void git_store_close(struct git_store **at)
{
	struct git_store *s = *at;

	if (!s)
		return;
	git_odb_object_free(s->last);
	git_odb_free(s->odb);
	git_repository_free(s->repo);
	if (s->batch)
		git_pipe_close(s->batch);
	free(s->batch);
	free(s->data);
	free(s->path);
	free(s->dir);
	free(s);
	*at = NULL;
}

static int ask(const struct git_store *s, const char *const *args, char **text, size_t *n, struct err *e)
{
	const struct git_how h = { .args = args, .repository = s->dir, .max = REFS_TEXT_MAX };

	return git_run(&h, text, n, e);
}

static int by_git(struct git_store *s, int why, struct err *e)
{
	struct err lib = { 0 };

	if (why == GIT_ENOTFOUND)
		err_set(&lib, X_NO_INPUT, "there is no git repository at %s", s->path);
	else
		(void)gitlib_err(&lib, X_NO_INPUT, "%s: the git repository cannot be read", s->path);
	if (ask(s, (const char *const[]){ "rev-parse", "--git-dir", NULL }, NULL, NULL, e) == 0)
		return 0;
	if (e->code == X_NO_INPUT && why == GIT_ENOTFOUND)
		*e = lib;
	else if (e->code == X_NO_INPUT || e->code == X_NO_TOOL)
		gitlib_nor_git(&lib, e);
	return -1;
}

int git_store_open(struct git_store **at, const char *path, struct err *e)
{
	struct git_store *s;
	int r;

	s = *at = xcalloc(1, sizeof(*s));
	s->path = xstrdup(path);
	auto_free char *real = realpath(path, NULL);

	if (!real) {
		err_sys(e, "there is no git repository at %s", path);
		e->code = X_NO_INPUT;
		return -1;
	}
	s->dir = xasprintf("%s/.git", real);
	if (!file_exists(s->dir)) {
		free(s->dir);
		s->dir = TAKE(real);
	}
	r = gitlib_init(e) < 0 ? -1 : git_repository_open_ext(&s->repo, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (r == 0) {
		auto_free char *objects = xasprintf("%s/objects", git_repository_commondir(s->repo));

		r = git_odb_open(&s->odb, objects);
	}
	if (r == 0)
		return 0;
	r = by_git(s, r, e);
	git_odb_free(TAKE(s->odb));
	git_repository_free(TAKE(s->repo));
	return r;
}

/* By libgit2: the lines `git show-ref --head -d` prints. Names that lead nowhere are passed over. */
static void ref_line(git_repository *repo, const char *name, FILE *f)
{
	git_object *found = NULL, *commit = NULL;
	char hex[GIT_ID];
	git_oid id;

	if (git_reference_name_to_id(&id, repo, name) < 0)
		return;
	fprintf(f, "%s %s\n", git_oid_tostr(hex, sizeof(hex), &id), name);
	if (git_object_lookup(&found, repo, &id, GIT_OBJECT_TAG) == 0 &&
	    git_object_peel(&commit, found, GIT_OBJECT_COMMIT) == 0)
		fprintf(f, "%s %s^{}\n", git_oid_tostr(hex, sizeof(hex), git_object_id(commit)), name);
	git_object_free(commit);
	git_object_free(found);
}

struct collect {
	git_repository *repo;
	FILE *f;
};

static int on_name(const char *name, void *arg)
{
	const struct collect *c = arg;

	ref_line(c->repo, name, c->f);
	return 0;
}

static int lib_refs(struct git_store *s, char **text, size_t *n, struct err *e)
{
	auto_file FILE *f = xmemstream(text, n);
	struct collect c = { s->repo, f };
	git_reference *head = NULL;

	if (git_reference_lookup(&head, s->repo, "HEAD") == 0 && git_reference_symbolic_target(head))
		fprintf(f, "ref: %s\tHEAD\n", git_reference_symbolic_target(head));
	git_reference_free(head);
	ref_line(s->repo, "HEAD", f);
	if (git_reference_foreach_name(s->repo, on_name, &c) < 0)
		return gitlib_err(e, X_NO_INPUT, "%s: its branches cannot be read", s->path);
	return 0;
}

/* show-ref fails without a word when there is no name yet. */
static int git_refs(struct git_store *s, char **text, size_t *n, struct err *e)
{
	auto_free char *head = NULL, *all = NULL;
	struct err none = { 0 };
	size_t len;

	if (ask(s, (const char *const[]){ "symbolic-ref", "-q", "HEAD", NULL }, &head, NULL, &none) < 0 &&
	    none.code != X_NO_INPUT) {
		*e = none;
		return -1;
	}
	if (ask(s, (const char *const[]){ "show-ref", "--head", "-d", NULL }, &all, &len, e) < 0) {
		if (e->code != X_NO_INPUT || !strstr(e->msg, "exit status 1"))
			return err_in(e, "%s", s->path);
		all = xstrdup("");
	}
	if (head)
		head[strcspn(head, "\n")] = '\0';
	*text = head ? xasprintf("ref: %s\tHEAD\n%s", head, all) : TAKE(all);
	*n = strlen(*text);
	return 0;
}

int git_store_refs(struct git_store *s, struct git_refs *refs, struct err *e)
{
	auto_free char *text = NULL;
	size_t n = 0;

	if ((s->repo ? lib_refs(s, &text, &n, e) : git_refs(s, &text, &n, e)) < 0)
		return -1;
	return git_refs_parse(refs, text, n, e) < 0 ? err_as(e, X_NO_INPUT, "%s", s->path) : 0;
}

static int too_large(const char *id, size_t n, struct err *e)
{
	return err_set(e, X_BAD_ARCHIVE, "object %s has %zu bytes, more than a source tree's", id, n);
}

static int lib_read(struct git_store *s, const char *hex, size_t max, struct git_object *o, struct err *e)
{
	git_object_t type;
	git_oid id;
	size_t n;
	int r;

	git_odb_object_free(TAKE(s->last));
	errno = 0;
	if (git_oid_fromstr(&id, hex) < 0)
		return GIT_OBJECT_ABSENT;
	r = git_odb_read_header(&n, &type, s->odb, &id);
	if (r == 0 && n > max)
		return too_large(hex, n, e);
	if (r == 0)
		r = git_odb_read(&s->last, s->odb, &id);
	if (r == GIT_ENOTFOUND)
		return GIT_OBJECT_ABSENT;
	if (r < 0)
		return gitlib_err(e, X_BAD_ARCHIVE, "object %s", hex);
	type = git_odb_object_type(s->last);
	o->kind = type == GIT_OBJECT_COMMIT ? GIT_KIND_COMMIT
		  : type == GIT_OBJECT_TREE ? GIT_KIND_TREE
		  : type == GIT_OBJECT_BLOB ? GIT_KIND_BLOB
					    : GIT_KIND_TAG;
	o->data = git_odb_object_data(s->last);
	o->n = git_odb_object_size(s->last);
	return 0;
}

static int start_batch(struct git_store *s, struct err *e)
{
	const struct git_how h = {
		.args = (const char *const[]){ "cat-file", "--batch", NULL },
		.repository = s->dir,
	};

	if (s->batch)
		return 0;
	s->batch = xcalloc(1, sizeof(*s->batch));
	if (git_pipe_open(s->batch, &h, e) == 0)
		return 0;
	free(TAKE(s->batch));
	return -1;
}

static bool kind_of(const char *word, enum git_kind *kind)
{
	static const char *const kinds[] = { "commit", "tree", "blob", "tag" };

	for (size_t i = 0; i < countof(kinds); i++)
		if (!strcmp(kinds[i], word)) {
			*kind = (enum git_kind)i;
			return true;
		}
	return false;
}

/* "{id} {kind} {size}", the object and a newline; or "{id} missing". */
static int batch_read(struct git_store *s, const char *id, size_t max, struct git_object *o, struct err *e)
{
	auto_free char *question = xasprintf("%s\n", id);
	char line[LINE_MAX_LEN], kind[16], end;
	size_t n;

	if (start_batch(s, e) < 0 || git_pipe_send(s->batch, question, strlen(question), e) < 0 ||
	    git_pipe_line(s->batch, '\n', line, sizeof(line), e) < 0)
		return -1;
	if (strstr(line, " missing"))
		return GIT_OBJECT_ABSENT;
	if (sscanf(line, "%*65[0-9a-f] %15s %zu", kind, &n) != 2 || !kind_of(kind, &o->kind))
		return err_set(e, X_BAD_ARCHIVE, "object %s: git's answer makes no sense", id);
	if (n > max)
		return too_large(id, n, e);
	if (n + 1 > s->room) {
		free(s->data);
		s->room = n + n / 2 + 4096;
		s->data = xmalloc(s->room);
	}
	if (git_pipe_read(s->batch, s->data, n, e) < 0 || git_pipe_read(s->batch, &end, 1, e) < 0)
		return err_in(e, "object %s", id);
	s->data[n] = '\0';
	o->data = s->data;
	o->n = n;
	return 0;
}

int git_store_read(struct git_store *s, const char *id, size_t max, struct git_object *o, struct err *e)
{
	return s->odb ? lib_read(s, id, max, o, e) : batch_read(s, id, max, o, e);
}

/* "remote.{name}.promisor true" tells which, "remote.{name}.url" where. */
char *git_store_promisor(struct git_store *s)
{
	auto_free char *names = NULL, *url = NULL;
	struct err ignored;
	size_t len;

	if (ask(s,
		(const char *const[]){ "config", "--local", "--name-only", "--get-regexp", "^remote\\..*\\.promisor$",
				       NULL },
		&names, NULL, &ignored) < 0)
		return NULL;
	len = strcspn(names, "\n");
	if (len <= strlen("remote..promisor"))
		return NULL;
	auto_free char *key = xasprintf("%.*surl", (int)(len - strlen("promisor")), names);

	if (ask(s, (const char *const[]){ "config", "--local", "--get", key, NULL }, &url, NULL, &ignored) < 0)
		return NULL;
	url[strcspn(url, "\n")] = '\0';
	return *url ? TAKE(url) : NULL;
}
