/* cargo.h: cargo and its subcommands, as they are run by us.
 *
 * The program is $CARGO, which cargo sets for its plugins, else the cargo of PATH. */
#pragma once
#include <stdbool.h>
struct argv;
struct err;

#define CARGO_INSTALL_NEXTEST "cargo install --locked cargo-nextest"

/* X_NO_TOOL when there is none. Caller frees. */
char *cargo_program(struct err *e);
/* Whether cargo has the subcommand "nextest", "llvm-cov". A file of its name answers at once, as for most; otherwise cargo is
 * asked, for it knows aliases too. X_NO_TOOL with the command that installs it; X_FAIL where cargo and nextest cannot work (needs.h). */
int cargo_needs(const char *cargo, const char *subcommand, const char *install, struct err *e);
/* For runs of nextest with another KTSTR_KERNEL each: from here on all of them build with this one, so that they build once.
 * Without the file cargo-nextest (cargo has an alias) they build each time. */
int cargo_build_once(const char *kernel, struct err *e);
/* Becomes cargo: signals, terminal and exit code are its own. Returns only when that failed. */
int cargo_exec(const struct argv *a, struct err *e);
/* Runs cargo beside us to its end, on our terminal, with the signals we get; *code: its exit code, 128 + N when signal N
 * ended it. *stopped: we were told to stop meanwhile, and it has ended. */
int cargo_run(const struct argv *a, int *code, bool *stopped, struct err *e);
