/* ops.h: how a scheduler says its operations: the value of its struct_ops map, as this kernel has it. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

struct ops_value {
	uint32_t size;       /* of struct bpf_struct_ops_sched_ext_ops; 0: this kernel has none */
	uint32_t timeout_at; /* in it, of timeout_ms; 0: it has none */
};

/* X_BAD_KERNEL as members_open(). */
int ops_value_from_btf(struct ops_value *v, const void *btf, size_t n, struct err *e);
