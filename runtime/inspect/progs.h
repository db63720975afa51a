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

#define PROG_NAME_MAX 128 /* with its NUL; longer ones are cut there */
#define PROG_NAME_KEPT 15 /* characters of it in bpf_prog_aux.name */

struct prog {
	/* Whole where the kernel has the program's BTF, else as short_name. Printable ASCII, the rest is '?'. */
	char name[PROG_NAME_MAX];
	uint32_t id;
	uint32_t verified_insns;
	uint32_t jited_len;   /* bytes of machine code of the main function */
	uint32_t xlated_len;  /* bytes after rewriting (bpf_prog.len * 8) */
	uint32_t stack_depth; /* bytes */
	bool counted;         /* the next two are known */
	uint64_t run_cnt;     /* how often it ran since it was loaded, while kernel.bpf_stats_enabled was set */
	uint64_t run_ns;      /* and for how long, nanoseconds, all CPUs together */
	/* As the kernel has it, 15 characters; "": read from a report that has no whole names, and name is short. */
	char short_name[17];
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
/* Whether both may be names of one program: they are equal, or one is the beginning of the other where the kernel cuts. */
bool prog_names_fit(const char *a, const char *b);
void progs_free(struct progs *p);
#define auto_progs __attribute__((unused, cleanup(progs_free)))
