/* layout.h: where the members we read are in this kernel's structures, resolved from BTF once per kernel.
 *
 * The text form ("bpf_prog.aux 56 8" = offset and size in bytes, "-" when this kernel has no such member) is a graph
 * output, so that reading a guest needs no BTF. Only layout.c knows member names. */
#pragma once
#include "inspect/members.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;

struct layout {
	struct member idr_xa_head, idr_next; /* struct idr: idr_rt.xa_head, idr_next */
	struct member xa_slots, xa_shift;    /* struct xa_node */
	struct member prog_type, prog_aux, prog_len, prog_jited_len, prog_stats; /* struct bpf_prog */
	struct member aux_name, aux_id, aux_verified_insns, aux_stack_depth,
		aux_attach_btf_id; /* struct bpf_prog_aux */
	struct member aux_func_cnt, aux_real_func_cnt;
	struct member aux_btf, aux_func_info, aux_func_info_cnt;
	struct member btf_types, btf_strings, btf_str_len, btf_nr_types, btf_base; /* struct btf */
	struct member stats_cnt, stats_nsecs;                                      /* struct bpf_prog_stats */
	uint32_t struct_ops_type; /* BPF_PROG_TYPE_STRUCT_OPS of this kernel */
	uint32_t has_scx;         /* struct sched_ext_ops exists */
};

/* btf: raw BTF ("9F EB …"), which may be hostile. Missing optional members are -1; a missing required one is X_NO_SCX
 * naming it; damaged BTF, or BTF newer than libbpf, is X_BAD_KERNEL. Silences libbpf for the whole process. */
int layout_from_btf(struct layout *l, const void *btf, size_t n, struct err *e);
/* -1 when f has failed. */
int layout_write(FILE *f, const struct layout *l);
int layout_parse(struct layout *l, const char *text, size_t n, struct err *e);
