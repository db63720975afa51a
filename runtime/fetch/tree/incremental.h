/* incremental.h: what make may believe about objects of an earlier build.
 *
 * make compares times, we compare content. A file that was put back with an old time (cp -a, rsync -t, tar) is another one
 * than its object was made from, and make would not see it. So the list of files and hashes is kept beside the objects
 * ("ktstr-sources", written before make starts), and objects are thrown away when a file that changed since then is not
 * younger than that list. */
#pragma once
struct err;

/* store, source: as for srctree_hash(); out: the O= folder, made when missing. tree: what the source must still be, else
 * X_BUILD. Removes what lies in out when make cannot be trusted with it. Call before configuring. */
int incremental_prepare(const char *store, const char *source, const char *out, const char *tree, struct err *e);
