/* artifact.h: the programs cargo made, from what it says with --message-format=json. */
#pragma once
#include <stddef.h>
struct err;

struct artifact {
	char *package; /* name; "" when the message has none that we understand */
	char *target;  /* of the program: its name in Cargo.toml */
	char *path;
};

struct artifacts {
	struct artifact *v;
	size_t n;
};

enum { ARTIFACT_LINE = 1 << 20, ARTIFACTS_MAX = 4096 };

/* All lines of cargo's stdout. Only programs are taken: no libraries, tests, examples, build scripts. What is no message, or
 * is longer than ARTIFACT_LINE, is passed over, as cargo's documentation asks for. */
void artifacts_read(struct artifacts *a, const char *text, size_t n);
/* The same of test programs alone (cargo test --no-run): those with a harness of their own and others. */
void artifacts_read_tests(struct artifacts *a, const char *text, size_t n);
/* The program that was asked for: of the package cargo was given as spec ("name", "name@1.2", an address), called bin unless
 * that is NULL. X_BAD_SCHED when there is none, X_USAGE when there are several, naming them. */
int artifacts_choose(const struct artifacts *a, const char *spec, const char *bin, const struct artifact **which,
		     struct err *e);
void artifacts_free(struct artifacts *a);
#define auto_artifacts __attribute__((unused, cleanup(artifacts_free)))
