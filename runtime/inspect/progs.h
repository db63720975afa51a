/* progs.h: the struct_ops programs a guest has loaded, from its prog_idr (kernel/bpf/syscall.c). */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;
struct kmem;
struct layout;

#define PROG_NONE UINT32_MAX /* this kernel's BTF has no such member */

struct prog {
	char name[17]; /* the kernel keeps 15 characters; printable ASCII, the rest '?' */
	uint32_t id;
	uint32_t verified_insns;
	uint32_t jited_len;   /* bytes of machine code of the main function */
	uint32_t xlated_len;  /* bytes after rewriting (bpf_prog.len * 8) */
	uint32_t stack_depth; /* bytes */
};

struct progs {
	struct prog *v; /* by id */
	size_t n;
};

/* At most 4096 programs and 1<<20 tree slots are looked at. An idr that is damaged is X_VM. */
int progs_read(struct progs *p, const struct kmem *m, const struct layout *l, struct err *e);
void progs_free(struct progs *p);
#define auto_progs __attribute__((unused, cleanup(progs_free)))
