/* test: the tests of a workspace by cargo nextest, on a kernel. */
#include "gen/cargo/cargo.h"
#include "gen/verb/suite.h"
#include "gen/verb/verbs.h"
#include <stdint.h>

static const char *const words[] = { "nextest", "run", NULL };
static const struct suite suite = {
	.what = "running tests",
	.words = words,
	.needs = { { "nextest", CARGO_INSTALL_NEXTEST } },
};

static int run(int n, const char *const *args, struct err *e)
{
	return suite_run(&suite, n, args, e);
}

const struct verb verb_test = {
	.name = "test",
	.alias = "nextest",
	.args = "[ARGS]...",
	.summary = "build the kernel if necessary, and run tests with cargo nextest",
	.about =
		"Runs `cargo nextest run ARGS...` with KTSTR_KERNEL set to the folder of the kernel. Without --kernel that is\n"
		"the kernel that KTSTR_TEST_KERNEL or KTSTR_KERNEL names, else the one that `shell` takes.\n\n"
		"It configures and builds a source tree first, unless it has built the same content and .config before.\n"
		"With several kernels it builds the tests once, runs them on one kernel after the other, and prints a table\n"
		"of the results.\n\n"
		"From the first word on that is not an option of this command, everything goes to cargo; so options of\n"
		"every command must come before the verb here. The exit code is cargo's, with several kernels the worst.",
	.examples = "  cargo ktstr test\n"
		    "  cargo ktstr test --kernel ../linux\n"
		    "  cargo ktstr test --kernel 6.12 --kernel 6.14.2 -- --workspace --retries 2\n"
		    "  cargo ktstr test -- -E 'test(my_test)'\n",
	.opts = suite_opts,
	.trailing = true,
	.max_args = SIZE_MAX,
	.run = run,
};
