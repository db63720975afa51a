/* symbols.h: what of a kernel BPF programs may link against, by name, from its BTF: its kernel functions and variables.
 *
 * kfuncs are told from other functions by the declaration tag "bpf_kfunc" (pahole 1.26 and later); of kernels without it,
 * functions that have "bpf" or "scx" in their names are taken. Functions of modules are not there. */
#pragma once
#include <stddef.h>
#include <stdio.h>
struct err;

/* One name per line, sorted, none twice. btf: raw BTF, which may be hostile: X_BAD_KERNEL. Silences libbpf. */
int symbols_write(FILE *f, const void *btf, size_t n, struct err *e);
