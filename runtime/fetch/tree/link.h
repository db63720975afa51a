/* link.h: what a link of a source tree stands for, by content, because make follows it.
 *
 * A file: its bytes, wherever it is. A folder outside of the tree (drivers that are kept elsewhere): every file below it but what
 * make, editors or tag programs leave, its links followed the same way; what leads back to where the walk came from is a
 * cycle and not entered twice. So is a folder in the tree of which no file counts, because git ignores it, say. Any other folder in
 * the tree: nothing, since its files count themselves. */
#pragma once
#include "store/digest.h"
struct err;
struct hashes;
struct source_files;

/* path is that of a link among f. X_NO_INPUT, naming the link, when it leads to more files or deeper than
 * any driver needs. */
int srclink_hash(const struct source_files *f, const char *path, struct hashes *h, char hex[KEY_LEN + 1],
		 struct err *e);
