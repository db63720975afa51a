/* build.h: configure and make a kernel tree out of tree, so that the source is only read. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

struct kbuild {
	const char *source;  /* absolute */
	const char *out;     /* O=, absolute; kept between builds of the same tree so that make is incremental */
	const char *arch;    /* "x86_64" "aarch64" */
	const char *base;    /* text of the .config to begin with; NULL: make defconfig */
	const char *request; /* kconfig.h: lines of ktstr.kconfig; "": base is taken as it is */
	const char *extra;   /* lines of the user's fragment, which come after them; NULL: none */
	const char *llvm;    /* value of LLVM= ("1" "-16" "/path/"); NULL: gcc and binutils */
	const char *cross;   /* CROSS_COMPILE=; NULL: for another arch than this machine's, Debian's prefix */
	const char *count;   /* file that remembers how many steps it took, for the next build like it; NULL: none */
	unsigned jobs;
	void (*progress)(unsigned long done, unsigned long total, const char *note); /* may be NULL */
};

/* What a build runs that decides its result: make, cc, ld, pahole versions as lines "tag words". X_NO_TOOL naming
 * everything that is missing or too old, headers included, when a program is. source and out are not looked at. */
int kbuild_toolchain(const struct kbuild *b, char **text, struct err *e);
/* Of that text, what tells an entry of the kernel cache from one by other tools: "make GNU Make 4.3; pahole v1.24; cc gcc 12.2.0; ld GNU
 * ld 2.40". What stands in parentheses is left out, because there packagers tell of themselves and of their revision; so a package
 * that is updated makes no other kernel, and another version does. environment: a hash of kbuild_environment_more(), of which 16
 * digits are told; NULL when that is "". One line without control characters; the caller frees. */
char *kbuild_identity(const char *toolchain, const char *environment);
/* The same things one by one, for whoever lists them. i from 0 on; false: no more. Caller frees *program and *package (Debian's;
 * NULL when we cannot know it). */
bool kbuild_tool(const struct kbuild *b, size_t i, char **program, char **package);
bool kbuild_header(size_t i, const char **header, const char **package);
/* Whether the compiler of programs that run during the build finds the header. */
int kbuild_has_header(const struct kbuild *b, const char *header, bool *has, struct err *e);
/* What this tree asks for beyond that: a newer pahole, names of folders that make can work with. Costs nothing, so call it before configuring. */
int kbuild_preflight(const struct kbuild *b, struct err *e);
/* Whether make can work in a folder of that name; X_NO_INPUT with the advice when it cannot. */
int kbuild_folder(const char *path, const char *advice, struct err *e);
/* What KTSTR_MAKE_ENV lets through to make, as lines "NAME=value"; "" when it lists nothing. It decides the result as well. Caller
 * frees. */
char *kbuild_environment_more(void);
/* defconfig (or base), fragments, olddefconfig, check: X_KCONFIG naming what did not survive; X_NO_TOOL naming headers and programs
 * that this configuration needs and this machine lacks. A .config equal to what the recipe gives is left alone. Output
 * of what fails to {out}/ktstr-config.log. */
int kbuild_configure(const struct kbuild *b, struct err *e);
/* make, output to {out}/ktstr-make.log; X_BUILD with the first errors and the log's path. Nothing it started outlives
 * us. ccache is used when it is in PATH and $KTSTR_CCACHE is not 0; the kernel comes out the same. */
int kbuild_make(const struct kbuild *b, struct err *e);
/* The configuration that was built, checked as before the build: make may have changed it. */
int kbuild_check(const struct kbuild *b, struct err *e);
/* {out}/compile_commands.json, after kbuild_make. */
int kbuild_commands(const struct kbuild *b, struct err *e);
/* make mrproper in the tree itself, for every architecture it was configured for. */
int kbuild_clean(const char *source, const char *arch, struct err *e);

/* What is in the tree that makes make refuse to build beside it: ".config", "include/config" … NULL: nothing. */
const char *kbuild_in_place(const char *source, const char *arch);
/* The boot image's place below out, and what it is called there: "arch/x86/boot/bzImage". NULL: an arch we cannot build. */
const char *kbuild_image(const char *arch);
/* The strip(1) that knows the result's architecture. Caller frees. */
char *kbuild_strip(const struct kbuild *b);
/* "6.12.117" from the tree's Makefile. */
int kbuild_version(const char *source, char *out, size_t max, struct err *e);
