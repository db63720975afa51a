/* allowed.h: what a command that a verdict.json keeps may be told: options that say which cell it is. The file may come from anywhere, so
 * that none writes a file, reaches into this machine, or names an option that there will be one day. */
#pragma once
#include <stdbool.h>
struct argv;
struct err;

/* words: "ktstr run FILE" or "ktstr matrix PROGRAM" with options; rest: what stands behind all others, "--" and arguments of the scheduler,
 * or nothing. ours: the verdict stands in our own store; only then may it name a program or a package of cargo, which run on this machine.
 * X_NO_INPUT, naming what is not taken. */
int allowed_check(const struct argv *words, const struct argv *rest, bool ours, struct err *e);
