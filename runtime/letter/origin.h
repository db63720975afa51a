/* origin.h: where and when a result was made, as it lies beside its files.
 *
 *   step verify
 *   made 1796083200           seconds since 1970
 *   took 1532                 ms
 *   tool 0.3.2-c1             the ktstr that made it
 *   host Linux 6.1.0 x86_64, 2 CPUs
 *   from http://cache:8080    where it came from; missing: it was made here
 *
 * Nothing depends on it, so a result without it, as older programs made them, is a result. */
#pragma once
#include <stdint.h>
struct err;
struct label;

/* Of what is made here and now; the caller frees. */
char *origin_here(const char *step, uint64_t took);
/* Of what came. from: shown to people. */
char *origin_of(const struct label *r, const char *from);
/* As facts for a label that is made of the result open as dir (letter_label). Strings are in *text, the caller's. What is not said
 * becomes "-". */
struct letter_facts;
void origin_read(int dir, struct letter_facts *f, char **text);
/* "made 2026-12-01 00:32 UTC by ktstr …, from URL" for people, of the result open as dir; NULL: it does not say. Caller frees. */
char *origin_shown(int dir);
#define ORIGIN_FROM ", from "
