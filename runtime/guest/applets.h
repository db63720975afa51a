/* applets.h: which applets a busybox has that cannot be run here. From memory, hostile. */
#pragma once
#include <stddef.h>

/* One name per line, as "busybox --list" prints them, from the sorted table in the program ("[", "[[", …). NULL when there
 * is none. Caller frees. */
char *applets_find(const void *program, size_t n);
