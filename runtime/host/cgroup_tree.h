/* cgroup_tree.h: control groups of v2 that somebody made and nobody needs any more. */
#pragma once
struct err;

/* Processes in path and below it go to the root of the hierarchy mounted at mount, groups below path go away; path itself stays. No error
 * when it is not there. X_USAGE when path is no group of v2, or the root, where everything lives; X_TIMEOUT when a group is still in use
 * after a few seconds. */
int cgroup_tree_clear(const char *mount, const char *path, struct err *e);
/* The same, and path goes too. */
int cgroup_tree_remove(const char *mount, const char *path, struct err *e);
