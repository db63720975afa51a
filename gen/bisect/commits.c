#include "gen/bisect/commits.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "fetch/git/program.h"
#include "gen/bisect/hunt.h"
#include "text/text.h"

enum {
	ANSWER_MAX = 1 << 20,
	LIST_MAX = 256 << 20,    /* a line of some 60 bytes for each commit */
	LONG_MS = 30 * 60 * 1000 /* git counts in silence */
};

static int ask(const struct commits *c, const char *const *args, size_t max, char **text, struct err *e)
{
	const struct git_how h = {
		.args = args, .repository = c->repository, .stall_ms = LONG_MS, .talk_ms = LONG_MS, .max = max
	};

	return git_run(&h, text, NULL, e);
}

/* The first line. */
static int ask_line(const struct commits *c, const char *const *args, char **line, struct err *e)
{
	if (ask(c, args, ANSWER_MAX, line, e) < 0)
		return -1;
	(*line)[strcspn(*line, "\n")] = '\0';
	return 0;
}

static bool is_repository(const char *dir)
{
	auto_free char *head = xasprintf("%s/HEAD", dir), *objects = xasprintf("%s/objects", dir);
	struct stat st;

	return stat(head, &st) == 0 && S_ISREG(st.st_mode) && stat(objects, &st) == 0 && S_ISDIR(st.st_mode);
}

/* dir, or the nearest folder above it that is one. */
static int find_repository(struct commits *c, const char *dir, struct err *e)
{
	auto_free char *whole = realpath(dir, NULL);

	if (!whole)
		return err_set(e, X_NO_INPUT, "--tree %s: there is no such folder", dir);
	c->root = xstrdup(whole);
	for (char *slash;; *slash = '\0') {
		auto_free char *dot = xasprintf("%s/.git", c->root);

		if (file_exists(dot))
			c->repository = TAKE(dot);
		else if (is_repository(c->root))
			c->repository = xstrdup(c->root);
		if (c->repository)
			break;
		slash = strrchr(c->root, '/');
		if (!slash || slash == c->root)
			return err_set(e, X_NO_INPUT, "--tree %s: it is in no git repository", dir);
	}
	const char *below = whole + strlen(c->root);

	c->below = *below ? xasprintf("%s/", below + 1) : xstrdup("");
	return 0;
}

static int resolve(const struct commits *c, const char *option, const char *said, char id[GIT_ID], struct err *e)
{
	auto_free char *word = xasprintf("%s^{commit}", said), *line = NULL;
	const char *const args[] = { "rev-parse", "--verify", "--quiet", word, NULL };

	/* git would take it for an option. */
	if (*said == '-' || !*said)
		return err_set(e, X_USAGE, "%s '%s' is no commit", option, said);
	if (ask_line(c, args, &line, e) < 0)
		return e->code == X_INTERRUPTED || e->code == X_NO_TOOL
			       ? -1
			       : err_set(e, X_NO_INPUT, "%s %s: there is no such commit in %s", option, said, c->root);
	if (!git_is_oid(line, strlen(line)))
		return err_set(e, X_NO_INPUT, "%s %s: git does not say which commit that is", option, said);
	snprintf(id, GIT_ID, "%s", line);
	return 0;
}

/* A line each; what is none of git's ids is no answer. */
static int ids_of(const char *text, struct argv *ids, struct err *e)
{
	while (*text) {
		size_t line = strcspn(text, "\n"), n = strcspn(text, " \n");

		if (!git_is_oid(text, n))
			return err_set(e, X_FAIL, "git lists something that is no commit");
		argv_fmt(ids, "%.*s", (int)n, text);
		text += line + (text[line] == '\n');
	}
	return 0;
}

static int relate(struct commits *c, struct err *e)
{
	const char *const args[] = { "merge-base", "--all", c->good, c->bad, NULL };
	auto_free char *text = NULL;

	if (!strcmp(c->good, c->bad))
		return err_set(e, X_USAGE, "--good and --bad are the same commit, %.12s", c->good);
	/* It ends with 1, and says nothing, when there is none. */
	if (ask(c, args, ANSWER_MAX, &text, e) < 0 && (e->code == X_INTERRUPTED || e->code == X_NO_TOOL))
		return -1;
	*e = (struct err){ 0 };
	if (text && ids_of(text, &c->bases, e) < 0)
		return -1;
	if (!c->bases.n)
		return err_set(e, X_USAGE, "%.12s and %.12s have no commit in common: nothing is between them", c->good,
			       c->bad);
	if (!strcmp(c->bases.v[0], c->bad))
		return err_set(
			e, X_USAGE,
			"%.12s, the bad one, is an ancestor of %.12s, the good one: what is looked for is the first commit that "
			"fails",
			c->bad, c->good);
	if (!strcmp(c->bases.v[0], c->good))
		argv_free(&c->bases);
	return 0;
}

int commits_open(struct commits *c, const char *dir, const char *good, const char *bad, bool first_parent,
		 struct err *e)
{
	const char *const args[] = { "rev-parse", "--path-format=absolute", "--git-path", "objects", NULL };

	*c = (struct commits){ .first_parent = first_parent };
	if (find_repository(c, dir, e) < 0)
		return -1;
	if (ask_line(c, args, &c->objects, e) < 0)
		return err_in(e, "--tree %s", dir);
	if (strpbrk(c->root, "\n#") || strchr(c->objects, '\n'))
		return err_set(e, X_USAGE, "--tree %s: a path with '#' or a line's end in it cannot be named to git",
			       dir);
	return resolve(c, "--good", good, c->good, e) < 0 || resolve(c, "--bad", bad, c->bad, e) < 0 ? -1
												     : relate(c, e);
}

int commits_left(const struct commits *c, const struct hunt *h, struct argv *ids, struct err *e)
{
	auto_argv struct argv args = { 0 }, all = { 0 };
	auto_free char *text = NULL;

	argv_add(&args, "rev-list");
	argv_add(&args, "--bisect-all");
	if (c->first_parent)
		argv_add(&args, "--first-parent");
	argv_add(&args, h->bad);
	for (size_t i = 0; i < h->good.n; i++)
		argv_fmt(&args, "^%s", h->good.v[i]);
	argv_add(&args, "--");
	if (ask(c, (const char *const *)args.v, LIST_MAX, &text, e) < 0 || ids_of(text, &all, e) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (strcmp(all.v[i], h->bad) != 0)
			argv_add(ids, all.v[i]);
	return 0;
}

char *commits_subject(const struct commits *c, const char *id, struct err *e)
{
	const char *const args[] = { "log", "-1", "--no-color", "--no-show-signature", "--no-notes", "--format=%s",
				     id,    "--", NULL };
	auto_free char *line = NULL;

	return ask_line(c, args, &line, e) < 0 ? NULL : text_plain(line, strlen(line), TEXT_LINE);
}

char *commits_show(const struct commits *c, const char *id, struct err *e)
{
	const char *const args[] = { "log",
				     "-1",
				     "--no-color",
				     "--no-show-signature",
				     "--no-notes",
				     "--no-ext-diff",
				     "--no-textconv",
				     "--no-decorate",
				     "--date=default",
				     "--format=medium",
				     "--stat=80",
				     "--summary",
				     id,
				     "--",
				     NULL };
	auto_free char *text = NULL;

	return ask(c, args, ANSWER_MAX, &text, e) < 0 ? NULL : text_plain(text, strlen(text), TEXT_LINES);
}

int commits_tree(const struct commits *c, const char *id, char tree[GIT_ID], struct err *e)
{
	auto_free char *word = xasprintf("%s^{tree}", id), *line = NULL;
	const char *const args[] = { "rev-parse", "--verify", "--quiet", word, NULL };

	if (ask_line(c, args, &line, e) < 0)
		return err_in(e, "tree of %.12s", id);
	if (!git_is_oid(line, strlen(line)))
		return err_set(e, X_FAIL, "git does not say which tree %.12s has", id);
	snprintf(tree, GIT_ID, "%s", line);
	return 0;
}

static int put(const char *dir, const char *name, const char *text, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", dir, name);

	return file_write(AT_FDCWD, path, text, strlen(text), e) < 0 ? -1 : 0;
}

/* A repository of ours that has the other one's objects, and an index. */
static int make_private(const struct commits *c, const char *git, struct err *e)
{
	auto_free char *info = xasprintf("%s/objects/info", git), *refs = xasprintf("%s/refs", git),
		       *alternates = xasprintf("%s\n", c->objects);
	const char *config =
		strlen(c->good) == GIT_SHA256_HEX
			? "[core]\n\trepositoryformatversion = 1\n\tbare = false\n[extensions]\n\tobjectFormat = "
			  "sha256\n"
			: "[core]\n\trepositoryformatversion = 0\n\tbare = false\n";

	return mkdir_p(AT_FDCWD, info, 0777, e) < 0 || mkdir_p(AT_FDCWD, refs, 0777, e) < 0 ||
			       put(git, "objects/info/alternates", alternates, e) < 0 ||
			       put(git, "config", config, e) < 0 || put(git, "HEAD", "ref: refs/heads/none\n", e) < 0
		       ? -1
		       : 0;
}

int commits_checkout(const struct commits *c, const char *id, const char *dir, struct err *e)
{
	auto_free char *git = xasprintf("%s/git", dir), *tree = xasprintf("%s/tree", dir);
	const char *const args[] = { "read-tree", "--reset", "-u", id, NULL };
	const struct git_how h = { .args = args,
				   .repository = git,
				   .work_tree = tree,
				   .stall_ms = LONG_MS,
				   .talk_ms = LONG_MS,
				   .max = ANSWER_MAX };

	if (mkdir_p(AT_FDCWD, tree, 0777, e) < 0 || make_private(c, git, e) < 0 || git_run(&h, NULL, NULL, e) < 0)
		return err_in(e, "files of %.12s", id);
	return 0;
}

void commits_free(struct commits *c)
{
	free(c->repository);
	free(c->root);
	free(c->below);
	free(c->objects);
	argv_free(&c->bases);
	*c = (struct commits){ 0 };
}
