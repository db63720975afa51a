/* suite.h: the tests of a workspace, run by cargo: on the kernel they find themselves, on one of ours, on each of several.
 *
 * With one kernel or none cargo takes our place. With several it runs once per kernel, and a table follows on stdout. */
#pragma once
#include "options/opt.h"
struct err;

struct suite {
	const char *what;         /* "running tests" */
	const char *const *words; /* behind cargo, NULL-ended: "nextest" "run" */
	struct {
		const char *subcommand, *install; /* the command that installs it */
	} needs[2];
};

/* For verbs with trailing arguments, which go to cargo. */
extern const struct opt suite_opts[];
/* An exit code, with e filled when it is one of ours. */
int suite_run(const struct suite *s, int n, const char *const *args, struct err *e);
