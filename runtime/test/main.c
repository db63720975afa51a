/* main.c: what a test program answers to its arguments. */
#include "test/ktstr.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "test/arguments.h"
#include "test/ask.h"
#include "test/check.h"
#include "test/declared.h"
#include "test/listing.h"
#include "test/variant.h"

static int exact(const struct declarations *d, const struct arguments *a, struct err *e)
{
	auto_ask struct ask ask = { 0 };
	auto_free char *profile = NULL;
	struct variant v;

	if (variant_find(&v, &profile, d, a->names[0], e) < 0 || declared_check(v.d, e) < 0)
		return -1;
	if (v.d->t.host)
		return err_set(e, X_USAGE, "%s: tests of the host cannot run yet", v.d->name);
	return check_variant(&v, e) < 0 || ask_make(&ask, &v, e) < 0 ? -1 : ask_become(&ask, e);
}

static int answer(const struct declarations *d, const struct arguments *a, struct err *e)
{
	if (a->list)
		return listing(stdout, stderr, d, a->terse ? LISTING_TERSE : LISTING_NAMES, a->ignored) ? 0 : X_USAGE;
	return exact(d, a, e);
}

int ktstr_main(const struct ktstr_program *p, int argc, char **argv)
{
	struct declarations d = { 0 };
	struct arguments a = { 0 };
	struct err e = { 0 };
	int code = arguments_read(&a, argc, argv, &e);

	if (code > 0)
		return X_SUCCESS;
	if (code == 0)
		code = declared_read(&d, p, &e);
	if (code == 0)
		code = answer(&d, &a, &e);
	if (code < 0)
		fprintf(stderr, "error: %s\n", e.msg);
	declarations_free(&d);
	free(a.names);
	if (fflush(stdout) != 0 && code == 0)
		code = X_FAIL;
	return code < 0 ? e.code : code;
}
