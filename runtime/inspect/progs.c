/* progs.c: prog_idr is an xarray whose indices are program ids. Its nodes are walked from the root, in order, and an id
 * is the path that leads to it, so that no number the guest chose (idr_next above all) says how much there is to do.
 *
 * The tree is made for readers that take no lock: stopping the guest in the middle of a change leaves a tree that can
 * be read. What cannot be read is therefore an error and not skipped. */
#include "inspect/progs.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/layout.h"
#include "inspect/memory.h"
#include "inspect/peek.h"

enum {
	PROGS_MAX = 4096,
	SLOTS_MAX = 1 << 20,
	CHUNK_MAX = 64,
	COUNTS_MAX = 1 << 18, /* of programs times CPUs */
	ENTRY_KIND = 3,
	ENTRY_INTERNAL = 2,
	KIND_FUNC = 12,   /* BTF_KIND_FUNC */
	NAME_PIECE = 32,  /* divides PROG_NAME_MAX */
	NOT_NODES = 4096, /* internal entries up to here are marks (retry, zero, sibling) */
};

struct scan {
	const struct kmem *m;
	const struct layout *l;
	struct progs *out;
	size_t slots, seen, counts;
	uint64_t *own; /* each CPU's __per_cpu_offset; NULL: unknown */
	unsigned bits; /* of an id, per level: 6, or 4 with CONFIG_BASE_SMALL */
};

static int damaged(struct err *e, const char *what, uint64_t at)
{
	return err_set(e, X_VM, "prog_idr is damaged: %s (%#" PRIx64 ")", what, at);
}

static int optional_u32(const struct kmem *m, uint64_t base, const struct member *f, uint32_t *out, struct err *e)
{
	*out = PROG_NONE;
	return f->off < 0 ? 0 : kmem_u32(m, base + (uint64_t)f->off, out, e);
}

static int name_read(const struct scan *s, uint64_t aux, char *out, size_t max, struct err *e)
{
	char raw[16] = "";
	size_t n = s->l->aux_name.size < sizeof(raw) ? s->l->aux_name.size : sizeof(raw);

	if (kmem_read(s->m, aux + (uint64_t)s->l->aux_name.off, raw, n, e) < 0)
		return -1;
	peek_name(out, max, raw, n);
	return 0;
}

static bool member_u64(const struct scan *s, uint64_t base, const struct member *f, uint64_t *out)
{
	struct err ignored = { 0 };

	return f->off >= 0 && kmem_u64(s->m, base + (uint64_t)f->off, out, &ignored) == 0;
}

static bool member_u32(const struct scan *s, uint64_t base, const struct member *f, uint32_t *out)
{
	struct err ignored = { 0 };

	return f->off >= 0 && kmem_u32(s->m, base + (uint64_t)f->off, out, &ignored) == 0;
}

/* Offset of the main function's name in the strings of its program's BTF: func_info[0] (instruction, type) names the type, whose
 * first words are the name and what it is. A BTF on top of another one is not a program's. */
static bool func_name(const struct scan *s, uint64_t aux, uint64_t btf, uint32_t *off)
{
	const struct layout *l = s->l;
	uint32_t n_info, n_types, info[2], type[2];
	uint64_t func_info, types, base, at;
	struct err ignored = { 0 };

	if (!member_u32(s, aux, &l->aux_func_info_cnt, &n_info) || !n_info ||
	    !member_u64(s, aux, &l->aux_func_info, &func_info) || !func_info ||
	    !member_u64(s, btf, &l->btf_types, &types) || !member_u32(s, btf, &l->btf_nr_types, &n_types) ||
	    !member_u64(s, btf, &l->btf_base, &base) || base)
		return false;
	if (kmem_read(s->m, func_info, info, sizeof(info), &ignored) < 0 || info[0] || info[1] >= n_types ||
	    kmem_u64(s->m, types + 8ull * info[1], &at, &ignored) < 0 ||
	    kmem_read(s->m, at, type, sizeof(type), &ignored) < 0 || (type[1] >> 24 & 31) != KIND_FUNC)
		return false;
	*off = type[0];
	return true;
}

/* The whole name, when there is one that begins with what the kernel kept of it; else that. Nothing else depends on it. The
 * string may end next to memory that is not there, so it is read in pieces. */
static void whole_name(const struct scan *s, uint64_t aux, struct prog *p)
{
	const struct layout *l = s->l;
	char raw[PROG_NAME_MAX] = "", name[PROG_NAME_MAX];
	uint64_t btf, strings;
	uint32_t off, len;
	struct err ignored = { 0 };

	memcpy(p->name, p->short_name, sizeof(p->short_name));
	if (!member_u64(s, aux, &l->aux_btf, &btf) || !btf || !func_name(s, aux, btf, &off) ||
	    !member_u64(s, btf, &l->btf_strings, &strings) || !member_u32(s, btf, &l->btf_str_len, &len) || off >= len)
		return;
	for (size_t n = 0; n < sizeof(raw) && n < len - off && (!n || memchr(raw, 0, n) == NULL); n += NAME_PIECE) {
		size_t want = len - off - n < NAME_PIECE ? len - off - n : NAME_PIECE;

		if (kmem_read(s->m, strings + off + n, raw + n, want, &ignored) < 0)
			return;
	}
	peek_name(name, sizeof(name), raw, sizeof(raw));
	if (strlen(name) > PROG_NAME_KEPT && prog_names_fit(name, p->short_name))
		memcpy(p->name, name, sizeof(name));
}

/* bpf_prog.stats is the offset of a bpf_prog_stats in each CPU's own memory. Nothing else depends on these numbers, so a
 * program for which they cannot be read is one that was not counted. */
static void counts_read(struct scan *s, uint64_t prog, struct prog *p)
{
	const struct layout *l = s->l;
	struct err ignored = { 0 };
	uint64_t stats, v[2], sum[2] = { 0 };

	if (!s->own || l->prog_stats.off < 0 || l->stats_cnt.off < 0 || l->stats_nsecs.off < 0)
		return;
	if (kmem_u64(s->m, prog + (uint64_t)l->prog_stats.off, &stats, &ignored) < 0 || !stats)
		return;
	for (unsigned cpu = 0; cpu < s->m->nr_cpus; cpu++) {
		uint64_t at = stats + s->own[cpu];

		if (++s->counts > COUNTS_MAX || kmem_u64(s->m, at + (uint64_t)l->stats_cnt.off, &v[0], &ignored) < 0 ||
		    kmem_u64(s->m, at + (uint64_t)l->stats_nsecs.off, &v[1], &ignored) < 0)
			return;
		sum[0] += v[0];
		sum[1] += v[1];
	}
	p->run_cnt = sum[0];
	p->run_ns = sum[1];
	p->counted = true;
}

static int prog_fill(struct scan *s, uint64_t prog, uint64_t aux, struct prog *p, struct err *e)
{
	const struct layout *l = s->l;
	uint32_t id;

	if (optional_u32(s->m, aux, &l->aux_id, &id, e) < 0)
		return -1;
	/* The id is stored after the program was entered, and cleared after it was removed. */
	if (id && id != PROG_NONE && id != p->id)
		return damaged(e, "a program has another id than its place", prog);
	if (optional_u32(s->m, aux, &l->aux_verified_insns, &p->verified_insns, e) < 0 ||
	    optional_u32(s->m, aux, &l->aux_stack_depth, &p->stack_depth, e) < 0 ||
	    optional_u32(s->m, prog, &l->prog_jited_len, &p->jited_len, e) < 0 ||
	    optional_u32(s->m, prog, &l->prog_len, &p->xlated_len, e) < 0)
		return -1;
	if (l->prog_len.off >= 0) {
		if (p->xlated_len > UINT32_MAX / 16)
			return damaged(e, "a program of impossible length", prog);
		p->xlated_len *= 8;
	}
	counts_read(s, prog, p);
	if (name_read(s, aux, p->short_name, sizeof(p->short_name), e) < 0)
		return -1;
	whole_name(s, aux, p);
	return 0;
}

static int prog_take(struct scan *s, uint64_t prog, uint32_t id, struct err *e)
{
	struct prog p = { .id = id };
	uint32_t type;
	uint64_t aux;

	if (++s->seen > PROGS_MAX)
		return damaged(e, "more programs than can be", s->seen);
	if (kmem_u32(s->m, prog + (uint64_t)s->l->prog_type.off, &type, e) < 0)
		return -1;
	if (type != s->l->struct_ops_type)
		return 0;
	if (kmem_u64(s->m, prog + (uint64_t)s->l->prog_aux.off, &aux, e) < 0)
		return -1;
	if (!aux)
		return damaged(e, "a program without bpf_prog_aux", prog);
	if (prog_fill(s, prog, aux, &p, e) < 0)
		return -1;
	if (!(s->out->n & (s->out->n - 1))) /* full at the powers of two */
		s->out->v = xreallocarray(s->out->v, s->out->n ? s->out->n * 2 : 1, sizeof(p));
	s->out->v[s->out->n++] = p;
	return 0;
}

static int node_walk(struct scan *s, uint64_t node, int shift, uint64_t first, struct err *e);

/* shift: of the node this entry was found in; first: its index. */
static int entry_take(struct scan *s, uint64_t entry, int shift, uint64_t first, struct err *e)
{
	if (!entry || (entry & ENTRY_KIND) == 1 || (entry & ENTRY_KIND) == 3)
		return 0; /* a number, not a pointer: nothing the kernel puts here */
	if ((entry & ENTRY_KIND) == ENTRY_INTERNAL) {
		if (entry <= NOT_NODES)
			return 0;
		if (shift < (int)s->bits)
			return damaged(e, "a tree deeper than its root says", entry);
		return node_walk(s, entry - ENTRY_INTERNAL, shift - (int)s->bits, first, e);
	}
	if (shift)
		return damaged(e, "a program above the leaves", entry);
	if (first > INT32_MAX)
		return damaged(e, "an id out of range", first);
	if (prog_take(s, entry, (uint32_t)first, e) < 0)
		return err_as(e, X_VM, "BPF program %" PRIu64, first);
	return 0;
}

static int shift_read(const struct scan *s, uint64_t node, int *shift, struct err *e)
{
	uint8_t v;

	if (kmem_read(s->m, node + (uint64_t)s->l->xa_shift.off, &v, sizeof(v), e) < 0)
		return -1;
	*shift = v;
	return 0;
}

/* Levels only go down by one step each, so that the depth is bounded and no loop can be entered. */
static int node_walk(struct scan *s, uint64_t node, int shift, uint64_t first, struct err *e)
{
	uint64_t slot[CHUNK_MAX];
	unsigned n = 1u << s->bits;
	int own;

	s->slots += n;
	if (s->slots > SLOTS_MAX)
		return damaged(e, "a tree too large to be true", node);
	if (shift_read(s, node, &own, e) < 0)
		return -1;
	if (own != shift)
		return damaged(e, "a tree node at the wrong level", node);
	if (kmem_read(s->m, node + (uint64_t)s->l->xa_slots.off, slot, n * sizeof(slot[0]), e) < 0)
		return -1;
	for (unsigned i = 0; i < n; i++)
		if (entry_take(s, slot[i], shift, first + ((uint64_t)i << shift), e) < 0)
			return -1;
	return 0;
}

static int root_walk(struct scan *s, uint64_t head, struct err *e)
{
	int shift;

	if ((head & ENTRY_KIND) != ENTRY_INTERNAL || head <= NOT_NODES)
		return entry_take(s, head, 0, 0, e);
	if (shift_read(s, head - ENTRY_INTERNAL, &shift, e) < 0)
		return -1;
	/* Ids are below 2^31. A root has to cover them, and not the width of a pointer. */
	if (shift > 31 || shift % (int)s->bits)
		return damaged(e, "a tree root of impossible height", (uint64_t)shift);
	return node_walk(s, head - ENTRY_INTERNAL, shift, 0, e);
}

int progs_read(struct progs *p, const struct kmem *m, const struct layout *l, struct err *e)
{
	struct progs got = { 0 };
	struct scan s = { .m = m, .l = l, .out = &got };
	uint64_t idr = kmem_symbol(m, "prog_idr"), head;
	int r;

	if (!idr)
		return err_set(e, X_VM, "the guest sent no prog_idr");
	if (l->xa_slots.size != 16 * 8 && l->xa_slots.size != 64 * 8)
		return err_set(e, X_VM, "xa_node with %u bytes of slots", l->xa_slots.size);
	s.bits = l->xa_slots.size == 16 * 8 ? 4 : 6;
	s.own = kmem_own(m);
	r = kmem_u64(m, idr + (uint64_t)l->idr_xa_head.off, &head, e) < 0 ? -1 : root_walk(&s, head, e);
	free(s.own);
	if (r < 0) {
		progs_free(&got);
		return err_as(e, X_VM, "the guest's BPF programs");
	}
	*p = got;
	return 0;
}

void progs_since(struct progs *p, const struct progs *now)
{
	for (size_t i = 0; i < p->n; i++) {
		struct prog *then = &p->v[i];
		size_t k = 0;

		while (k < now->n && now->v[k].id != then->id)
			k++;
		then->counted = then->counted && k < now->n && now->v[k].counted &&
				now->v[k].run_cnt >= then->run_cnt && now->v[k].run_ns >= then->run_ns;
		then->run_cnt = then->counted ? now->v[k].run_cnt - then->run_cnt : 0;
		then->run_ns = then->counted ? now->v[k].run_ns - then->run_ns : 0;
	}
}

bool prog_names_fit(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), least = n < m ? n : m;

	return n == m ? !strcmp(a, b) : least >= PROG_NAME_KEPT && least <= PROG_NAME_KEPT + 1 && !strncmp(a, b, least);
}

void progs_free(struct progs *p)
{
	free(p->v);
	*p = (struct progs){ 0 };
}
