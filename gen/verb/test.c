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
	.args = "[ARGS]...",
	.summary = "build the kernel if needed, and run tests by cargo nextest",
	.about =
		"Runs `cargo nextest run ARGS...` with KTSTR_KERNEL set to the folder of the kernel. Without --kernel\n"
		"nothing is set, and the tests find a kernel themselves.\n\n"
		"A source tree is configured and built first, unless its content and its .config were built already.\n"
		"With several kernels tests run on one after the other, and a table of the results follows.\n\n"
		"From the first word on that is no option of ours, everything goes to cargo; options of every command\n"
		"stand before the verb here. The exit code is cargo's; with several kernels the worst.",
	.examples = "  cargo ktstr test\n"
		    "  cargo ktstr test --kernel ../linux\n"
		    "  cargo ktstr test --kernel 6.12 --kernel 6.14.2 -- --workspace --retries 2\n"
		    "  cargo ktstr test -- -E 'test(my_test)'\n",
	.opts = suite_opts,
	.trailing = true,
	.max_args = SIZE_MAX,
	.run = run,
};
