#include "gen/replay/again.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/explore/attempt.h"
#include "gen/replay/allowed.h"
#include "gen/replay/cell.h"
#include "gen/replay/words.h"
#include "process/spawn.h"
#include "text/argv.h"
#include "text/text.h"

#define TESTS "/tests/"

enum { RUN_MAX = 256 << 20, SAID_MAX = 1 << 20, SHOWN = 1500 };

int again_split(struct argv *words, struct argv *rest, const struct replay_cell *c, struct err *e)
{
	if (!words_unquote(words, c->v.command) || (c->v.command_rest && !words_unquote(rest, c->v.command_rest)))
		return err_set(e, X_NO_INPUT, "%s: its command is none of ktstr", replay_name(c->dir));
	bool ours = replay_ours(c->dir);

	if (allowed_check(words, rest, ours, e) < 0)
		return err_in(e, "%s", replay_name(c->dir));
	/* Somebody else's kernel may be any source, and to build it is to run its makefiles on this machine. */
	if (!ours)
		argv_add(words, "--no-build");
	return 0;
}

/* The words of the command that is kept, with our own ktstr, that seed and the other run. What stands in a verdict.json may be anybody's, so no
 * shell gets to see it. */
int again_command(struct argv *a, const struct replay_cell *c, const struct argv *more, const char *result,
		  struct err *e)
{
	auto_argv struct argv words = { 0 }, rest = { 0 };
	auto_free char *self = self_dir(e);

	if (!self || again_split(&words, &rest, c, e) < 0)
		return -1;
	argv_fmt(a, "%s/ktstr", self);
	argv_addv(a, (const char *const *)words.v + 1);
	argv_opt(a, "--seed", "%" PRIu64, c->seed);
	argv_opt(a, "--audit", "100");
	argv_add(a, "--unrecorded");
	if (more)
		argv_addv(a, (const char *const *)more->v);
	argv_opt(a, "--json-file", "%s", result);
	if (rest.n)
		argv_addv(a, (const char *const *)rest.v);
	return 0;
}

/* Where an audit has the other run. Caller frees. */
static char *other_dir(const char *dir, uint64_t seed)
{
	const char *tests = replay_tests(dir);

	return tests ? xasprintf("%.*s/audits/%s/seed-%" PRIu64, (int)(tests - dir), dir, tests + strlen(TESTS), seed)
		     : NULL;
}

struct kept {
	char *text;
	size_t n;
};

static int read_kept(struct kept *k, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/run.json", dir);

	return file_read(AT_FDCWD, path, RUN_MAX, &k->text, &k->n, e) < 0 ? err_in(e, "%s", path) : 0;
}

/* Not what an earlier replay left there: a run that comes to nothing leaves that as it was. */
static bool is_new(const char *dir, const struct stat *before)
{
	auto_free char *path = xasprintf("%s/run.json", dir);
	struct stat st;

	return stat(path, &st) == 0 &&
	       (st.st_mtim.tv_sec > before->st_ctim.tv_sec ||
		(st.st_mtim.tv_sec == before->st_ctim.tv_sec && st.st_mtim.tv_nsec >= before->st_ctim.tv_nsec));
}

static int run(const char *const *words, const char *variable, char **said, int *status, struct err *e)
{
	const char *const env[] = { "KTSTR_SIDECAR_DIR", variable, NULL };
	const struct spawn s = {
		.argv = words, .env = env, .in = SPAWN_NULL, .out = SPAWN_INHERIT, .err = SPAWN_INHERIT
	};
	size_t n;

	return spawn_capture(&s, true, SAID_MAX, -1, said, &n, status, e);
}

static int came_to_nothing(const char *said, int status, struct err *e)
{
	size_t n = strlen(said), from = n > SHOWN ? n - SHOWN : 0;
	auto_free char *words = text_plain(said + from, n - from, TEXT_LINES);

	return err_set(e, WIFEXITED(status) && WEXITSTATUS(status) > X_USAGE ? WEXITSTATUS(status) : X_FAIL,
		       "it came to no other run:\n%s", words);
}

/* The run in a->dir, and what it said when it came to none. */
static int make(struct again *a, const struct replay_cell *c, const struct argv *more, struct err *e)
{
	auto_free char *temp = tmpdir_make("replay", e), *said = NULL;
	auto_argv struct argv words = { 0 };
	struct stat before;
	struct err ignored;
	int status = 0, r;

	if (!temp)
		return -1;
	auto_free char *result = xasprintf("%s/result.json", temp);

	r = stat(temp, &before) < 0 ? err_sys(e, "look at %s", temp) : again_command(&words, c, more, result, e);
	if (r == 0)
		r = run((const char *const *)words.v, NULL, &said, &status, e);
	auto_free char *dir = r < 0 ? NULL : attempt_cell_dir(result);

	(void)rmtree(AT_FDCWD, temp, &ignored);
	if (r < 0)
		return -1;
	a->dir = dir ? other_dir(dir, c->seed) : NULL;
	return a->dir && is_new(a->dir, &before) ? 0 : came_to_nothing(said, status, e);
}

int again_run(struct again *a, const struct replay_cell *c, const struct argv *more, struct err *e)
{
	auto_free char *dir = xasprintf("%s/seed-%" PRIu64, c->dir, c->seed);
	struct kept was = { 0 }, is = { 0 };
	int r = -1;

	*a = (struct again){ 0 };
	/* First: `ktstr run` makes what is kept anew when something of it has changed. */
	if (read_kept(&was, dir, e) < 0)
		(void)err_as(e, X_NO_INPUT, "the run that is kept");
	else if (make(a, c, more, e) == 0 && read_kept(&is, a->dir, e) == 0)
		r = was.n == is.n && !memcmp(was.text, is.text, was.n) ? AGAIN_SAME : AGAIN_DIFFERS;
	free(was.text);
	free(is.text);
	return r;
}

char *again_words(const struct argv *words, const struct argv *rest, const char *variable, struct err *e)
{
	auto_free char *temp = tmpdir_make("replay", e), *self = self_dir(e), *said = NULL;
	auto_argv struct argv a = { 0 };
	struct err ignored;
	int status = 0;

	if (!temp || !self)
		return NULL;
	auto_free char *result = xasprintf("%s/result.json", temp);

	argv_fmt(&a, "%s/ktstr", self);
	argv_add(&a, "run");
	argv_addv(&a, (const char *const *)words->v);
	argv_add(&a, "--unrecorded");
	argv_opt(&a, "--json-file", "%s", result);
	if (rest && rest->n)
		argv_addv(&a, (const char *const *)rest->v);
	int r = run((const char *const *)a.v, variable, &said, &status, e);
	char *dir = r < 0 ? NULL : attempt_cell_dir(result);

	(void)rmtree(AT_FDCWD, temp, &ignored);
	if (r == 0 && !dir)
		(void)came_to_nothing(said, status, e);
	return dir;
}

void again_free(struct again *a)
{
	free(a->dir);
	*a = (struct again){ 0 };
}
