/* env.h: settings that come by the environment. */
#pragma once
#include <stdint.h>
struct err;

/* A whole number from min to max; usual where the variable is unset or empty. X_USAGE, with what the number is for, when
 * it is something else. */
int env_u64(const char *name, const char *what, uint64_t usual, uint64_t min, uint64_t max, uint64_t *out,
	    struct err *e);
