/* now.h: the moment at which a guest goes on. */
#pragma once
#include <stddef.h>

/* Before the snapshot, so that afterwards nothing has to be looked for. */
void now_open(void);
/* MSG_NOW: sets the clock and makes the random numbers others than those of every guest from the same snapshot. */
void now_set(const void *data, size_t n);
