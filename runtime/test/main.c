/* main.c: what a test program answers to its arguments. */
#include "test/ktstr.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static int tell(FILE *f, const struct declarations *d, const struct arguments *a, struct err *e)
{
	if (a->list)
		return listing(f, stderr, d, a->terse ? LISTING_TERSE : LISTING_NAMES, a->ignored) ? 0 : X_USAGE;
	if (a->export)
		return export_tests(f, d, e);
	return declared_names(d, e) < 0 ? -1 : export_cells(f, d, a, e);
}

/* What bodies print while tests are checked is no part of an answer that programs read: it goes to stderr. */
static int tell_apart(const struct declarations *d, const struct arguments *a, struct err *e)
{
	auto_close int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	auto_free char *text = NULL;
	size_t n;

	if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
		return err_sys(e, "keep what bodies print apart");
	FILE *f = xmemstream(&text, &n);
	int r = tell(f, d, a, e);

	fclose(f);
	fflush(stdout);
	if (dup2(out, STDOUT_FILENO) < 0)
		return err_sys(e, "answer on stdout");
	fwrite(text, 1, n, stdout);
	return r;
}

static int answer(struct declarations *d, const struct arguments *a, struct err *e)
{
	ask_known_flags(d);
	if (a->list || a->export || a->cells)
		return tell_apart(d, a, e);
	if (declared_names(d, e) < 0)
		return -1;
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
