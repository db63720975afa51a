/* unpack.h: a parcel (list.h) read into a store and the kernel cache.
 *
 * Everything is unpacked into a draft and held against its hash before the first of it is put in place, by one rename each. What
 * is there already stays as it is. Several may do this at once, with the same parcel as well. Names of results' files are used below a draft of
 * their own and nowhere else; sizes are bounded by what the list says of them, which is read first. */
#pragma once
#include "store/parcel/tally.h"
struct err;
struct store;

/* X_NO_INPUT: there is no such file; X_BAD_ARCHIVE: it is none, or damaged, or hostile: nothing of it is in the store then. */
int parcel_unpack(const char *path, struct store *st, struct parcel_tally *t, struct err *e);
