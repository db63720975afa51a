/* booted.h: whether a guest's kernel took what its test says of how it boots: sysctls and parameters. */
#pragma once
#include "trial/lack.h"
#include <stddef.h>
struct err;

/* From folder of a snapshot. LACK_KERNEL: it lacks a sysctl, or does not know a parameter; LACK_SCENARIO: it refused a value. *why says which,
 * for the caller to free; LACK_NOTHING, NULL: it took all. */
int booted_lacks(const char *snapshot, enum lack *what, char **why, struct err *e);
/* The same of what such a guest was told (struct machine's boot) and said (HELLO, n bytes, hostile). */
void booted_find(const char *boot, const char *hello, size_t n, enum lack *what, char **why);
