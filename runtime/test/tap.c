#include "test/tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "test/run.h"
#include "test/variant.h"
#include "text/argv.h"
#include "text/text.h"

enum { OUTPUT_MAX = 64 << 20, SKIPPED = 77 };
/* For a function of the host, which nobody else ends; guests have deadlines of their own. */
enum { HOST_S = 600, HOST_S_MAX = 24 * 60 * 60 };

/* A test by its whole name, a variant too, or all with that in their names. */
static int choose(struct argv *names, const struct declarations *d, const char *word, struct err *e)
{
	size_t before = names->n;
	struct variant v;
	auto_free char *profile = NULL;

	if (variant_find(&v, &profile, d, word, e) == 0) {
		argv_add(names, word);
		return 0;
	}
	for (size_t i = 0; i < d->n; i++)
		if (strstr(d->v[i].name, word))
			argv_add(names, d->v[i].name);
	/* cargo gives a filter to all programs of a workspace. */
	return names->n > before || getenv("CARGO_MANIFEST_DIR") ? 0 : -1;
}

static int choose_all(struct argv *names, const struct declarations *d, const struct arguments *a, struct err *e)
{
	for (size_t i = 0; i < a->n; i++)
		if (choose(names, d, a->names[i], e) < 0)
			return -1;
	for (size_t i = 0; !a->n && i < d->n; i++)
		if (a->include_ignored || declared_ignored(&d->v[i]) == a->ignored)
			argv_add(names, d->v[i].name);
	return 0;
}

/* Why it is skipped: behind the first "SKIP: ", or what the first line says. */
static char *reason(const char *text)
{
	const char *at = strstr(text, "SKIP: ");

	at = at ? at + strlen("SKIP: ") : strchr(text, '\n') ? strchr(text, '\n') + 1 : text;
	at += strspn(at, " \n");
	return text_plain(at, strcspn(at, "\n"), TEXT_LINE);
}

static void put_comment(const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		printf("#%s%.*s\n", n ? " " : "", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

/* Told by the exit code of a process that runs it, in so much time; -1: any. */
static int run_one(size_t number, const char *name, int ms, struct err *e)
{
	const char *const words[] = { "/proc/self/exe", "--exact", name, "--quiet", "--skip-code", "77", NULL };
	const struct spawn s = { .argv = words, .same_group = true };
	auto_free char *text = NULL, *why = NULL;
	int status, code;
	size_t n;

	if (spawn_capture(&s, true, OUTPUT_MAX, ms, &text, &n, &status, e) < 0) {
		if (e->code != X_TIMEOUT)
			return -1;
		printf("not ok %zu - %s\n# it did not end within %d s\n", number, name, ms / 1000);
		fflush(stdout);
		return X_FAIL;
	}
	for (size_t i = 0; i < n; i++) /* so that it is not the end of the text */
		text[i] = text[i] ? text[i] : ' ';
	code = WIFEXITED(status) ? WEXITSTATUS(status) : X_FAIL;
	if (code == SKIPPED)
		why = reason(text);
	printf("%s %zu - %s%s%s\n", code && code != SKIPPED ? "not ok" : "ok", number, name, why ? " # SKIP " : "",
	       why ? why : "");
	if (!WIFEXITED(status))
		printf("# it was ended by signal %d\n", WTERMSIG(status));
	if (!why)
		put_comment(text);
	fflush(stdout);
	return code == SKIPPED ? 0 : code;
}

int tap_run(const struct declarations *d, const struct arguments *a, struct err *e)
{
	auto_argv struct argv names = { 0 };
	int worst = 0, code;
	uint64_t seconds;

	if (env_u64("KTSTR_HOST_TEST_SECS", "seconds for a test of the host", HOST_S, 1, HOST_S_MAX, &seconds, e) < 0 ||
	    choose_all(&names, d, a, e) < 0)
		return -1;
	printf("1..%zu%s\n", names.n, names.n ? "" : " # SKIP no test is meant");
	fflush(stdout);
	for (size_t i = 0; i < names.n; i++) {
		size_t of = variant_test(d, names.v[i]);

		if ((code = run_one(i + 1, names.v[i], of < d->n && d->v[of].t.host ? (int)seconds * 1000 : -1, e)) < 0)
			return -1;
		worst = run_worse(worst, code);
	}
	return worst;
}
