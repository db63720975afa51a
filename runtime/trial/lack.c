#include "trial/lack.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "scenario/need.h"
#include "scenario/places.h"
#include "scenario/plan.h"
#include "scenario/scenario.h"

enum { FILE_MAX = 64 << 20 };

struct names {
	char *text;
	size_t n;
};

/* The list is of what BPF programs may call (inspect/symbols.h). Of other functions nothing is known, so none is lacking. */
static bool has_function(void *arg, const char *name)
{
	const struct names *all = arg;
	size_t n = strlen(name);

	if (!strstr(name, "bpf") && !strstr(name, "scx"))
		return true;
	for (const char *line = all->text; line < all->text + all->n; line += strcspn(line, "\n") + 1)
		if (!strncmp(line, name, n) && (line[n] == '\n' || !line[n]))
			return true;
	return false;
}

/* What is not there, or empty, is not known. */
static int read_known(const char *boot, const char *name, char **text, size_t *n, struct err *e)
{
	auto_free char *path = xasprintf("%s/%s", boot, name);

	*n = 0;
	return file_exists(path) ? file_read(AT_FDCWD, path, FILE_MAX, text, n, e) : 0;
}

/* The text with its needs, which are no part of what is run. */
static int whole_text(const struct lack_asked *a, char **text, size_t *n, struct err *e)
{
	auto_free char *run = NULL;

	if (file_read(AT_FDCWD, a->text, 2 * SCENARIO_TEXT_MAX, &run, NULL, e) < 0)
		return -1;
	FILE *f = xmemstream(text, n);

	fprintf(f, "%s\n", run);
	for (size_t i = 0; i < a->n_needs; i++)
		fprintf(f, "needs %s\n", a->needs[i]);
	fclose(f);
	return 0;
}

static int ask(const struct lack_asked *a, const struct scenario *s, const struct need_kernel *k, char **why,
	       struct err *e)
{
	auto_free struct scenario_plan *plan = xcalloc(1, sizeof(*plan));
	auto_free struct places *places = xcalloc(1, sizeof(*places));
	struct scenario_error lack = { 0 };

	if (!places_parse(places, a->topology))
		return err_set(e, X_USAGE, "--topology %s is none", a->topology);
	enum scenario_fault fault = scenario_plan_make(plan, s, places, &lack);

	if (fault == SCENARIO_OK && !need_of_kernel(s, plan, k, &lack))
		fault = SCENARIO_SKIP;
	scenario_plan_free(plan);
	if (fault == SCENARIO_SKIP)
		*why = xstrdup(lack.what);
	return fault == SCENARIO_OK || fault == SCENARIO_SKIP ? 0 : err_set(e, X_FAIL, "%s: %s", a->text, lack.what);
}

int lack_find(const struct lack_asked *a, char **why, struct err *e)
{
	auto_free char *text = NULL, *release = NULL, *config = NULL, *functions = NULL;
	struct scenario_error wrong = { 0 };
	struct scenario s = { 0 };
	size_t n, config_n;
	struct names names;
	struct err ignored;
	int r = -1;

	*why = NULL;
	(void)facts_file(a->boot, "facts", "release", &release, &ignored);
	/* The archive has it as it stands. */
	if (whole_text(a, &text, &n, e) < 0 || read_known(a->boot, "config.cpio", &config, &config_n, e) < 0 ||
	    read_known(a->boot, "symbols", &functions, &names.n, e) < 0)
		return -1;
	names.text = functions;
	const struct need_kernel k = { .release = release,
				       .config = config_n ? config : NULL,
				       .config_n = config_n,
				       .has_function = names.n ? has_function : NULL,
				       .arg = &names };

	if (scenario_parse(&s, text, n, &wrong) != SCENARIO_OK)
		err_set(e, X_FAIL, "%s:%u:%u: %s", a->text, wrong.line, wrong.column, wrong.what);
	else
		r = ask(a, &s, &k, why, e);
	scenario_free(&s);
	return r;
}
