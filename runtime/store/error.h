/* error.h: what is told when the store's own files fail. */
#pragma once
struct err;
struct store;

/* Turns an error about the store's own files into X_STORE (a full disk stays one) that names the store and how to
 * choose another. Returns -1. */
int store_err(const struct store *st, struct err *e);

/* EACCES of something in a store: whose it is, and how a store is shared or given back. -1. */
int store_owner_err(int dir, const char *name, struct err *e);
