/* key.h: names of cache entries (docs/formats.md, "Keys"). */
#pragma once
struct err;

/* How a kernel is built beside its source; part of the key and of the recipe. */
struct kernel_build_how {
	const char *arch;     /* "x86_64" "aarch64" */
	const char *kc;       /* CRC-32 of ktstr.kconfig, 8 hex digits */
	const char *extra_kc; /* the same of --kconfig FILE; NULL: none */
	const char *llvm;     /* value of LLVM= ("1", "-16", "/path/"); NULL: gcc */
};

/* {version}-tarball-…, {ref}-git-{short7}-…, local-{short7}-…; each goes on with
 * {arch}-kc{kc}[-x{extra_kc}][-llvm]-f1. Characters of ref that no key can have become '-'. Caller frees. */
char *key_tarball(const char *version, const struct kernel_build_how *how);
char *key_git(const char *ref, const char *commit, const struct kernel_build_how *how);
/* commit NULL: a tree without git, known by its content: local-{version}-{first 8 of tree}-… */
char *key_local(const char *commit, const char *version, const char *tree, const struct kernel_build_how *how);
