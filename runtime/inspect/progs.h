/* progs.h: the struct_ops programs a guest has loaded, from its prog_idr (kernel/bpf/syscall.c). */
#pragma once
#include <stdbool.h>
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
	bool counted;         /* the next two are known */
	uint64_t run_cnt;     /* how often it ran since it was loaded, while kernel.bpf_stats_enabled was set */
	uint64_t run_ns;      /* and for how long, nanoseconds, all CPUs together */
};

struct progs {
	struct prog *v; /* by id */
	size_t n;
};

/* At most 4096 programs and 1<<20 tree slots are looked at. An idr that is damaged is X_VM. */
int progs_read(struct progs *p, const struct kmem *m, const struct layout *l, struct err *e);
/* What became of the programs of p until now: their run counts become the difference, by id. One that is not in now has
 * none. */
void progs_since(struct progs *p, const struct progs *now);
void progs_free(struct progs *p);
#define auto_progs __attribute__((unused, cleanup(progs_free)))
