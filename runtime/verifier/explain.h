/* explain.h: why a scheduler was not taken, in words for its author: from the cell's result and what the scheduler
 * printed. The log is hostile; what is made of it can be shown as it is.
 *
 * The phrases looked for are those of kernel/bpf/verifier.c from 6.12 to 7.x and of libbpf 1.4 to 1.7. */
#pragma once
#include "verifier/log.h"
struct result;

enum why {
	WHY_UNKNOWN,
	WHY_INSN_LIMIT,  /* more than a million instructions processed */
	WHY_COMPLEXITY,  /* too many branches pending at once */
	WHY_LOOP,        /* a loop whose end the verifier cannot see */
	WHY_STACK,       /* more than 512 bytes, or too deep */
	WHY_NULL,        /* a pointer that may be null is used */
	WHY_ACCESS,      /* memory outside of what it may touch, or no pointer */
	WHY_UNINIT,      /* a register or stack slot is read before it is written */
	WHY_REFERENCE,   /* something acquired is not released */
	WHY_FORBIDDEN,   /* a function that this kind of program may not call */
	WHY_RELOCATION,  /* a type or member this kernel does not have */
	WHY_VERIFIER,    /* the verifier's refusal, of no class of its own */
	WHY_KFUNC,       /* this kernel has no such kernel function or variable */
	WHY_KFUNC_PROTO, /* it has one with other arguments */
	WHY_STRUCT_OPS,  /* its sched_ext_ops has no such callback */
	WHY_NO_BTF,      /* the kernel shows no BTF */
	WHY_KCONFIG,     /* the program asks for the kernel's configuration, which it does not show */
	WHY_ATTACH,      /* loaded, and then not attached */
	WHY_STALL,       /* thrown out: a task that could run was not run */
	WHY_THROWN_OUT,  /* thrown out for another reason */
	WHY_TIMEOUT,
};

struct explanation {
	enum why why;
	char *program; /* NULL: none, or not known */
	char *subject; /* symbol, member or errno name it is about; NULL: none */
	char *words;   /* a sentence or two; NULL when there is nothing to say */
	char *trail; /* last instructions before the refusal with their source lines, and the verifier's words; NULL */
};

/* "insn-limit": for programs that read us. */
const char *why_name(enum why w);
/* log: all the scheduler printed. An attached cell has no explanation: WHY_UNKNOWN and NULLs. */
void explain(struct explanation *x, const struct result *r, struct view log);
void explanation_free(struct explanation *x); /* {0} too, and twice */
#define auto_explanation __attribute__((unused, cleanup(explanation_free)))
