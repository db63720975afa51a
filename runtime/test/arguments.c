#include "test/arguments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

static const char help[] =
	"Tests of sched_ext schedulers. Each is run by ktstr: $KTSTR, the one beside this program's library, or that of PATH.\n"
	"\n"
	"Usage: %s [NAME]...                    run these, or all that are not ignored; TAP on stdout\n"
	"       %s --exact NAME                 run this one, and tell what came of it by the exit code\n"
	"       %s --list [--format terse]      name all tests; terse: with variants, as nextest reads it\n"
	"       %s --export                     tell all that is known of them, as JSON\n"
	"       %s --cells                      what `ktstr matrix` asks: texts, topologies and profiles, as JSON\n"
	"\n"
	"  --ignored            without names: the ignored ones alone, demo_* and what says so; with --format terse\n"
	"                       gauntlet/TEST/PRESET/PROFILE as well\n"
	"  --include-ignored    without names: those as well\n"
	"  --skip-code N        with --exact: end with N when the test is skipped (77 for meson and CTest); 0 unless given\n"
	"  -q, --quiet          no progress is shown\n"
	"  --preset T|all, --profiles LIST|all\n"
	"                       with --cells: on which topologies, with which profiles, beside what tests say\n"
	"  --judge NAME --runs DIR --to FILE SEED...\n"
	"                       what a test's own function says of runs that are there, for `ktstr matrix`\n"
	"  --nocapture          nothing; nextest says it\n"
	"\n"
	"KTSTR_KERNEL and KTSTR_TEST_KERNEL name a kernel, KTSTR_SCHEDULER the program of schedulers that are known by a name,\n"
	"KTSTR_SIDECAR_DIR a folder for sidecar files. ktstr(3) has the rest.\n";

static int number(const char *text, int *to, struct err *e)
{
	char *end;
	long v = text ? strtol(text, &end, 10) : -1;

	if (!text || end == text || *end || v < 0 || v > 255)
		return err_set(e, X_USAGE, "--skip-code wants a number from 0 to 255");
	*to = (int)v;
	return 0;
}

/* The value of an option: behind "=", or the next word. NULL: there is none. */
static const char *value_of(const char *word, const char *name, int *i, int argc, char **argv)
{
	size_t n = strlen(name);

	return word[n] == '=' ? word + n + 1 : *i + 1 < argc ? argv[++*i] : NULL;
}

static bool is(const char *word, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(word, name, n) && (!word[n] || word[n] == '=');
}

static int listed(struct arguments *a, const char *word, int *i, int argc, char **argv, struct err *e)
{
	bool preset = is(word, "--preset");
	const char *value = value_of(word, preset ? "--preset" : "--profiles", i, argc, argv);

	if (!value)
		return err_set(e, X_USAGE, "%s needs a value", word);
	if (preset)
		a->presets[a->n_presets++] = value;
	else
		a->profiles[a->n_profiles++] = value;
	return 0;
}

static int option(struct arguments *a, int *i, int argc, char **argv, struct err *e)
{
	const char *word = argv[*i];
	const struct {
		const char *name;
		bool *to;
	} flags[] = {
		{ "--list", &a->list },   { "--ignored", &a->ignored }, { "--include-ignored", &a->include_ignored },
		{ "--exact", &a->exact }, { "--export", &a->export },   { "--quiet", &a->quiet },
		{ "-q", &a->quiet },      { "--cells", &a->cells },
	};
	const struct {
		const char *name;
		const char **to;
	} values[] = { { "--judge", &a->judge }, { "--runs", &a->runs }, { "--to", &a->to } };

	for (size_t k = 0; k < countof(flags); k++)
		if (!strcmp(word, flags[k].name)) {
			*flags[k].to = true;
			return 0;
		}
	if (!strcmp(word, "--nocapture") || !strcmp(word, "--no-capture"))
		return 0;
	for (size_t k = 0; k < countof(values); k++)
		if (is(word, values[k].name)) {
			*values[k].to = value_of(word, values[k].name, i, argc, argv);
			return *values[k].to ? 0 : err_set(e, X_USAGE, "%s needs a value", values[k].name);
		}
	if (is(word, "--preset") || is(word, "--profiles"))
		return listed(a, word, i, argc, argv, e);
	if (is(word, "--skip-code"))
		return number(value_of(word, "--skip-code", i, argc, argv), &a->skip_code, e);
	if (is(word, "--format")) {
		const char *form = value_of(word, "--format", i, argc, argv);

		a->terse = form && !strcmp(form, "terse");
		return a->terse || (form && !strcmp(form, "pretty"))
			       ? 0
			       : err_set(e, X_USAGE, "--format wants \"terse\" or \"pretty\"");
	}
	return err_set(e, X_USAGE, "there is no option %s; --help shows those there are", word);
}

int arguments_read(struct arguments *a, int argc, char **argv, struct err *e)
{
	const char *self = argc ? argv[0] : "tests";
	bool options = true;

	a->names = xcalloc((size_t)argc + 1, sizeof(*a->names));
	a->presets = xcalloc((size_t)argc + 1, sizeof(*a->presets));
	a->profiles = xcalloc((size_t)argc + 1, sizeof(*a->profiles));
	for (int i = 1; i < argc; i++) {
		if (options && !strcmp(argv[i], "--")) {
			options = false;
		} else if (options && (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))) {
			printf(help, self, self, self, self, self);
			return ARGUMENTS_HELP;
		} else if (!options || argv[i][0] != '-') {
			a->names[a->n++] = argv[i];
		} else if (option(a, &i, argc, argv, e) < 0) {
			return -1;
		}
	}
	if (a->exact && a->n != 1)
		return err_set(e, X_USAGE, a->n ? "--exact takes one name" : "--exact requires a test name");
	return 0;
}
