/* main.c: what a test program answers to its arguments. */
#include "test/ktstr.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "test/arguments.h"
#include "test/ask.h"
#include "test/declared.h"
#include "test/export.h"
#include "test/listing.h"
#include "test/run.h"
#include "test/tap.h"
#include "test/variant.h"
#include "test/work.h"

static int exact(struct declarations *d, const struct arguments *a, struct err *e)
{
	auto_free char *profile = NULL;
	size_t i = variant_test(d, a->names[0]);
	struct variant v;

	if (i < d->n && d->v[i].unasked && (declared_check(&d->v[i], e) < 0 || ask_flags(&d->v[i], a->quiet, e) < 0))
		return -1;
	return variant_find(&v, &profile, d, a->names[0], e) < 0 ? -1 : run_variant(&v, a, e);
}

static int answer(struct declarations *d, const struct arguments *a, struct err *e)
{
	ask_known_flags(d);
	if (a->list)
		return listing(stdout, stderr, d, a->terse ? LISTING_TERSE : LISTING_NAMES, a->ignored) ? 0 : X_USAGE;
	if (a->export)
		return export_tests(stdout, d, e);
	if (declared_names(d, e) < 0)
		return -1;
	if (a->cells)
		return export_cells(stdout, d, a, e);
	if (a->judge)
		return run_judge(d, a, e);
	return a->exact ? exact(d, a, e) : tap_run(d, a, e);
}

int ktstr_main(const struct ktstr_program *p, int argc, char **argv)
{
	struct declarations d = { 0 };
	struct arguments a = { 0 };
	struct err e = { 0 };

	if (work_is_asked(argc, argv))
		work_live(p, argc > 2 ? argv[2] : "");

	int code = arguments_read(&a, argc, argv, &e);

	if (code == 0)
		code = declared_read(&d, p, &e) < 0 ? -1 : answer(&d, &a, &e);
	else if (code == ARGUMENTS_HELP)
		code = X_SUCCESS;
	if (code == X_SUCCESS && (fflush(stdout) != 0 || ferror(stdout)))
		code = err_sys(&e, "write the output");
	if (code < 0)
		fprintf(stderr, "error: %s\n", e.msg);
	declarations_free(&d);
	free(a.names);
	free(a.presets);
	free(a.profiles);
	return code < 0 ? e.code : code;
}
