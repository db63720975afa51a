/* locate.h: kernels outside of the cache: named by a path, lying about, or running. */
#pragma once
#include <stdbool.h>
struct err;
struct kernel;
struct kernel_entry;
struct kernel_word;

/* The machine, as far as it decides which kernel is meant. */
struct kernel_host {
	const char *root; /* in front of /boot, /lib, /usr and /sys; "" but in tests */
	char release[65]; /* uname -r */
	char machine[65]; /* uname -m */
};
void kernel_host_here(struct kernel_host *h);

/* path as the user wrote it: an image file, a cache entry, a build tree or the folder of an image. See id.h. */
int kernel_locate(struct kernel *k, const char *path, const struct kernel_host *h, struct err *e);
/* Whether path is a folder with a kernel for this machine in it; k is filled then. */
bool kernel_built_tree(struct kernel *k, const char *path, const struct kernel_host *h);
/* The kernel this machine runs. X_NO_SCX without sched_ext; X_NO_INPUT when its image is not there or unreadable. */
int kernel_running(struct kernel *k, const struct kernel_host *h, struct err *e);
/* A cache entry as a kernel; key is not set. */
void kernel_from_entry(struct kernel *k, const struct kernel_entry *entry);

/* path (as in an id, also a bare name) is a folder with the sources of a kernel, and no image of one: its absolute path,
 * which a build takes. Else NULL. Caller frees. */
char *kernel_source_tree(const char *path);
/* The same whether there is an image in it or not. */
char *kernel_sources(const char *path);
