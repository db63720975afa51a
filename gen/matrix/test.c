#include "gen/matrix/test.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "judge/asked.h"
#include "options/guess.h"
#include "process/spawn.h"
#include "scenario/catalogue.h"

#define ENDING ".ktstr"

enum { SLUG_MAX = 60 };

static int no_such(const char *word, struct err *e)
{
	struct guess g = { .word = word };

	for (size_t i = 0; i < n_catalogue; i++)
		guess_try(&g, catalogue[i].name);
	return err_set(e, X_NO_INPUT,
		       "%s: neither a file nor a scenario of the catalogue%s%s%s; ktstr list shows those", word,
		       g.best ? " (did you mean " : "", g.best ? g.best : "", g.best ? "?)" : "");
}

static int parse(struct test *t, const char *text, size_t n, const char *where, struct err *e)
{
	struct scenario_error why = { 0 };
	auto_free char *words = NULL;
	size_t size;

	if (scenario_parse(&t->scenario, text, n, &why) == SCENARIO_OK)
		return 0;
	FILE *f = xmemstream(&words, &size);

	scenario_error_print(f, where, &why);
	fclose(f);
	while (size && words[size - 1] == '\n')
		words[--size] = '\0';
	return err_set(e, X_USAGE, "%s", words);
}

static int read_text(struct test *t, const char *word, struct err *e)
{
	const struct catalogue_entry *entry = strchr(word, '/') ? NULL : catalogue_find(word, strlen(word));
	auto_free char *text = NULL;
	struct stat st;
	size_t n;

	if (entry)
		return parse(t, entry->text, entry->n, word, e);
	t->file = realpath(word, NULL);
	if (!t->file || stat(t->file, &st) < 0)
		return no_such(word, e);
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_NO_INPUT, "%s: a scenario is a file", word);
	if (file_read(AT_FDCWD, t->file, SCENARIO_TEXT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "scenario");
	return parse(t, text, n, word, e);
}

static char *name_of(const struct test *t)
{
	const char *base = t->file ? strrchr(t->file, '/') + 1 : t->word;
	size_t n = strlen(base), end = strlen(ENDING);

	if (t->scenario.name)
		return xstrdup(t->scenario.name);
	return xstrndup(base, n > end && !strcmp(base + n - end, ENDING) ? n - end : n);
}

static char *is_program(char *path)
{
	char *real = realpath(path, NULL);

	free(path);
	if (!real || access(real, X_OK) == 0)
		return real;
	free(real);
	return NULL;
}

/* A path counts from the text's folder. A bare name lies beside the text, or is named's program, or among what cargo made, or in PATH. */
static char *find_program(const struct test *t, const char *name, const char *named, bool cargo)
{
	int folder = t->file ? (int)(strrchr(t->file, '/') - t->file) : 0;
	auto_free char *beside = t->file ? xasprintf("%.*s/%s", folder, t->file, name) : xstrdup(name);
	auto_free char *in_path = NULL;
	char *path;

	if (*name == '/')
		return is_program(xstrdup(name));
	if (strchr(name, '/'))
		return is_program(TAKE(beside));
	if (named && *named && (path = is_program(xstrdup(named))))
		return path;
	if ((path = is_program(TAKE(beside))) || (cargo && ((path = is_program(xasprintf("target/debug/%s", name))) ||
							    (path = is_program(xasprintf("target/release/%s", name))))))
		return path;
	in_path = spawn_find(name);
	return in_path ? realpath(in_path, NULL) : NULL;
}

char *test_program(const struct test *t, const char *name)
{
	return find_program(t, name, NULL, false);
}

static int settle_scheduler(struct test *t, const struct test_opts *o, struct err *e)
{
	const struct scenario_list *said = &t->scenario.scheduler;

	if (o->scheduler) {
		t->scheduler = xstrdup(o->scheduler);
		argv_addv(&t->args, o->args);
		return 0;
	}
	if (!said->n)
		return 0;
	t->scheduler = find_program(t, said->at[0].text, getenv("KTSTR_SCHEDULER"), true);
	if (!t->scheduler)
		return err_set(
			e, X_NO_INPUT,
			"%s:%u: scheduler \"%s\" is not there, or no program; a path counts from the file's folder, a "
			"name is looked for there, in target/debug, target/release and PATH; --scheduler-bin names another",
			t->word, said->at[0].line, said->at[0].text);
	for (size_t i = 1; i < said->n; i++)
		argv_add(&t->args, said->at[i].text);
	return 0;
}

int test_load(struct test *t, const char *word, const struct test_opts *o, struct err *e)
{
	*t = (struct test){ .word = xstrdup(word) };
	if (read_text(t, word, e) < 0)
		return -1;
	if (o->duration)
		t->scenario.duration_ns = o->duration * 1000000000u;
	if (o->workers)
		t->scenario.workers = (unsigned)o->workers;
	t->name = name_of(t);
	auto_free char *slug = plan_slug(t->name);

	t->slug = plan_short(slug, SLUG_MAX);
	if (settle_scheduler(t, o, e) < 0)
		return -1;
	return expectations_asked(&t->expect, &t->scenario, t->scheduler, word, o->expect_lines, e);
}

void test_drop(struct test *t)
{
	free(t->name);
	free(t->slug);
	free(t->word);
	free(t->file);
	scenario_free(&t->scenario);
	expectations_free(&t->expect);
	free(t->scheduler);
	argv_free(&t->args);
	*t = (struct test){ 0 };
}
