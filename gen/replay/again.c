#include "gen/replay/again.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/replay/cell.h"
#include "json/read.h"
#include "process/spawn.h"
#include "text/argv.h"
#include "text/text.h"

#define TESTS "/tests/"

enum { RESULT_MAX = 64 << 20, SAID_MAX = 1 << 20, SHOWN = 1500 };

/* The command that is kept, with our own ktstr, that seed and the other run. It was quoted by us for a shell. Caller frees. */
static char *command(const struct replay_cell *c, bool spy, const char *result, struct err *e)
{
	static const char ktstr[] = "ktstr ";
	auto_free char *self = self_dir(e);

	if (!self)
		return NULL;
	if (strncmp(c->v.command, ktstr, strlen(ktstr)) != 0) {
		err_set(e, X_NO_INPUT, "%s: its command is none of ktstr", replay_name(c->dir));
		return NULL;
	}
	auto_free char *program = xasprintf("%s/ktstr", self), *quoted = shell_quote(program),
		       *into = shell_quote(result);

	return xasprintf("exec %s %s --seed %" PRIu64 " --audit 100 --unrecorded%s --json-file %s%s%s", quoted,
			 c->v.command + strlen(ktstr), c->seed, spy ? " --spy" : "", into, c->v.command_rest ? " " : "",
			 c->v.command_rest ? c->v.command_rest : "");
}

/* Of the cell, by what the run told. NULL: it told of none. Caller frees. */
static char *cell_dir(const char *path)
{
	auto_free char *text = NULL;
	auto_json struct json j = { 0 };
	struct err ignored;
	char *dir = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, RESULT_MAX, &text, &n, &ignored) < 0 || json_parse(&j, text, n, &ignored) < 0)
		return NULL;
	if (json_str(&j, json_get(&j, json_at(&j, json_get(&j, 0, "tests"), 0), "dir"), &dir, &ignored) != 0)
		return NULL;
	return dir;
}

/* Where an audit has the other run. Caller frees. */
static char *other_dir(const char *dir, uint64_t seed)
{
	const char *tests = strstr(dir, TESTS);

	return tests ? xasprintf("%.*s/audits/%s/seed-%" PRIu64, (int)(tests - dir), dir, tests + strlen(TESTS), seed)
		     : NULL;
}

static bool same_file(const char *dir, const char *other, uint64_t seed, struct err *e)
{
	auto_free char *a = xasprintf("%s/seed-%" PRIu64 "/run.json", dir, seed), *b = xasprintf("%s/run.json", other),
		       *x = NULL, *y = NULL;
	size_t n, m;

	if (file_read(AT_FDCWD, a, RESULT_MAX, &x, &n, e) < 0 || file_read(AT_FDCWD, b, RESULT_MAX, &y, &m, e) < 0)
		return false;
	return n == m && !memcmp(x, y, n);
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

int again_run(struct again *a, const struct replay_cell *c, bool spy, struct err *e)
{
	auto_free char *temp = tmpdir_make("replay", e), *said = NULL;
	int status = 0, r = -1;

	*a = (struct again){ 0 };
	if (!temp)
		return -1;
	auto_free char *result = xasprintf("%s/result.json", temp);
	auto_free char *line = command(c, spy, result, e);
	const char *const words[] = { "/bin/sh", "-c", line, NULL };

	if (line)
		r = run(words, NULL, &said, &status, e);
	auto_free char *dir = r < 0 ? NULL : cell_dir(result);
	struct err ignored, why = { 0 };

	(void)rmtree(AT_FDCWD, temp, &ignored);
	if (r < 0)
		return -1;
	a->dir = dir ? other_dir(dir, c->seed) : NULL;
	auto_free char *there = a->dir ? xasprintf("%s/run.json", a->dir) : NULL;

	if (!there || !file_exists(there))
		return came_to_nothing(said, status, e);
	return same_file(c->dir, a->dir, c->seed, &why) ? AGAIN_SAME : AGAIN_DIFFERS;
}

char *again_words(const struct argv *words, const char *variable, struct err *e)
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
	int r = run((const char *const *)a.v, variable, &said, &status, e);
	char *dir = r < 0 ? NULL : cell_dir(result);

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
