/* link.h: what a link of a source tree stands for, by content, because make follows it.
 *
 * A file: its bytes, wherever it is. A folder outside of the tree (drivers that are kept elsewhere): every file below it but what
 * make, editors or tag programs leave, its links followed the same way; what leads back to where the walk came from is a
 * cycle and not entered twice. A folder in the tree: nothing, since its files count themselves. */
#pragma once
#include "store/digest.h"
struct err;
struct hashes;

/* path is the link's, below the folder open as root. X_NO_INPUT, naming the link, when it leads to more files or deeper than
 * any driver needs. */
int srclink_hash(int root, const char *path, struct hashes *h, char hex[KEY_LEN + 1], struct err *e);
