#include "judge/own/own.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "json/read.h"
#include "process/spawn.h"

/* As JSON a byte may be six of them. */
enum { ANSWER_MAX = 8 * OWN_FAULTS_MAX * OWN_WORDS_MAX, PRINTED_MAX = 1 << 20, ASK_MS = 60000, HOST_MS = 600000 };

static int read_faults(struct own *o, const struct json *j, int list, struct err *e)
{
	int n = json_count(j, list);

	for (int i = 0; i < n && i < OWN_FAULTS_MAX; i++) {
		auto_free char *words = NULL;

		if (json_str(j, json_at(j, list, i), &words, e) != 0)
			return err_set(e, X_FAIL, "a fault without words");
		argv_add(&o->faults, words);
	}
	return 0;
}

int own_read(struct own *o, const char *text, size_t n, uint64_t asked, struct err *e)
{
	auto_json struct json j = { 0 };
	uint64_t seed;

	if (json_parse(&j, text, n, e) < 0)
		return -1;
	int at = json_at(&j, json_get(&j, 0, "seeds"), 0);

	if (json_u64(&j, json_get(&j, at, "seed"), &seed, e) != 0 || seed != asked)
		return err_set(e, X_FAIL, "nothing about seed %" PRIu64, asked);
	return json_str(&j, json_get(&j, at, "skip"), &o->skip, e) < 0 ||
			       read_faults(o, &j, json_get(&j, at, "faults"), e) < 0
		       ? -1
		       : 0;
}

/* What it printed says most about how it ended. */
static int run(struct own *o, const char *const *words, const char *test, int ms, struct err *e)
{
	const struct spawn s = {
		.argv = words,
		.in = SPAWN_NULL,
		.family = true,
		.less = "such a function prints 1 MiB at most, so write more than that into a file of your own"
	};
	char how[64];
	int status;

	if (spawn_capture(&s, true, PRINTED_MAX, ms, &o->printed, &o->n, &status, e) < 0)
		return err_in(e, "the function of test %s in %s", test, words[0]);
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	return err_set(e, X_FAIL, "the function of test %s in %s: %s", test, words[0],
		       spawn_status(status, how, sizeof(how)));
}

int own_ask(struct own *o, const char *program, const char *test, const char *runs, uint64_t seed, const char *to,
	    struct err *e)
{
	auto_free char *text = NULL;
	auto_argv struct argv words = { 0 };
	size_t n;

	*o = (struct own){ 0 };
	argv_add(&words, program);
	argv_opt(&words, "--judge", "%s", test);
	argv_opt(&words, "--to", "%s", to);
	if (runs) {
		argv_opt(&words, "--runs", "%s", runs);
		argv_fmt(&words, "%" PRIu64, seed);
	}
	(void)unlink(to); /* of an earlier request */
	if (run(o, (const char *const *)words.v, test, runs ? ASK_MS : HOST_MS, e) < 0)
		return -1;
	int r = file_read(AT_FDCWD, to, ANSWER_MAX, &text, &n, e);

	(void)unlink(to);
	if (r < 0 || own_read(o, text, n, seed, e) < 0)
		return err_in(e, "what the function of test %s in %s says", test, program);
	o->said = (struct judge_own){ (const char *const *)o->faults.v, o->faults.n, o->skip };
	return 0;
}

void own_free(struct own *o)
{
	argv_free(&o->faults);
	free(o->skip);
	free(o->printed);
	*o = (struct own){ 0 };
}
