#include "gen/explore/attempt.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/lock.h"
#include "base/mem.h"
#include "base/stop.h"
#include "json/read.h"
#include "process/spawn.h"
#include "system/kill.h"
#include "text/text.h"

#define RESULT "result.json"
#define SAID "said"
#define LOCK ".lock" /* behind the name of the folder */

enum { RESULT_MAX = 64 << 20, SAID_MAX = 1 << 20, SHOWN = 1500, END_MS = 10000 };

int attempts_open(struct attempts *a, const char *name, struct err *e)
{
	auto_free char *store = cache_path("KTSTR_STORE", "store", e), *self = self_dir(e);

	if (!store || !self)
		return -1;
	a->program = xasprintf("%s/ktstr", self);
	a->dir = xasprintf("%s/texts/%s", store, name);
	if (mkdir_p(AT_FDCWD, a->dir, 0777, e) < 0)
		return err_as(e, X_STORE, "a place for the texts of tests");
	auto_free char *lock = xasprintf("%s" LOCK, a->dir);
	int r = flock_try(AT_FDCWD, lock, &a->lock, e);

	if (r)
		return r == LOCK_BUSY ? err_set(e, X_FAIL, "the same is being done already; wait for that one") : r;
	a->held = open(a->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return a->held < 0 || flock(a->held, LOCK_SH | LOCK_NB) < 0 ? err_sys(e, "hold %s", a->dir) : 0;
}

void attempts_close(struct attempts *a)
{
	auto_free char *lock = xasprintf("%s" LOCK, a->dir ? a->dir : "");

	flock_drop(AT_FDCWD, lock, &a->lock);
	if (a->held >= 0)
		close(a->held);
	free(a->program);
	argv_free(&a->options);
	argv_free(&a->rest);
	free(a->dir);
	*a = ATTEMPTS_NONE;
}

/* Steps unwind by SIGINT. What is still there later ends with its group. */
static void end_child(struct child *c)
{
	struct err ignored;
	long long deadline = now_ms() + END_MS;
	int status;

	kill_group(c->pid, SIGINT);
	while (c->pid && now_ms() < deadline) {
		struct pollfd p = { .fd = c->pidfd, .events = POLLIN };

		if (poll_fds(&p, 1, 100) > 0)
			break;
	}
	if (c->pid && !stop_pending())
		(void)spawn_wait(c, now_ms() + 100, &status, &ignored);
	spawn_kill(c);
}

/* What it said, for people: its last lines. Caller frees. */
static char *last_words(const char *path)
{
	auto_free char *text = NULL;
	struct err ignored;
	size_t n;

	if (file_read(AT_FDCWD, path, SAID_MAX, &text, &n, &ignored) < 0)
		return xstrdup("it said nothing");
	const char *error = strstr(text, "error: ");
	const char *from = error ? error + strlen("error: ") : n > SHOWN ? text + n - SHOWN : text;
	size_t len = strlen(from);

	while (len && from[len - 1] == '\n')
		len--;
	return text_plain(from, len < SHOWN ? len : SHOWN, TEXT_LINES);
}

char *attempt_cell_dir(const char *path)
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

static int read_verdict(struct attempt *t, struct err *e)
{
	auto_free char *path = xasprintf("%s/verdict.json", t->dir), *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, RESULT_MAX, &text, &n, e) < 0)
		return -1;
	return verdict_read(&t->v, text, n, e) < 0 ? err_in(e, "%s", path) : ATTEMPT_JUDGED;
}

int attempt_verb(struct attempt *t, const struct attempts *a, const struct argv *words, struct err *e)
{
	static const char *const env[] = { "KTSTR_SIDECAR_DIR", NULL };
	auto_free char *said = xasprintf("%s/" SAID, a->dir);
	auto_argv struct argv all = { 0 };
	struct child c = { 0 };
	int status = 0;

	*t = (struct attempt){ 0 };
	if (a->until >= 0 && now_ms() >= a->until)
		return ATTEMPT_OVER;
	auto_close int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return err_sys(e, "open %s", said);
	argv_add(&all, a->program);
	argv_addv(&all, (const char *const *)words->v);
	if (a->options.n)
		argv_addv(&all, (const char *const *)a->options.v);
	if (a->rest.n)
		argv_addv(&all, (const char *const *)a->rest.v);
	const struct spawn s = {
		.argv = (const char *const *)all.v, .env = env, .in = SPAWN_NULL, .out = SPAWN_NULL, .err = fd
	};

	if (spawn_start(&s, &c, e) < 0)
		return -1;
	int r = spawn_wait(&c, a->until, &status, e);

	if (r != SPAWN_ENDED) {
		end_child(&c);
		return r < 0 ? -1 : ATTEMPT_OVER;
	}
	t->code = WIFEXITED(status) ? WEXITSTATUS(status) : X_FAIL;
	t->why = last_words(said);
	return 0;
}

/* By what it wrote down, or by its exit code when it wrote down nothing. */
static int conclude(struct attempt *t, const char *result, struct err *e)
{
	struct err why = { 0 };

	t->dir = attempt_cell_dir(result);
	if (t->dir && read_verdict(t, &why) == ATTEMPT_JUDGED) {
		free(t->why);
		t->why = NULL;
		return ATTEMPT_JUDGED;
	}
	if (t->code == X_SUCCESS || t->code == X_USAGE || t->code == X_NO_INPUT)
		return ATTEMPT_UNFIT;
	return err_set(e, t->code, "%s", t->why);
}

int attempt_words(struct attempt *t, const struct attempts *a, const struct argv *words, struct err *e)
{
	auto_free char *result = xasprintf("%s/" RESULT, a->dir);
	auto_argv struct argv all = { 0 };

	argv_addv(&all, (const char *const *)words->v);
	argv_opt(&all, "--json-file", "%s", result);
	argv_add(&all, "--unrecorded");
	(void)unlink(result);
	int r = attempt_verb(t, a, &all, e);

	return r ? r : conclude(t, result, e);
}

int attempt_run(struct attempt *t, const struct attempts *a, const char *file, const char *text, uint64_t first,
		size_t n, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", a->dir, file);
	auto_argv struct argv words = { 0 };

	*t = (struct attempt){ 0 };
	if (file_write(AT_FDCWD, path, text, strlen(text), e) < 0)
		return -1;
	argv_add(&words, "run");
	argv_add(&words, path);
	argv_opt(&words, "--seeds", "%" PRIu64 "..%" PRIu64, first, first + n - 1);
	return attempt_words(t, a, &words, e);
}

void attempt_free(struct attempt *t)
{
	verdict_free(&t->v);
	free(t->dir);
	free(t->why);
	*t = (struct attempt){ 0 };
}
