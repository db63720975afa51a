/* expect_fail.h: "must fail with this": CLASS[,CLASS…][: TEXT]. CLASS is a metric, as it is written, or what became of the scheduler:
 * ejected, ended, stalled, refused. At least one failure is of one of these classes and has TEXT in its words; none is of another. */
#pragma once
#include "judge/facts/facts.h"
#include "judge/verdict.h"

/* X_USAGE with a tip when text is no such thing. */
int expect_fail_check(const char *text, struct err *e);
/* What it makes of one seed's checks, as a check of its own ("expect_fail"): the caller's. */
struct verdict_check expect_fail_judge(const char *text, const struct facts *f, const struct verdict_check *v, size_t n,
				       uint64_t seed);
