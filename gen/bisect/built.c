#include "gen/bisect/built.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/bisect/commits.h"
#include "process/keeper.h"
#include "process/spawn.h"
#include "store/recipe.h"
#include "store/store.h"
#include "text/text.h"

/* Files of the result. */
#define PROGRAM "program"
#define SAID "log"
#define FAILED "failed"

enum { FORMAT = 1, PROGRAM_MAX = 1 << 30, SAID_KEPT = 64 << 10, WORDS_MAX = 4096 };

static bool leads_out(const char *path)
{
	auto_free char *slashed = xasprintf("/%s/", path);

	return !*path || *path == '/' || path[strlen(path) - 1] == '/' || strstr(slashed, "/../") != NULL;
}

/* The end of what the command said. Caller frees. */
static char *end_of(int fd)
{
	off_t size = lseek(fd, 0, SEEK_END);
	auto_free char *text = xcalloc(SAID_KEPT + 1, 1);
	ssize_t n = size < 0 ? 0 : pread(fd, text, SAID_KEPT, size > SAID_KEPT ? size - SAID_KEPT : 0);

	return text_plain(text, n > 0 ? (size_t)n : 0, TEXT_LINES);
}

/* What a compiler says of a fault has "error" in it; else the last line. Caller frees. */
static char *reason_in(const char *said)
{
	const char *best = "", *line = said;
	size_t len = 0;
	bool sure = false;

	while (*line && !sure) {
		size_t n = strcspn(line, "\n");
		auto_free char *one = xstrndup(line, n);

		sure = strstr(one, "error") != NULL;
		if (n) {
			best = line;
			len = n;
		}
		line += n + (line[n] == '\n');
	}
	return text_plain(best, len, TEXT_LINE);
}

static int run(const struct built_how *how, const char *cwd, int said, long long until, int *status, struct err *e)
{
	const char *const argv[] = { "sh", "-c", how->command, NULL };
	const struct spawn s = { .argv = argv, .cwd = cwd, .in = SPAWN_NULL, .out = said, .err = said };
	auto_kill struct child c = { 0 };
	auto_keeper struct keeper k = { 0 };

	if (spawn_start(&s, &c, e) < 0 || keeper_start(&k, c.pid, e) < 0)
		return -1;
	return spawn_wait(&c, until, status, e);
}

/* A file of that folder itself: what the tree has may be anybody's. */
static int take_program(const char *from, const char *draft, struct err *e)
{
	auto_free char *to = xasprintf("%s/" PROGRAM, draft);
	struct stat st;

	if (lstat(from, &st) < 0 || !S_ISREG(st.st_mode) || !(st.st_mode & 0111))
		return BUILT_NOT;
	return file_copy(AT_FDCWD, from, AT_FDCWD, to, 0777, e) < 0 ? -1 : BUILT;
}

static int put(const char *draft, const char *name, const char *text, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", draft, name);

	return file_write(AT_FDCWD, path, text, strlen(text), e) < 0 ? -1 : 0;
}

/* Why the command cannot run there; NULL: it can. A link in the commit may lead anywhere, also to the user's own files. Caller frees. */
static char *unfit(const char *draft, const char *cwd, const char *below)
{
	auto_free char *tree = xasprintf("%s/tree", draft);
	auto_free char *top = realpath(tree, NULL), *whole = realpath(cwd, NULL);
	size_t n = top ? strlen(top) : 0;

	if (!whole || access(whole, X_OK) < 0)
		return xasprintf("it has no folder %s", below);
	return !n || strncmp(whole, top, n) != 0 || (whole[n] && whole[n] != '/')
		       ? xasprintf("its folder %s is a link that leads out of it", below)
		       : NULL;
}

/* Somebody ended it, or the shell found no such command: next time it may be otherwise. */
static bool is_of_the_machine(int status)
{
	return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) > 125);
}

/* Runs the command in the files that are there; draft gets the result's. 0, or BUILT_NOT when nothing is to be kept of it. */
static int build(struct built *b, const struct commits *c, const struct built_how *how, const char *draft,
		 long long until, struct err *e)
{
	auto_free char *cwd = xasprintf("%s/tree/%s", draft, c->below), *from = xasprintf("%s%s", cwd, how->program),
		       *path = xasprintf("%s/said", draft);
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	char ended[64];
	int status = 0, r = SPAWN_ENDED;

	if (fd < 0)
		return err_sys(e, "open %s", path);
	b->why = unfit(draft, cwd, c->below);
	if (!b->why)
		r = run(how, cwd, fd, until, &status, e);
	if (r < 0)
		return -1;
	if (r == SPAWN_DEADLINE) {
		b->code = X_TIMEOUT;
		b->why = xstrdup("the build took too long (--step-timeout)");
		return BUILT_NOT;
	}
	auto_free char *said = end_of(fd), *reason = reason_in(said);

	if (status && err_full(said))
		return err_set(e, X_DISK_FULL, "%s", reason);
	r = b->why || status ? BUILT_NOT : take_program(from, draft, e);
	if (r < 0 || put(draft, SAID, said, e) < 0)
		return -1;
	if (r == BUILT)
		return 0;
	if (status)
		b->why = xasprintf("the build failed (%s): %s", spawn_status(status, ended, sizeof(ended)), reason);
	else if (!b->why)
		b->why = xasprintf("the build made no program %s", how->program);
	b->code = X_BUILD;
	return is_of_the_machine(status) ? BUILT_NOT : put(draft, FAILED, b->why, e);
}

static int make(struct built *b, const struct commits *c, const char *id, const struct built_how *how, struct work *w,
		struct recipe *r, long long until, struct err *e)
{
	auto_free char *git = xasprintf("%s/git", w->path), *tree = xasprintf("%s/tree", w->path),
		       *said = xasprintf("%s/said", w->path);

	if (commits_checkout(c, id, w->path, e) < 0)
		return -1;
	int ret = build(b, c, how, w->path, until, e);

	if (ret || rmtree(AT_FDCWD, git, e) < 0 || rmtree(AT_FDCWD, tree, e) < 0)
		return ret ? ret : -1;
	(void)unlink(said);
	return work_publish(w, r, e);
}

/* Left alone when it is there: what was made of it is up to date. */
static int place(struct built *b, const char *id, const struct built_how *how, const struct work *w, struct err *e)
{
	auto_free char *from = xasprintf("%s/" PROGRAM, w->path), *dir = xasprintf("%s/%.12s", how->into, id),
		       *data = NULL;
	const char *slash = strrchr(how->program, '/');
	auto_free char *to = xasprintf("%s/%s", dir, slash ? slash + 1 : how->program);
	size_t n;

	if (file_read(AT_FDCWD, from, PROGRAM_MAX, &data, &n, e) < 0 || mkdir_p(AT_FDCWD, dir, 0777, e) < 0 ||
	    file_write(AT_FDCWD, to, data, n, e) < 0)
		return -1;
	/* Its ctime is part of what its content is remembered by. */
	if (access(to, X_OK) < 0 && chmod(to, 0755) < 0)
		return err_sys(e, "mode of %s", to);
	b->program = realpath(to, NULL);
	return b->program ? BUILT : err_sys(e, "%s", to);
}

static int take_result(struct built *b, const char *id, const struct built_how *how, const struct work *w,
		       struct err *e)
{
	auto_free char *failed = xasprintf("%s/" FAILED, w->path), *text = NULL;
	size_t n;

	if (b->why)
		return BUILT_NOT;
	if (!file_exists(failed))
		return place(b, id, how, w, e);
	if (file_read(AT_FDCWD, failed, WORDS_MAX, &text, &n, e) < 0)
		return -1;
	b->why = xasprintf("%s (known from before; --force builds it again)", text);
	b->code = X_BUILD;
	return BUILT_NOT;
}

static int find_or_make(struct built *b, const struct commits *c, const char *id, const struct built_how *how,
			struct store *st, struct recipe *r, long long until, struct err *e)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	int found = store_begin(st, r, how->force, &w, e);

	if (found < 0)
		return -1;
	int ret = found == STORE_HIT ? 0 : make(b, c, id, how, &w, r, until, e);

	return ret ? ret : take_result(b, id, how, &w, e);
}

int built_make(struct built *b, const struct commits *c, const char *id, const struct built_how *how, long long until,
	       struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	auto_recipe struct recipe r = { 0 };
	char tree[GIT_ID];

	*b = (struct built){ 0 };
	if (leads_out(how->program))
		return err_set(e, X_USAGE, "--scheduler-bin %s: what --build-with makes is a path below --tree",
			       how->program);
	if (store_open(&st, NULL, e) < 0 || commits_tree(c, id, tree, e) < 0)
		return -1;
	recipe_open(&r, "bisect-build", FORMAT);
	recipe_str(&r, "tree", tree);
	recipe_str(&r, "folder", c->below);
	recipe_str(&r, "command", how->command);
	recipe_str(&r, "program", how->program);
	return find_or_make(b, c, id, how, &st, &r, until, e);
}

void built_free(struct built *b)
{
	free(b->program);
	free(b->why);
	*b = (struct built){ 0 };
}
