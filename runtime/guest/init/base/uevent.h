/* uevent.h: what the kernel tells about devices. */
#pragma once
#include <stddef.h>

/* Kernel events from now on; -1 when the kernel has none to give. */
int uevent_open(void);
/* One event: its first string ("add@/devices/…") and its other "KEY=value" strings, NUL-ended. 0 when there is none,
 * 1 with an event, -1 when events were lost. */
int uevent_next(const char **what, const char **pairs, size_t *n);
/* Value of a pair or NULL. */
const char *uevent_get(const char *pairs, size_t n, const char *key);
