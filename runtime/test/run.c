#include "test/run.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "coverage/coverage.h"
#include "judge/facts/facts.h"
#include "json/read.h"
#include "json/write.h"
#include "process/spawn.h"
#include "test/ask.h"
#include "test/check.h"
#include "test/verdict.h"

enum { OUTPUT_MAX = 64 << 20, JSON_MAX = 64 << 20 };

int run_worse(int a, int b)
{
	if (a > X_USAGE || b > X_USAGE)
		return a > X_USAGE ? a : b;
	return a == X_FAIL || b == X_FAIL ? X_FAIL : a > b ? a : b;
}

static int code_of(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What ktstr said, where that is looked at before it is told. */
struct said {
	bool wanted;
	char *text;
	size_t n;
};

/* Its exit code, or negative. */
static int run(const struct ask *ask, struct said *said, struct err *e)
{
	auto_argv struct argv whole = { 0 };
	auto_kill struct child c = { 0 };
	int status;

	ask_words(&whole, ask);
	const struct spawn s = { .argv = (const char *const *)whole.v, .same_group = true };

	if (said->wanted)
		return spawn_capture(&s, false, OUTPUT_MAX, -1, &said->text, &said->n, &status, e) < 0
			       ? -1
			       : code_of(status);
	return spawn_start(&s, &c, e) < 0 || spawn_wait(&c, -1, &status, e) < 0 ? -1 : code_of(status);
}

/* enum judgement, or negative. run: where what it says goes. What it ran in the guest is counted. */
static int judge_seed(const struct declared *d, const char *dir, struct verdict_run run, struct err *e)
{
	auto_free char *path = xasprintf("%s/seed-%llu/run.json", dir, (unsigned long long)run.seed), *text = NULL;
	auto_facts struct facts facts = { 0 };
	size_t n;

	if (file_read(AT_FDCWD, path, JSON_MAX, &text, &n, e) < 0)
		return -1;
	if (coverage_wanted() && coverage_add(text, n, e) < 0)
		return err_in(e, "%s", path);
	if (!d->t.judge)
		return JUDGED_PASS;
	if (facts_read(&facts, text, n, e) < 0) {
		facts = (struct facts){ 0 };
		return err_in(e, "%s", path);
	}
	run.facts = &facts;
	run.json = text;
	return (int)verdict_judge(stdout, d, &run);
}

/* Asks the test's own function about each seed that came to a run. *skipped: it skips all of them. */
static int judge_all(const struct declared *d, const char *json, bool *skipped, struct err *e)
{
	auto_free char *text = NULL, *dir = NULL, *verdict = NULL;
	auto_json struct json j = { 0 };
	int worst = X_SUCCESS, test, seeds;
	size_t n, asked = 0, skips = 0;

	if (file_read(AT_FDCWD, json, JSON_MAX, &text, &n, e) < 0 || json_parse(&j, text, n, e) < 0)
		return -1;
	test = json_at(&j, json_get(&j, 0, "tests"), 0);
	if (json_str(&j, json_get(&j, test, "dir"), &dir, e) != 0)
		return X_SUCCESS; /* skipped */
	seeds = json_get(&j, test, "seeds");
	for (int i = 0; i < json_count(&j, seeds); i++) {
		int at = json_at(&j, seeds, i), said;
		uint64_t seed;

		free(TAKE(verdict));
		if (json_u64(&j, json_get(&j, at, "seed"), &seed, e) != 0 ||
		    json_str(&j, json_get(&j, at, "verdict"), &verdict, e) != 0)
			return err_set(e, X_FAIL, "%s: a seed without a number and a verdict", json);
		if (!strcmp(verdict, judgement_names[JUDGED_BROKEN]) || !strcmp(verdict, judgement_names[JUDGED_SKIP]))
			continue;
		if ((said = judge_seed(d, dir, (struct verdict_run){ .seed = seed }, e)) < 0)
			return -1;
		asked++;
		skips += said == JUDGED_SKIP;
		worst = said == JUDGED_FAIL ? X_FAIL : worst;
	}
	*skipped = asked && skips == asked;
	return worst;
}

/* By one clock, and the test's own function after it, which is told first. */
static int run_by(const struct declared *d, const struct ask *ask, bool *skipped, struct err *e)
{
	struct said said = { .wanted = ask->json || skipped };
	int code, own = X_SUCCESS;
	bool own_skips = false;

	if (ask->json)
		(void)unlink(ask->json); /* of an earlier run */
	code = run(ask, &said, e);
	if (code >= 0 && code <= X_USAGE && ask->json && file_exists(ask->json))
		own = judge_all(d, ask->json, &own_skips, e);
	if (said.text) {
		fwrite(said.text, 1, said.n, stdout);
		if (skipped)
			*skipped = own_skips || !strncmp(said.text, "SKIP ", 5);
		free(said.text);
	}
	return code < 0 || own < 0 ? -1 : run_worse(code, own);
}

static int run_host(const struct declared *d, const struct arguments *a)
{
	enum judgement j = verdict_host(stdout, d);

	return j == JUDGED_FAIL ? X_FAIL : j == JUDGED_SKIP ? a->skip_code : X_SUCCESS;
}

int run_variant(const struct variant *v, const struct arguments *a, struct err *e)
{
	auto_ask struct ask ask = ASK_NONE;
	bool both = v->d->t.clock == KTSTR_BOTH && !ask_clock_said(), skipped = false;
	int code;

	if (declared_check(v->d, e) < 0)
		return -1;
	if (v->d->t.host)
		return run_host(v->d, a);
	if (check_variant(v, e) < 0 || ask_make(&ask, v, a->quiet, e) < 0)
		return -1;
	if (!both && !ask.json && !a->skip_code)
		return ask_become(&ask, e);
	code = run_by(v->d, &ask, a->skip_code ? &skipped : NULL, e);
	if (both && code >= 0) {
		argv_opt(&ask.words, "--clock", "real");
		bool also = false;
		int real = run_by(v->d, &ask, a->skip_code ? &also : NULL, e);

		code = real < 0 ? -1 : run_worse(code, real);
		skipped = skipped && also;
	}
	return skipped && code == X_SUCCESS ? a->skip_code : code;
}

static void put_said(struct jsonw *w, uint64_t seed, const char *skip, const struct argv *faults)
{
	jsonw_obj(w);
	jsonw_ku64(w, "seed", seed);
	jsonw_kstr(w, "skip", skip);
	jsonw_karr(w, "faults");
	for (size_t i = 0; i < faults->n; i++)
		jsonw_str(w, faults->v[i]);
	jsonw_end_arr(w);
	jsonw_end_obj(w);
}

static int put_judged(struct jsonw *w, const struct declared *d, const char *dir, const char *word, struct err *e)
{
	auto_argv struct argv faults = { 0 };
	auto_free char *skip = NULL;
	char *end;
	const struct verdict_run run = { .seed = strtoull(word, &end, 10), .faults = &faults, .skip = &skip };

	if (end == word || *end)
		return err_set(e, X_USAGE, "--judge: \"%s\" is no seed", word);
	if (judge_seed(d, dir, run, e) < 0)
		return -1;
	put_said(w, run.seed, skip, &faults);
	return 0;
}

static void put_host(struct jsonw *w, const struct declared *d)
{
	auto_argv struct argv faults = { 0 };
	auto_free char *skip = NULL;

	(void)verdict_host_to(&faults, &skip, d);
	put_said(w, 0, skip, &faults);
}

int run_judge(const struct declarations *d, const struct arguments *a, struct err *e)
{
	const struct declared *test = declared_find(d, a->judge, strlen(a->judge));
	auto_free char *text = NULL;
	size_t n;
	int r = 0;

	if (!test || (!test->t.judge && !test->t.host))
		return err_set(e, X_USAGE, "--judge %s: there is no test of that name with a function that judges",
			       a->judge);
	if ((!a->runs && !test->t.host) || !a->to)
		return err_set(e, X_USAGE, "--judge wants --runs and --to");
	if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_sys(e, "keep what the function prints apart");
	FILE *f = xmemstream(&text, &n);
	struct jsonw w;

	jsonw_init(&w, f);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 1);
	jsonw_karr(&w, "seeds");
	if (test->t.host)
		put_host(&w, test);
	for (size_t i = 0; r == 0 && !test->t.host && i < a->n; i++)
		r = put_judged(&w, test, a->runs, a->names[i], e);
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
	fclose(f);
	return r < 0 || file_write(AT_FDCWD, a->to, text, n, e) < 0 ? -1 : 0;
}
