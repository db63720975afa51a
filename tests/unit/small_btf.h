/* small_btf.h: BTF with the structures we read, built with libbpf; for tests and as a seed for fuzzing. */
#pragma once
#include <bpf/btf.h>
#include <stdbool.h>
#include <string.h>

/* What this kernel does differently. */
struct small_btf {
	const char *drop; /* leave this member out */
	const char *odd;  /* make this member a bit field */
	const char *wide; /* make this member a structure of 3 bytes */
	const char *far;  /* put this member at 1 MiB */
	bool nested;      /* stack_depth sits in a structure in a union in bpf_prog_aux, both without names */
	bool no_scx, no_type_enum;
};

struct sb {
	struct btf *b;
	const struct small_btf *how;
	int u8, u32, u64, ptr, three;
};

static inline bool sb_is(const char *a, const char *b)
{
	return a && !strcmp(a, b);
}

static inline void sb_field(const struct sb *s, const char *name, int type, unsigned bytes)
{
	if (sb_is(s->how->drop, name))
		return;
	btf__add_field(s->b, name, sb_is(s->how->wide, name) ? s->three : type,
		       sb_is(s->how->far, name) ? 8 << 20 : (int)bytes * 8, sb_is(s->how->odd, name) ? 3 : 0);
}

static inline void sb_idr(const struct sb *s)
{
	int slots = btf__add_array(s->b, s->u32, s->ptr, 64), xarray, root;

	xarray = btf__add_struct(s->b, "xarray", 16);
	sb_field(s, "xa_lock", s->u32, 0);
	sb_field(s, "xa_head", s->ptr, 8);
	root = btf__add_typedef(s->b, "root_t", btf__add_const(s->b, xarray));
	btf__add_struct(s->b, "idr", 24);
	sb_field(s, "idr_rt", root, 0);
	sb_field(s, "idr_next", s->u32, 20);
	btf__add_struct(s->b, "xa_node", 576);
	sb_field(s, "shift", s->u8, 0);
	sb_field(s, "slots", slots, 40);
}

static inline void sb_prog(const struct sb *s)
{
	btf__add_struct(s->b, "bpf_prog", 96);
	sb_field(s, "type", s->u32, 4);
	sb_field(s, "len", s->u32, 12);
	sb_field(s, "jited_len", s->u32, 16);
	sb_field(s, "stats", s->ptr, 32);
	sb_field(s, "aux", s->ptr, 56);
	btf__add_struct(s->b, "bpf_prog_stats", 32);
	sb_field(s, "cnt", s->u64, 0);
	sb_field(s, "nsecs", s->u64, 8);
}

static inline int sb_nested(const struct sb *s)
{
	int inner = btf__add_struct(s->b, NULL, 8), outer;

	sb_field(s, "before", s->u32, 0);
	sb_field(s, "stack_depth", s->u32, 4);
	outer = btf__add_union(s->b, NULL, 8);
	btf__add_field(s->b, "whole", s->u64, 0, 0);
	btf__add_field(s->b, NULL, inner, 0, 0);
	return outer;
}

static inline void sb_aux(const struct sb *s)
{
	int name = btf__add_array(s->b, s->u32, s->u8, 16), nested = s->how->nested ? sb_nested(s) : 0;

	btf__add_struct(s->b, "bpf_prog_aux", 1000);
	if (nested)
		btf__add_field(s->b, NULL, nested, 24 * 8, 0);
	else
		sb_field(s, "stack_depth", s->u32, 28);
	sb_field(s, "id", s->u32, 32);
	sb_field(s, "func_cnt", s->u32, 36);
	sb_field(s, "real_func_cnt", s->u32, 40);
	sb_field(s, "attach_btf_id", s->u32, 48);
	sb_field(s, "btf", s->ptr, 56);
	sb_field(s, "func_info", s->ptr, 64);
	sb_field(s, "func_info_cnt", s->u32, 72);
	sb_field(s, "verified_insns", s->u32, 944);
	sb_field(s, "name", name, 968);
}

static inline void sb_btf(const struct sb *s)
{
	int hdr = btf__add_struct(s->b, "btf_header", 24);

	sb_field(s, "str_len", s->u32, 20);
	btf__add_struct(s->b, "btf", 128);
	sb_field(s, "types", s->ptr, 8);
	sb_field(s, "strings", s->ptr, 24);
	sb_field(s, "hdr", hdr, 40);
	sb_field(s, "nr_types", s->u32, 72);
	sb_field(s, "base_btf", s->ptr, 104);
}

/* The caller's; btf__raw_data() has the bytes. */
static inline struct btf *small_btf(const struct small_btf *how)
{
	struct sb s = { .b = btf__new_empty(), .how = how };

	btf__set_pointer_size(s.b, 8);
	s.u8 = btf__add_int(s.b, "unsigned char", 1, 0);
	s.u32 = btf__add_int(s.b, "unsigned int", 4, 0);
	s.u64 = btf__add_int(s.b, "long unsigned int", 8, 0);
	s.ptr = btf__add_ptr(s.b, 0);
	s.three = btf__add_struct(s.b, "three", 3);
	btf__add_fwd(s.b, "bpf_prog", BTF_FWD_STRUCT);
	if (!how->no_type_enum) {
		btf__add_enum(s.b, "bpf_prog_type", 4);
		btf__add_enum_value(s.b, "BPF_PROG_TYPE_UNSPEC", 0);
		btf__add_enum_value(s.b, "BPF_PROG_TYPE_STRUCT_OPS", 27);
	}
	sb_idr(&s);
	sb_prog(&s);
	sb_aux(&s);
	sb_btf(&s);
	if (!how->no_scx)
		btf__add_struct(s.b, "sched_ext_ops", 8);
	return s.b;
}
