/* profile.h: which flags of a scheduler are on together.
 *
 * A profile's name is its flags' names in the scheduler's order, joined by '+'; without flags it is "default". A set is a
 * profile when everything its flags require is in it. Profiles stand in the order of their numbers, in which the i-th flag
 * is bit i: default, a, b, a+b, c, … */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;
struct flags;

#define PROFILE_DEFAULT "default"
#define PROFILE_FLAGS_MAX 31u /* for all of them */

struct profile {
	char *name;
	char **args; /* of its flags, in order; NULL-ended */
	size_t n_args;
};

struct profiles {
	struct profile *v;
	size_t n;
};

/* All there are. X_USAGE when they are more than max, or the flags more than PROFILE_FLAGS_MAX. */
int profiles_all(struct profiles *p, const struct flags *f, uint64_t max, struct err *e);
/* Those that are named in the n lists ("default,llc,steal+llc"), in the order above, each once, however often and in
 * whatever order its flags are named. X_USAGE for a name that is none, naming those there are, for a flag without one it
 * requires, for no name at all, and for more than max profiles. Any number of flags. */
int profiles_named(struct profiles *p, const struct flags *f, const char *const *lists, size_t n, uint64_t max,
		   struct err *e);
void profiles_free(struct profiles *p);
#define auto_profiles __attribute__((unused, cleanup(profiles_free)))
