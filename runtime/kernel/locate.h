/* locate.h: the parts of a kernel that is named by a path. */
#pragma once
struct err;
struct kernel;

/* path as the user wrote it: an image file, a cache entry, a build tree or the folder of an image. See id.h. */
int kernel_locate(struct kernel *k, const char *path, struct err *e);
/* A cache entry as a kernel. */
struct kernel_entry;
void kernel_from_entry(struct kernel *k, const struct kernel_entry *entry);
