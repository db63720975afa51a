/* lock.h: one holder per key, among all processes that use a store: base/lock.h on {root}/locks/{key}. */
#pragma once
#include "base/lock.h"
struct err;
struct store;

int lock_try(struct store *st, const char *key, int *fd, struct err *e);
/* Waits for the holder; a stop ends the wait. */
int lock_take(struct store *st, const char *key, int *fd, struct err *e);
/* fd becomes -1; harmless on -1. */
void lock_drop(struct store *st, const char *key, int *fd);
