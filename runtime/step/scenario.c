/* scenario: a scenario's text in its canonical form, whole and as far as it decides a run. Nothing is stored: it takes less time to make
 * than to find. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "scenario/catalogue.h"
#include "scenario/scenario.h"
#include "step/step.h"
#include "step/steps.h"
#include <string.h>

static struct {
	const char *file, *catalogue;
	uint64_t duration, workers;
} o;

static const struct opt opts[] = {
	{ .name = "file", .type = OPT_STR, .out = &o.file, .arg = "FILE", .help = "the scenario" },
	{ .name = "catalogue", .type = OPT_STR, .out = &o.catalogue, .arg = "NAME", .help = "one that is built in" },
	{ .name = "duration",
	  .type = OPT_U64,
	  .out = &o.duration,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 3600,
	  .help = "what percentages of hold are of, in place of what the text says" },
	{ .name = "workers",
	  .type = OPT_U64,
	  .out = &o.workers,
	  .arg = "N",
	  .min = 1,
	  .max = 4096,
	  .help = "workers of a line that does not say how many, in place of what the text says" },
	{ 0 },
};

static int bad_text(const char *name, const struct scenario_error *why, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	scenario_error_print(f, name, why);
	fclose(f);
	return err_set(e, X_USAGE, "%s", text);
}

static int read_scenario(struct scenario *s, struct err *e)
{
	auto_free char *text = NULL;
	struct scenario_error why = { 0 };
	const struct catalogue_entry *entry = o.catalogue ? catalogue_find(o.catalogue, strlen(o.catalogue)) : NULL;
	size_t n;

	if (!o.file == !o.catalogue)
		return err_set(e, X_USAGE, "one of --file and --catalogue is required");
	if (o.catalogue && !entry)
		return err_set(e, X_NO_INPUT, "there is no scenario \"%s\" in the catalogue", o.catalogue);
	if (o.file && file_read(AT_FDCWD, o.file, SCENARIO_TEXT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "scenario");
	if (scenario_parse(s, entry ? entry->text : text, entry ? entry->n : n, &why) != SCENARIO_OK)
		return bad_text(o.file ? o.file : o.catalogue, &why, e);
	if (o.duration)
		s->duration_ns = o.duration * 1000000000u;
	if (o.workers)
		s->workers = (unsigned)o.workers;
	return 0;
}

static int write_form(int dir, const char *name, void (*how)(FILE *f, const struct scenario *s),
		      const struct scenario *s, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	how(f, s);
	fclose(f);
	return file_write(dir, name, text, n, e) < 0 ? -1 : 0;
}

static int run(int dir, const char *path, struct err *e)
{
	struct scenario s = { 0 };
	int r = read_scenario(&s, e);

	(void)path;
	if (r == 0)
		r = write_form(dir, "text", scenario_write_run, &s, e);
	if (r == 0)
		r = write_form(dir, "test", scenario_write, &s, e);
	scenario_free(&s);
	return r;
}

const struct step step_scenario = {
	.name = "scenario",
	.format = 1,
	.summary = "write a scenario in its canonical form",
	.opts = opts,
	.run = run,
};
