/* variant.h: a test on a topology with a profile of its scheduler: "NAME", or "gauntlet/NAME/PRESET/PROFILE". */
#pragma once
#include "test/declared.h"
#include "verifier/profile.h"
struct err;

#define VARIANT_PREFIX "gauntlet/"

struct variant {
	const struct declared *d;
	const struct preset *preset; /* NULL: the base test, on the topology it names */
	const char *profile;         /* NULL: the scheduler has no flags */
};

/* Profiles that a test may have, by what it requires and excludes; without flags the one called "default". X_USAGE: there are too many. p is
 * to be freed. */
int variant_profiles(struct profiles *p, const struct declared *d, struct err *e);
/* The base test's: all that is required, with what that needs, and no more. NULL: no flags. Caller frees. */
char *variant_base_profile(const struct declared *d);
/* Whether the flag is one of "a+b+c". NULL has none. */
bool variant_profile_has(const char *profile, const char *name);
bool variant_preset(const struct declared *d, const struct preset *p);
/* Whether the test would have that one, and this machine has too few CPUs for it by a real clock. */
bool variant_preset_lacks(const struct declared *d, const struct preset *p);
/* Whether it stands among the ignored. */
bool variant_ignored(const struct variant *v);
/* Caller frees. */
char *variant_name(const struct variant *v);

/* Takes a name apart, without a look at any other. *profile: what v->profile points to, for the caller to free. X_USAGE: there is none such. */
/* Index of the test that a name is of, be it the test's own or a variant's; d->n: there is none. */
size_t variant_test(const struct declarations *d, const char *name);
int variant_find(struct variant *v, char **profile, const struct declarations *d, const char *name, struct err *e);
