/* id.h: what the user meant by --kernel, in one place for every verb. docs/kernels.md has the table. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

/* A kernel that can be booted. Paths absolute. */
struct kernel {
	char *name;    /* for people and folder names: key, or the file's name; [A-Za-z0-9._+-] only; may repeat */
	char *label;   /* column header: version or release, else name */
	char *image;   /* bzImage, vmlinuz or vmlinux */
	char *vmlinux; /* uncompressed kernel with BTF, or NULL */
	char *config;  /* or NULL */
};

/* id NULL or "": $KTSTR_KERNEL, else the newest entry for this machine that is neither stale nor corrupt.
 *   path     an image file, an entry, a build tree (arch/x86/boot/bzImage or vmlinux); "~" and "~/" are expanded;
 *            X_NO_INPUT when it is not there, X_BAD_KERNEL when the file is no kernel
 *   version  the entry of that version that was added last; "6.12" is the newest patch release of 6.12 that is there
 *   else     a key, a release, or the beginning of exactly one key
 * A file or folder of that very name is a path when nothing in the cache matches. X_NO_KERNEL with near matches or the
 * command that gets one. */
int kernel_resolve(struct kernel *k, const char *id, const char *kconfig_hash, struct err *e);
void kernel_free(struct kernel *k);
#define auto_kernel __attribute__((unused, cleanup(kernel_free)))

enum kernel_id_kind { KID_PATH, KID_VERSION, KID_KEY };
enum kernel_id_kind kernel_id_kind(const char *id);
