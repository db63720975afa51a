/* format.h: which folder of a store's root holds what this program can read.
 *
 * "format" in it says "ktstr store 2". A root that has results and no such file was made by a program that named results by
 * another hash: it stays as it is, that program may go on using it, and ours are in its subfolder "v2". */
#pragma once
struct err;

/* The folder of the store at root: root, or "{root}/v2". Nothing is made. Caller frees. X_STORE when a newer program
 * made it. */
char *store_folder(const char *root, struct err *e);
/* The same for who is going to write there: it is made, says its format on the disk, and dir is open on it. Says once what is
 * left alone. try is asked before the first file of a new store is made. */
int store_format(char **path, int *dir, int (*try)(int dir, struct err *e), struct err *e);
