/* build.h: configure and make a kernel tree out of tree, so that the source is only read. */
#pragma once
#include <stdbool.h>
struct err;

struct kbuild {
	const char *source;   /* absolute */
	const char *out;      /* O=, absolute; kept between builds of the same tree so that make is incremental */
	const char *fragment; /* path of ktstr.kconfig */
	const char *arch;     /* "x86_64" "aarch64"; the one this machine is */
	unsigned jobs;
	void (*progress)(unsigned long done, unsigned long total, const char *note); /* may be NULL */
};

/* defconfig, fragment, olddefconfig, check: X_KCONFIG naming what did not survive. A .config equal to what the recipe
 * gives is left alone. Output to {out}/ktstr-config.log. X_BUILD when the tree was configured in place: make refuses
 * such a tree. */
int kbuild_configure(const struct kbuild *b, struct err *e);
/* make, output to {out}/ktstr-make.log; X_BUILD with the first errors and the log's path. */
int kbuild_make(const struct kbuild *b, struct err *e);
/* The boot image's place below out, and what it is called there: "arch/x86/boot/bzImage". NULL: an arch we cannot build. */
const char *kbuild_image(const char *arch);
/* What a build runs that decides its result: cc, ld, pahole, make versions as lines; X_NO_TOOL when one is missing or
 * pahole is older than 1.16. */
int kbuild_toolchain(char **text, struct err *e);
/* "6.12.117" from the tree's Makefile. */
int kbuild_version(const char *source, char *out, unsigned long max, struct err *e);
