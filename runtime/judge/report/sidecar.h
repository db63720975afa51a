/* sidecar.h: one run of a test as {name}.ktstr.json, for test-stats. Members: docs/formats.md. */
#pragma once
#include "judge/facts/facts.h"
#include "judge/verdict.h"

/* verdict: of the test; seed: one of its seeds; facts: of that seed's run, or NULL when it came to none. Formulas are those of 0.3.2,
 * but for p99, which is the ceil(0.99 n)-th smallest; all phases behind settle are one. */
void judge_sidecar(FILE *f, const struct ruling *verdict, const struct verdict_seed *seed, const struct facts *facts);
/* "{test}.{preset or topology}.{profile}.{kernel}.ktstr.json", with ".seed-N" behind the kernel when the test has several seeds. What is
 * no letter, digit or one of "._+-" becomes "_". The caller frees. */
char *judge_sidecar_name(const struct ruling *verdict, const struct verdict_seed *seed);
