/* console.h: what a kernel's log tells of its health. */
#pragma once
#include <stddef.h>

/* The first line that says panic, oops, WARN, BUG, lock-up, RCU stall or hung task, without time stamp; the caller frees. NULL: none
 * does. Hostile text in. */
char *console_trouble(const char *log, size_t n);
