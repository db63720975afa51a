/* boot.h: trees of thousands of files that are whole by a rename and are not waited for until the disk has them.
 *
 * After a power failure such a name may be on disk without its files. So the boot a tree was made in is noted, in
 * {store}/hashes/boot-{name}, and a tree of another boot counts as not there: it is made again. That costs time only, and
 * only for what a build left behind; waiting for the disk (syncfs) would cost all of its other writers' time as well, and
 * cannot be interrupted. */
#pragma once
#include <stdbool.h>
struct err;
struct store;

/* name: of the tree, below "sources". Before it gets its name. */
int boot_note(const struct store *st, const char *name, struct err *e);
/* Whether the tree was made since this machine started. */
bool boot_is_ours(const struct store *st, const char *name);
/* The tree is gone. */
void boot_forget(const struct store *st, const char *name);
