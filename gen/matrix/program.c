#include "gen/matrix/program.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/base/index.h"
#include "json/read.h"
#include "process/spawn.h"
#include "text/text.h"

enum { ANSWER_MAX = 64 << 20, ANSWER_MS = 60000, TESTS_MAX = 100000, TEST_NAME_MAX = 128 };

bool program_is(const char *word)
{
	struct stat st;

	return stat(word, &st) == 0 && S_ISREG(st.st_mode) && access(word, X_OK) == 0;
}

static void asked_words(struct argv *words, const struct test_binary *p, const struct program_asked *a)
{
	argv_add(words, p->path);
	argv_add(words, "--cells");
	for (size_t i = 0; i < a->presets->n; i++)
		argv_opt(words, "--preset", "%s", a->presets->v[i]);
	for (size_t i = 0; i < a->profiles->n; i++)
		argv_opt(words, "--profiles", "%s", a->profiles->v[i]);
	if (a->all_profiles)
		argv_opt(words, "--profiles", "all");
	if (a->ignored)
		argv_add(words, "--include-ignored");
}

static int strings(struct argv *to, const struct json *j, int list, const char *what, struct err *e)
{
	for (int i = 0; i < json_count(j, list); i++) {
		auto_free char *one = NULL;

		if (json_str(j, json_at(j, list, i), &one, e) != 0)
			return err_set(e, X_FAIL, "\"%s\" is no list of names", what);
		argv_add(to, one);
	}
	return 0;
}

static int flag(bool *to, const struct json *j, int test, const char *name, struct err *e)
{
	return json_bool(j, json_get(j, test, name), to, e) < 0 ? err_in(e, "%s", name) : 0;
}

/* What libktstr lets through: names stand in graphs, in what is printed and on command lines. */
static bool is_name(const char *name)
{
	size_t n = strlen(name);

	return n && n <= TEST_NAME_MAX && !strchr(".-", *name) &&
	       n == strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
}

static int check_hosts(const struct test_binary *p, struct err *e)
{
	auto_index struct index names = { 0 };

	for (size_t i = 0; i < p->hosts.n; i++)
		if (!is_name(p->hosts.v[i]) || index_add(&names, p->hosts.v[i], p->hosts.v[i]) != p->hosts.v[i])
			return err_set(e, X_FAIL, "a test of the host has no name, or that of another");
	return 0;
}

/* An older libktstr says nothing of it. */
static int read_lacks(struct argv *to, const struct json *j, int list, struct err *e)
{
	for (int i = 0; i < json_count(j, list); i++) {
		auto_free char *name = NULL, *line = NULL;
		auto_argv struct argv presets = { 0 };
		int at = json_at(j, list, i);
		size_t n;

		if (json_str(j, json_get(j, at, "name"), &name, e) != 0 || !is_name(name) ||
		    strings(&presets, j, json_get(j, at, "presets"), "presets", e) < 0)
			return err_set(e, X_FAIL, "a test that lacks presets has no name");
		FILE *f = xmemstream(&line, &n);

		fprintf(f, "%s:", name);
		for (size_t k = 0; k < presets.n; k++) {
			if (!is_name(presets.v[k])) {
				fclose(f);
				return err_set(e, X_FAIL, "test %s: a preset without a name", name);
			}
			fprintf(f, "%s %s", k ? "," : "", presets.v[k]);
		}
		fclose(f);
		argv_add(to, line);
	}
	return 0;
}

static int read_test(struct program_test *t, const struct json *j, int at, struct err *e)
{
	if (json_str(j, json_get(j, at, "name"), &t->name, e) != 0 || !is_name(t->name))
		return err_set(e, X_FAIL, "a test without a name");
	if (json_str(j, json_get(j, at, "text"), &t->text, e) != 0 || *t->text != '/')
		return err_set(e, X_FAIL, "test %s: no text", t->name);
	if (json_str(j, json_get(j, at, "flags"), &t->flags, e) < 0 ||
	    strings(&t->topologies, j, json_get(j, at, "topologies"), "topologies", e) < 0 ||
	    strings(&t->profiles, j, json_get(j, at, "profiles"), "profiles", e) < 0 ||
	    flag(&t->virtual, j, at, "virtual", e) < 0 || flag(&t->real, j, at, "real", e) < 0 ||
	    flag(&t->perf_mode, j, at, "perf_mode", e) < 0 || flag(&t->judged, j, at, "judge", e) < 0 ||
	    flag(&t->body, j, at, "body", e) < 0 || json_u64(j, json_get(j, at, "attach_s"), &t->attach_s, e) < 0)
		return err_in(e, "test %s", t->name);
	if (!t->topologies.n || (!t->virtual && !t->real))
		return err_set(e, X_FAIL, "test %s: no topology, or no clock", t->name);
	return 0;
}

int program_read(struct test_binary *p, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };

	if (json_parse(&j, text, n, e) < 0)
		return -1;
	int tests = json_get(&j, 0, "tests"), count = json_count(&j, tests);

	if (count > TESTS_MAX)
		return err_set(e, X_FAIL, "%d tests are more than %d", count, TESTS_MAX);
	if (strings(&p->hosts, &j, json_get(&j, 0, "hosts"), "hosts", e) < 0 || check_hosts(p, e) < 0 ||
	    read_lacks(&p->lacks, &j, json_get(&j, 0, "lacks"), e) < 0)
		return -1;
	p->v = xcalloc((size_t)count + 1, sizeof(*p->v));
	for (int i = 0; i < count; i++)
		if (read_test(&p->v[p->n++], &j, json_at(&j, tests, i), e) < 0)
			return -1;
	return 0;
}

/* A program that knows nothing of us may end with any number; these a program of ours ends with when it could not write its texts. */
static int code_of(int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : X_NO_INPUT;

	return code == X_STORE || code == X_DISK_FULL || code == X_NO_TOOL ? code : X_NO_INPUT;
}

/* It says itself what is wrong, on stderr: there is no second word for that. */
static int refused(const struct test_binary *p, int status, struct err *e)
{
	char how[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == X_USAGE)
		return err_set(
			e, X_USAGE,
			"%s has no cells to run, for the reason above; what is no program of libktstr is no word of this verb",
			p->path);
	return err_set(e, code_of(status),
		       "%s --cells: %s; it is no test program of libktstr, or one of an older version", p->path,
		       spawn_status(status, how, sizeof(how)));
}

int program_ask(struct test_binary *p, const char *word, const struct program_asked *a, struct err *e)
{
	auto_argv struct argv words = { 0 };
	auto_free char *text = NULL;
	size_t n;
	int status;

	*p = (struct test_binary){ .path = realpath(word, NULL) };
	if (!p->path)
		return err_sys(e, "find %s", word);
	asked_words(&words, p, a);
	const struct spawn s = { .argv = (const char *const *)words.v, .in = SPAWN_NULL, .family = true };

	if (spawn_capture(&s, false, ANSWER_MAX, ANSWER_MS, &text, &n, &status, e) < 0)
		return err_in(e, "%s --cells", p->path);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return refused(p, status, e);
	if (program_read(p, text, n, e) < 0) {
		e->code = X_NO_INPUT;
		return err_in(e, "%s --cells: it is no test program of libktstr, or one of another version", p->path);
	}
	return 0;
}

void program_free(struct test_binary *p)
{
	for (size_t i = 0; i < p->n; i++) {
		struct program_test *t = &p->v[i];

		free(t->name);
		free(t->text);
		free(t->flags);
		argv_free(&t->topologies);
		argv_free(&t->profiles);
	}
	free(p->v);
	argv_free(&p->hosts);
	argv_free(&p->lacks);
	free(p->path);
	*p = (struct test_binary){ 0 };
}
