/* cache import: what cache export wrote elsewhere, into the store and the kernel cache. */
#include "base/err.h"
#include "gen/verb/verbs.h"
#include "store/parcel/unpack.h"
#include "store/store.h"
#include <stdio.h>

static int import_run(int n, const char *const *args, struct err *e)
{
	auto_store struct store st = { .dir = -1 };

	if (store_open(&st, NULL, e) < 0)
		return e->code;
	for (int i = 0; i < n; i++) {
		struct parcel_tally t;

		if (parcel_unpack(args[i], &st, &t, e) < 0)
			return e->code;
		printf("%s: %zu results, %zu new; %zu kernels, %zu new\n", args[i], t.results, t.new_results, t.kernels,
		       t.new_kernels);
		fflush(stdout);
	}
	return X_SUCCESS;
}

const struct verb verb_cache_import = {
	.name = "import",
	.args = "FILE...",
	.summary = "add what cache export wrote on another machine",
	.about =
		"Each file is taken whole or not at all: everything in it is held against its hash before the first result can be found.\n"
		"Results that are there already stay. Import only what you would run: whoever made the file says what came of a\n"
		"test, and a kernel in it will be booted.",
	.examples = "  cargo ktstr cache import all.parcel\n",
	.min_args = 1,
	.max_args = SIZE_MAX,
	.run = import_run,
};
