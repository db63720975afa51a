/* workspace.h: the test programs (libktstr) of the cargo workspace we are called in. */
#pragma once
#include "text/argv.h"
#include <stdbool.h>
struct err;
struct package_opts;

/* Whether there is a Cargo.toml here or above. */
bool workspace_here(void);
/* Has cargo build all tests of the workspace, as nextest does (cargo test --no-run), and adds the paths of those that declare tests of libktstr:
 * only such a program has the section "ktstr_tests", and no other is started. What cargo says to its user appears on stderr; it takes as long as
 * it takes. o: profile and release of cargo. X_NO_TOOL without cargo, X_BUILD when it fails. */
int workspace_tests(struct argv *programs, const struct package_opts *o, struct err *e);
/* Whether it is a program with tests of libktstr. */
bool workspace_is_test(const char *path);
