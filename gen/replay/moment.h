/* moment.h: at which moment of a run its guest is to be looked at: where it failed. */
#pragma once
#include <stdint.h>
struct facts;
struct replay_cell;
struct verdict_check;

struct moment {
	uint64_t ns; /* since the scenario began; MOMENT_GONE: when the kernel let go of the scheduler */
	char *words; /* for people: why that one */
};
#define MOMENT_GONE UINT64_MAX

/* The failure of that seed that began first and says when; NULL: there is none. */
const struct verdict_check *moment_check(const struct replay_cell *c);
/* Of a wait that was too long its middle, so that it is seen although the guest stops a little later; where another failure began; when the
 * scheduler was thrown out; or, where nothing failed or it does not say when, shortly before the end. m is to be freed. */
void moment_find(struct moment *m, const struct replay_cell *c, const struct facts *f);
void moment_free(struct moment *m);
#define auto_moment __attribute__((unused, cleanup(moment_free)))
