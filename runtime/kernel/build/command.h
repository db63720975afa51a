/* command.h: what the parts of a kernel build (build.h) share: architectures, programs, make's command line. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct argv;
struct err;
struct kbuild;
struct spawn;

struct kbuild_arch {
	const char *name;    /* ours */
	const char *karch;   /* ARCH= */
	const char *dir;     /* below arch/ */
	const char *target;  /* what make is asked for */
	const char *image;   /* where it lies below O= */
	const char *prefix;  /* Debian's cross compilers */
	const char *package; /* "gcc-" and this */
};

/* i counts from 0; NULL behind the last one. */
const struct kbuild_arch *kbuild_arch_at(unsigned i);
/* NULL and X_USAGE: one we cannot build for. */
const struct kbuild_arch *kbuild_arch(const char *name, struct err *e);
/* The prefix of cross programs, "" for programs of this machine. */
const char *kbuild_prefix(const struct kbuild *b);
/* "gcc" as "aarch64-linux-gnu-gcc", "clang" as "clang-16": the program of the toolchain that was chosen. Caller frees. */
char *kbuild_program(const struct kbuild *b, const char *gnu, const char *llvm);
/* The compiler of programs that run during the build. Caller frees. */
char *kbuild_host_cc(const struct kbuild *b);
bool kbuild_ccache(void);

/* "make -C SOURCE O=OUT …" up to the target. */
void kbuild_args(struct argv *a, const struct kbuild *b);
/* The environment of a tree's programs: a few names of ours, and those that KTSTR_MAKE_ENV lists. */
void kbuild_environment(struct spawn *s);

/* Headers and programs that builds of this configuration need. NULL: those most builds need. */
int kbuild_needs(const struct kbuild *b, const char *config, size_t n, struct err *e);
