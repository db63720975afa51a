/* how.h: how kernels are to be built, by the request and by the environment. */
#pragma once
#include "kernel/name/key.h"
#include <stdbool.h>
#include <stdint.h>
struct err;
struct home;

enum kernels_build { KERNELS_BUILD_NO, KERNELS_BUILD_ASK, KERNELS_BUILD_YES };

struct kernels_opts {
	enum kernels_build
		build; /* what to do about a version that is not in the cache; ASK: on a terminal, else as NO */
	bool force;    /* build also what is there */
	bool clean;    /* make mrproper in a source tree first */
	bool explain;
	/* A folder with sources is built also when it has an image, and from the .config in it, if there is one. */
	bool own_config;
	bool ask_again; /* builds in a graph that is up to date, too: their results may be cleared, another compiler be there */
	const char *kconfig;      /* --kconfig FILE or NULL */
	const char *arch;         /* from $ARCH ("arm64" is aarch64); NULL: this machine's */
	const char *llvm, *cross; /* $LLVM, $CROSS_COMPILE; NULL when empty */
	uint64_t jobs;            /* of make; 0: CPUs we may use */
};

/* Fills arch, llvm and cross from the environment; relative tool paths there become absolute. X_USAGE for an
 * architecture we cannot build. */
int kernels_environment(struct kernels_opts *o, struct err *e);

/* Which tools are asked for by name, "LLVM=-19 CROSS_COMPILE=arm-"; NULL: whatever PATH has, as LLVM=1 means as well. The caller
 * frees. */
char *kernels_tools_named(const struct kernels_opts *o);

/* How a kernel is built, as its key has it. */
struct build_how {
	struct kernel_build_how key;
	char kc[9], extra[9];
	char *kconfig; /* absolute, or NULL */
};

int build_how_of(struct build_how *h, const struct home *home, const struct kernels_opts *o, struct err *e);
void build_how_free(struct build_how *h);
#define auto_how __attribute__((unused, cleanup(build_how_free)))
