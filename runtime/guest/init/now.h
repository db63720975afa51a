/* now.h: the moment at which a guest goes on. */
#pragma once
#include <stddef.h>

/* MSG_NOW: sets the clock and makes the random numbers others than those of every guest from the same snapshot. */
void now_set(const void *data, size_t n);
