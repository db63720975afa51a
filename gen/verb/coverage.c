/* coverage: as test, by cargo llvm-cov nextest. */
#include "gen/cargo/cargo.h"
#include "gen/verb/suite.h"
#include "gen/verb/verbs.h"
#include <stdint.h>

static const char *const words[] = { "llvm-cov", "nextest", NULL };
static const struct suite suite = {
	.what = "running coverage",
	.words = words,
	.needs = { { "llvm-cov", "cargo install cargo-llvm-cov && rustup component add llvm-tools-preview" },
		   { "nextest", CARGO_INSTALL_NEXTEST } },
};

static int run(int n, const char *const *args, struct err *e)
{
	return suite_run(&suite, n, args, e);
}

const struct verb verb_coverage = {
	.name = "coverage",
	.args = "[ARGS]...",
	.summary = "the same as test, with coverage by cargo llvm-cov nextest",
	.about =
		"Runs `cargo llvm-cov nextest ARGS...`. Kernels, arguments and exit codes are the same as for `test`.\n"
		"Work functions of test programs count although they run in guests.\n\n"
		"It needs cargo-llvm-cov and the LLVM tools of your Rust toolchain: run cargo install cargo-llvm-cov and\n"
		"rustup component add llvm-tools-preview (or set LLVM_COV and LLVM_PROFDATA to tools of that version).",
	.examples = "  cargo ktstr coverage --kernel ../linux\n"
		    "  cargo ktstr coverage -- --workspace --lcov --output-path lcov.info\n",
	.opts = suite_opts,
	.trailing = true,
	.max_args = SIZE_MAX,
	.run = run,
};
