/* check.h: whether a test's scenario is right, told before any guest starts: its text, on each topology it may be on. */
#pragma once
#include "test/variant.h"
struct err;

/* The base test and all variants. X_USAGE with file, line and a tip. What a topology lacks is no fault: there it is skipped. */
int check_test(const struct declared *d, const struct profiles *profiles, struct err *e);
/* One of them alone. */
int check_variant(const struct variant *v, struct err *e);
/* The places of a topology, for the caller to free; NULL: X_USAGE. */
struct places *check_places(const struct variant *v, struct err *e);
