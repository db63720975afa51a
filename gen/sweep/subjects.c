#include "gen/sweep/subjects.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "json/read.h"
#include "process/spawn.h"

enum {
	ANSWER_MAX = 64 << 20,
	ANSWER_MS = 60000,
	NAME_MAX_BYTES = 128,
	WORDS_MAX = 1024,
	ATTACH_MAX_S = 86400,
	GROUPS_MAX = 255
};

static void subject_free(struct subject *s)
{
	free(s->name);
	free(s->slug);
	free(s->binary);
	free(s->path);
	argv_free(&s->args);
	flags_free(&s->flags);
	argv_free(&s->sysctls);
	argv_free(&s->kargs);
	free(s->groups);
	free(s->program);
	*s = (struct subject){ 0 };
}

void subjects_free(struct subjects *s)
{
	for (size_t i = 0; i < s->n; i++)
		subject_free(&s->v[i]);
	free(s->v);
	*s = (struct subjects){ 0 };
}

static int read_words(struct argv *to, const struct json *j, int obj, const char *key, struct err *e)
{
	int list = json_get(j, obj, key);

	if (list < 0 || json_kind(j, list) != JSON_ARRAY || json_count(j, list) > WORDS_MAX)
		return err_set(e, X_FAIL, "\"%s\" is no list of at most %d words", key, WORDS_MAX);
	for (int i = 0; i < json_count(j, list); i++) {
		auto_free char *word = NULL;

		if (json_str(j, json_at(j, list, i), &word, e) != 0)
			return err_set(e, X_FAIL, "\"%s\" is no list of words", key);
		argv_add(to, word);
	}
	return 0;
}

/* It stands in reports, in the name of a folder and on command lines. */
static int read_name(struct subject *s, const struct json *j, int at, struct err *e)
{
	if (json_kind(j, at) != JSON_OBJECT || json_str(j, json_get(j, at, "name"), &s->name, e) != 0 || !*s->name ||
	    strlen(s->name) > NAME_MAX_BYTES)
		return err_set(e, X_FAIL, "a scheduler has no name, or one of more than %d bytes", NAME_MAX_BYTES);
	s->slug = plan_slug(s->name);
	return 0;
}

static int read_subject(struct subject *s, const struct json *j, int at, struct err *e)
{
	uint64_t ms = 0;

	if (read_name(s, j, at, e) < 0)
		return -1;
	if (json_str(j, json_get(j, at, "binary"), &s->binary, e) != 0)
		return err_set(e, X_FAIL, "scheduler %s: no program is named", s->name);
	if (json_str(j, json_get(j, at, "path"), &s->path, e) < 0 || read_words(&s->args, j, at, "args", e) < 0 ||
	    flags_read(&s->flags, j, json_get(j, at, "flags"), e) < 0 ||
	    json_bool(j, json_get(j, at, "flags_known"), &s->flags_known, e) != 0 ||
	    read_words(&s->sysctls, j, at, "sysctls", e) < 0 || read_words(&s->kargs, j, at, "kargs", e) < 0 ||
	    json_str(j, json_get(j, at, "cgroup_parent"), &s->groups, e) < 0 ||
	    json_u64(j, json_get(j, at, "attach_ms"), &ms, e) < 0)
		return err_in(e, "scheduler %s", s->name);
	if ((s->path && *s->path != '/') || ms / 1000 >= ATTACH_MAX_S)
		return err_set(e, X_FAIL, "scheduler %s: its path is not absolute, or it may take more than a day",
			       s->name);
	if (!s->groups || *s->groups != '/' || strlen(s->groups) > GROUPS_MAX)
		return err_set(e, X_FAIL, "scheduler %s: its cgroup is no path of at most %d bytes", s->name,
			       GROUPS_MAX);
	s->attach_s = ms / 1000 + (ms % 1000 != 0);
	return 0;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool same_words(const struct argv *a, const struct argv *b)
{
	return words_equal(a->v, a->n, b->v, b->n);
}

static char *text_of(const struct flags *f)
{
	char *text;
	size_t n;
	FILE *to = xmemstream(&text, &n);

	flags_write(to, f);
	fclose(to);
	return text;
}

static bool same_flags(const struct subject *a, const struct subject *b)
{
	auto_free char *one = text_of(&a->flags), *two = text_of(&b->flags);

	return !a->flags_known || !b->flags_known || !strcmp(one, two);
}

/* In what two declarations differ, of what makes a cell of a sweep another one; NULL: in nothing. */
static const char *difference(const struct subject *a, const struct subject *b)
{
	const struct {
		bool same;
		const char *what;
	} parts[] = {
		{ same_text(a->name, b->name), "name" },
		{ !a->path || !b->path ? same_text(a->binary, b->binary) : same_text(a->path, b->path), "binary" },
		{ same_words(&a->args, &b->args), "args" },
		{ same_flags(a, b), "flags" },
		{ same_words(&a->sysctls, &b->sysctls), "sysctls" },
		{ same_words(&a->kargs, &b->kargs), "kargs" },
		{ same_text(a->groups, b->groups), "cgroup_parent" },
	};

	for (size_t i = 0; i < countof(parts); i++)
		if (!parts[i].same)
			return parts[i].what;
	return NULL;
}

static int conflict(const struct subject *a, const struct subject *b, const char *what, struct err *e)
{
	if (!strcmp(what, "name"))
		return err_set(
			e, X_USAGE,
			"schedulers \"%s\" (%s) and \"%s\" (%s) have names that are too much alike for two folders; "
			".name = \"…\" gives one of them another",
			a->name, a->program, b->name, b->program);
	return err_set(e, X_USAGE,
		       "scheduler %s is declared with one .%s in %s and with another in %s; .name = \"…\" gives one of "
		       "them another name, and --tests PROGRAM names the program whose schedulers are meant",
		       a->name, what, a->program,
		       strcmp(a->program, b->program) != 0 ? b->program : "the same program");
}

/* What one of them does not say is as the other has it. */
static void join(struct subject *to, struct subject *from)
{
	if (!to->path)
		to->path = TAKE(from->path);
	if (!to->flags_known && from->flags_known) {
		flags_free(&to->flags);
		to->flags = from->flags;
		from->flags = (struct flags){ 0 };
		to->flags_known = true;
	}
	if (from->attach_s > to->attach_s)
		to->attach_s = from->attach_s;
}

static int add(struct subjects *s, struct subject *one, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *what;

		if (strcmp(s->v[i].slug, one->slug) != 0)
			continue;
		if ((what = difference(&s->v[i], one)))
			return conflict(&s->v[i], one, what, e);
		join(&s->v[i], one);
		return 0;
	}
	if (s->n == SUBJECTS_MAX)
		return err_set(e, X_USAGE, "more than %d schedulers are declared", SUBJECTS_MAX);
	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = *one;
	*one = (struct subject){ 0 };
	return 0;
}

int subjects_read(struct subjects *s, const char *program, const char *text, size_t n, struct err *e)
{
	auto_json struct json j = { 0 };

	if (json_parse(&j, text, n, e) < 0)
		return err_as(e, X_NO_INPUT, "%s --export", program);
	int list = json_kind(&j, 0) == JSON_OBJECT ? json_get(&j, 0, "schedulers") : -1;

	if (list < 0 || json_kind(&j, list) != JSON_ARRAY)
		return err_set(
			e, X_NO_INPUT,
			"%s --export tells of no schedulers; it is no test program of libktstr, or one of an older "
			"version",
			program);
	s->programs++;
	for (int i = 0; i < json_count(&j, list); i++) {
		struct subject one = { .program = xstrdup(program) };
		int r = read_subject(&one, &j, json_at(&j, list, i), e);

		if (r < 0)
			err_as(e, X_NO_INPUT, "%s --export", program);
		else
			r = add(s, &one, e);
		subject_free(&one);
		if (r < 0)
			return -1;
	}
	return 0;
}

/* It says itself what is wrong with its tests, on stderr. */
static int refused(const char *program, int status, struct err *e)
{
	char how[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == X_USAGE)
		return err_set(e, X_USAGE, "%s cannot tell of its schedulers, for the reason above", program);
	return err_set(e, X_NO_INPUT, "%s --export: %s; it is no test program of libktstr, or one of an older version",
		       program, spawn_status(status, how, sizeof(how)));
}

int subjects_ask(struct subjects *s, const char *program, struct err *e)
{
	auto_free char *path = realpath(program, NULL), *text = NULL;
	const char *const words[] = { path, "--export", NULL };
	const struct spawn spawn = { .argv = words, .in = SPAWN_NULL, .family = true };
	int status;
	size_t n;

	if (!path)
		return err_sys(e, "find %s", program);
	if (spawn_capture(&spawn, false, ANSWER_MAX, ANSWER_MS, &text, &n, &status, e) < 0)
		return err_in(e, "%s --export", path);
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return refused(path, status, e);
	return subjects_read(s, path, text, n, e);
}

static char *names_of(const struct subjects *s)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < s->n; i++)
		fprintf(f, "%s%s", i ? ", " : "", s->v[i].name);
	fclose(f);
	return text;
}

static bool among(const char *name, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

int subjects_choose(struct subjects *s, const char *const *names, size_t n, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		size_t k = 0;

		while (k < s->n && strcmp(s->v[k].name, names[i]) != 0)
			k++;
		if (k < s->n)
			continue;
		auto_free char *all = names_of(s);

		return err_set(e, X_USAGE, "--declared %s: no test program declares such a scheduler%s%s", names[i],
			       s->n ? "; those there are: " : "", all);
	}
	for (size_t i = 0; n && i < s->n; i++) {
		if (among(s->v[i].name, names, n))
			s->v[kept++] = s->v[i];
		else
			subject_free(&s->v[i]);
	}
	s->n = n ? kept : s->n;
	return 0;
}

int subjects_check(const struct subjects *s, struct err *e)
{
	if (!s->n)
		return err_set(
			e, X_NO_INPUT,
			"%s; KTSTR_SCHEDULER(…) in C or ktstr::scheduler!(…) in Rust declares one (docs/writing-tests.md), "
			"--scheduler PKG or --scheduler-bin PATH names one",
			s->programs ? "the tests of libktstr that there are declare no scheduler but the kernel's own"
				    : "no test program of libktstr is here, so that no scheduler is declared");
	for (size_t i = 0; i < s->n; i++)
		if (!s->v[i].path)
			return err_set(
				e, X_NO_INPUT,
				"scheduler %s, which %s declares, has no program: \"%s\" is neither beside the test program "
				"nor in target/debug, target/release or PATH; build it, or name it in KTSTR_SCHEDULER",
				s->v[i].name, s->v[i].program, s->v[i].binary);
	return 0;
}
