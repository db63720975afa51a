/* layout.c: one pass over all types finds the few structures by name, then each member is looked up in them.
 *
 * libbpf 1.1 trusts what it parses (1.3 began to look), so the header is judged here first, only calls that check type
 * ids and string offsets are used, and the descent into anonymous structures is counted. */
#include "inspect/layout.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum {
	OFFSET_MAX = 1 << 16,
	NEST_MAX = 8,
	VISITS_MAX = 1 << 17,
	HEADER_LEN = 24,
};
#define BTF_BYTES_MAX ((size_t)256 << 20)

/* BTF names that hold members of ours. */
enum { IDR, XARRAY, XA_NODE, PROG, AUX, STATS, BTF, SCX_OPS, N_STRUCTS };
static const char *const structs[N_STRUCTS] = {
	[IDR] = "idr",          [XARRAY] = "xarray",        [XA_NODE] = "xa_node", [PROG] = "bpf_prog",
	[AUX] = "bpf_prog_aux", [STATS] = "bpf_prog_stats", [BTF] = "btf",         [SCX_OPS] = "sched_ext_ops",
};

/* The same from 6.12 to 7.3; what may be missing costs a column of the report, not the report. */
static const struct row {
	size_t target; /* in struct layout */
	int in;
	const char *path;  /* members, separated by dots; anonymous ones are not named */
	uint32_t min, max; /* plausible sizes */
	bool required;
} rows[] = {
#define AT(m) offsetof(struct layout, m)
	{ AT(idr_xa_head), IDR, "idr_rt.xa_head", 8, 8, true },
	{ AT(idr_next), IDR, "idr_next", 4, 4, false },
	{ AT(xa_slots), XA_NODE, "slots", 16 * 8, 64 * 8, true },
	{ AT(xa_shift), XA_NODE, "shift", 1, 1, true },
	{ AT(prog_type), PROG, "type", 4, 4, true },
	{ AT(prog_aux), PROG, "aux", 8, 8, true },
	{ AT(prog_len), PROG, "len", 4, 4, false },
	{ AT(prog_jited_len), PROG, "jited_len", 4, 4, false },
	{ AT(prog_stats), PROG, "stats", 8, 8, false },
	{ AT(aux_name), AUX, "name", 1, 64, true },
	{ AT(aux_id), AUX, "id", 4, 4, false },
	{ AT(aux_verified_insns), AUX, "verified_insns", 4, 4, false },
	{ AT(aux_stack_depth), AUX, "stack_depth", 4, 4, false },
	{ AT(aux_attach_btf_id), AUX, "attach_btf_id", 4, 4, false },
	{ AT(aux_func_cnt), AUX, "func_cnt", 4, 4, false },
	{ AT(aux_real_func_cnt), AUX, "real_func_cnt", 4, 4, false },
	{ AT(aux_btf), AUX, "btf", 8, 8, false },
	{ AT(aux_func_info), AUX, "func_info", 8, 8, false },
	{ AT(aux_func_info_cnt), AUX, "func_info_cnt", 4, 4, false },
	{ AT(btf_types), BTF, "types", 8, 8, false },
	{ AT(btf_strings), BTF, "strings", 8, 8, false },
	{ AT(btf_str_len), BTF, "hdr.str_len", 4, 4, false },
	{ AT(btf_nr_types), BTF, "nr_types", 4, 4, false },
	{ AT(btf_base), BTF, "base_btf", 8, 8, false },
	{ AT(stats_cnt), STATS, "cnt", 8, 8, false },
	{ AT(stats_nsecs), STATS, "nsecs", 8, 8, false },
#undef AT
};

static struct member *target(struct layout *l, const struct row *r)
{
	return (struct member *)((char *)l + r->target);
}

static bool plausible(const struct row *r, const struct member *m)
{
	return m->off >= 0 && m->off < OFFSET_MAX && m->size >= r->min && m->size <= r->max;
}

/* Sections inside the data, in the order libbpf assumes, whatever the header's length. */
int layout_check_header(const void *data, size_t n, struct err *e)
{
	struct btf_header h;
	uint64_t body;

	if (n < HEADER_LEN || n > BTF_BYTES_MAX)
		return err_set(e, X_BAD_KERNEL, "BTF of %zu bytes", n);
	memcpy(&h, data, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION)
		return err_set(e, X_BAD_KERNEL, "not BTF of this byte order and version");
	if (h.hdr_len < HEADER_LEN || h.hdr_len > n || h.hdr_len % 4)
		return err_set(e, X_BAD_KERNEL, "BTF header of %u bytes", h.hdr_len);
	body = n - h.hdr_len;
	if (h.type_off % 4 || (uint64_t)h.type_off + h.type_len > h.str_off || (uint64_t)h.str_off + h.str_len > body)
		return err_set(e, X_BAD_KERNEL, "BTF sections lie outside its %zu bytes (truncated?)", n);
	return 0;
}

struct types {
	struct btf *btf;
	uint32_t id[N_STRUCTS]; /* 0: there is none */
	uint32_t prog_type;     /* enum bpf_prog_type */
	unsigned visits;
};

static void types_close(struct types *t)
{
	btf__free(t->btf);
}

static bool is_composite(const struct btf_type *t)
{
	return t && (btf_is_struct(t) || btf_is_union(t));
}

static void types_find(struct types *t)
{
	uint32_t n = btf__type_cnt(t->btf);

	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *type = btf__type_by_id(t->btf, id);
		const char *name;

		if (!btf_is_struct(type) && !btf_is_enum(type))
			continue;
		name = btf__name_by_offset(t->btf, type->name_off);
		if (!name || !*name)
			continue;
		if (btf_is_enum(type)) {
			if (!t->prog_type && !strcmp(name, "bpf_prog_type"))
				t->prog_type = id;
			continue;
		}
		for (int i = 0; i < N_STRUCTS; i++)
			if (!t->id[i] && !strcmp(name, structs[i]))
				t->id[i] = id;
	}
}

/* btf__resolve_type() has a bound on chains of its own. */
static uint32_t strip_names(const struct types *t, uint32_t id)
{
	int r = btf__resolve_type(t->btf, id);

	return r > 0 ? (uint32_t)r : 0;
}

/* What a lookup found: 0 and *type, *bits; 1 when there is no such member; negative when the BTF makes no sense. */
static int member_in(struct types *t, uint32_t id, const char *name, size_t len, int depth, uint32_t *type,
		     uint64_t *bits)
{
	const struct btf_type *s = btf__type_by_id(t->btf, id);
	const struct btf_member *m;

	if (!is_composite(s))
		return 1;
	m = btf_members(s);
	for (unsigned i = 0; i < btf_vlen(s); i++) {
		const char *here = btf__name_by_offset(t->btf, m[i].name_off);
		int r;

		if (!here || ++t->visits > VISITS_MAX || depth > NEST_MAX)
			return -1;
		if (*here && (strlen(here) != len || memcmp(here, name, len)))
			continue;
		if (*here) {
			*type = m[i].type;
			*bits += btf_member_bit_offset(s, i);
			return btf_member_bitfield_size(s, i) ? -1 : 0;
		}
		r = member_in(t, strip_names(t, m[i].type), name, len, depth + 1, type, bits);
		if (r < 0)
			return r;
		if (r == 0) {
			*bits += btf_member_bit_offset(s, i);
			return 0;
		}
	}
	return 1;
}

static int member_find(struct types *t, const struct row *r, struct member *m)
{
	uint32_t id = t->id[r->in], type = 0;
	const char *name = r->path;
	uint64_t bits = 0;
	long long size;

	t->visits = 0;
	for (;;) {
		size_t len = strcspn(name, ".");
		int found = id ? member_in(t, id, name, len, 0, &type, &bits) : 1;

		if (found)
			return found;
		if (!name[len])
			break;
		name += len + 1;
		id = strip_names(t, type);
	}
	size = btf__resolve_size(t->btf, type);
	if (size <= 0 || size > OFFSET_MAX || bits % 8 || bits / 8 >= OFFSET_MAX)
		return -1;
	m->off = (int32_t)(bits / 8);
	m->size = (uint32_t)size;
	return plausible(r, m) ? 0 : -1;
}

static int prog_type_value(const struct types *t, uint32_t *value, struct err *e)
{
	const struct btf_type *s = btf__type_by_id(t->btf, t->prog_type);

	for (unsigned i = 0; t->prog_type && i < btf_vlen(s); i++) {
		const struct btf_enum *v = btf_enum(s) + i;
		const char *name = btf__name_by_offset(t->btf, v->name_off);

		if (name && !strcmp(name, "BPF_PROG_TYPE_STRUCT_OPS") && v->val > 0) {
			*value = (uint32_t)v->val;
			return 0;
		}
	}
	return err_set(e, X_NO_SCX, "the kernel's BTF has no BPF_PROG_TYPE_STRUCT_OPS");
}

static int members_find(struct types *t, struct layout *l, struct err *e)
{
	for (const struct row *r = rows; r < rows + countof(rows); r++) {
		struct member found = { .off = -1 };
		int got = member_find(t, r, &found);

		if (got < 0)
			return err_set(e, X_NO_SCX, "%s.%s in the kernel's BTF has a form that ktstr cannot read",
				       structs[r->in], r->path);
		if (got && r->required)
			return err_set(e, X_NO_SCX, "the kernel's BTF has no %s.%s", structs[r->in], r->path);
		*target(l, r) = found;
	}
	return 0;
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level, (void)fmt, (void)args;
	return 0;
}

int layout_from_btf(struct layout *l, const void *btf, size_t n, struct err *e)
{
	struct types t __attribute__((cleanup(types_close))) = { 0 };
	struct layout found = { 0 };

	if (layout_check_header(btf, n, e) < 0)
		return -1;
	libbpf_set_print(quiet);
	t.btf = btf__new(btf, (uint32_t)n);
	if (!t.btf)
		return err_set(e, X_BAD_KERNEL, "BTF is damaged, or newer than the installed libbpf %s: %s",
			       libbpf_version_string(), strerror(errno));
	/* Guests are 64-bit; without this libbpf guesses, in one more pass. */
	if (btf__set_pointer_size(t.btf, 8) < 0)
		return err_set(e, X_BAD_KERNEL, "libbpf does not take 8-byte pointers");
	types_find(&t);
	if (members_find(&t, &found, e) < 0 || prog_type_value(&t, &found.struct_ops_type, e) < 0)
		return -1;
	found.has_scx = t.id[SCX_OPS] != 0;
	*l = found;
	return 0;
}

int layout_write(FILE *f, const struct layout *l)
{
	struct layout copy = *l;

	for (const struct row *r = rows; r < rows + countof(rows); r++) {
		const struct member *m = target(&copy, r);

		if (m->off < 0)
			fprintf(f, "%s.%s -\n", structs[r->in], r->path);
		else
			fprintf(f, "%s.%s %" PRId32 " %" PRIu32 "\n", structs[r->in], r->path, m->off, m->size);
	}
	fprintf(f, "BPF_PROG_TYPE_STRUCT_OPS %" PRIu32 "\n", l->struct_ops_type);
	fprintf(f, "sched_ext_ops %" PRIu32 "\n", l->has_scx);
	return ferror(f) ? -1 : 0;
}

/* One line of the text form: a name and up to two numbers ("-" is -1). */
struct line {
	const char *name;
	size_t len;
	int64_t v[2];
	int n;
};

static int number(const char **p, const char *end, int64_t *v)
{
	const char *start = *p;

	if (start < end && *start == '-') {
		*v = -1;
		*p = start + 1;
		return 0;
	}
	for (*v = 0; *p < end && **p >= '0' && **p <= '9' && *p - start < 10; (*p)++)
		*v = *v * 10 + (**p - '0');
	return *p == start || *v > UINT32_MAX ? -1 : 0;
}

static int line_split(const char *p, const char *end, struct line *l)
{
	const char *space = memchr(p, ' ', (size_t)(end - p));

	*l = (struct line){ .name = p };
	if (!space)
		return -1;
	l->len = (size_t)(space - p);
	for (p = space; p < end; l->n++) {
		if (l->n == 2 || *p++ != ' ' || number(&p, end, &l->v[l->n]) < 0)
			return -1;
	}
	return 0;
}

static bool line_is(const struct line *l, const char *a, const char *b)
{
	size_t n = strlen(a), m = b ? strlen(b) : 0;

	if (memcmp(l->name, a, n < l->len ? n : l->len) || l->len != n + (b ? m + 1 : 0))
		return false;
	return !b || (l->name[n] == '.' && !memcmp(l->name + n + 1, b, m));
}

static int row_take(struct layout *l, const struct row *r, const struct line *line)
{
	struct member m = { .off = -1 };

	if (line->n == 2) {
		if (line->v[0] < 0 || line->v[0] >= OFFSET_MAX || line->v[1] < 0)
			return -1;
		m = (struct member){ .off = (int32_t)line->v[0], .size = (uint32_t)line->v[1] };
		if (!plausible(r, &m))
			return -1;
	} else if (line->n != 1 || line->v[0] != -1 || r->required) {
		return -1;
	}
	*target(l, r) = m;
	return 0;
}

static int line_take(struct layout *l, const struct line *line, uint32_t *seen)
{
	static const char *const words[] = { "BPF_PROG_TYPE_STRUCT_OPS", "sched_ext_ops" };
	uint32_t *values[] = { &l->struct_ops_type, &l->has_scx };
	size_t bit = 0;

	for (size_t i = 0; i < countof(rows); i++, bit++) {
		if (!line_is(line, structs[rows[i].in], rows[i].path))
			continue;
		if (*seen & 1u << bit)
			return -1;
		*seen |= 1u << bit;
		return row_take(l, &rows[i], line);
	}
	for (size_t i = 0; i < countof(words); i++, bit++) {
		if (!line_is(line, words[i], NULL))
			continue;
		if (*seen & 1u << bit || line->n != 1 || line->v[0] < 0)
			return -1;
		*seen |= 1u << bit;
		*values[i] = (uint32_t)line->v[0];
		return 0;
	}
	return -1;
}

int layout_parse(struct layout *l, const char *text, size_t n, struct err *e)
{
	struct layout got = { 0 };
	uint32_t seen = 0;
	unsigned at = 0;

	_Static_assert(countof(rows) + 2 < 32, "seen has a bit for every line");
	for (const char *p = text, *end = text + n; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct line line;

		at++;
		if (!nl || line_split(p, nl, &line) < 0 || line_take(&got, &line, &seen) < 0)
			return err_set(e, X_FAIL, "layout line %u makes no sense", at);
		p = nl + 1;
	}
	if (seen != (1u << (countof(rows) + 2)) - 1)
		return err_set(e, X_FAIL, "the layout has %d of %zu lines", __builtin_popcount(seen),
			       countof(rows) + 2);
	if (!got.struct_ops_type || got.has_scx > 1)
		return err_set(e, X_FAIL, "the layout's last lines make no sense");
	*l = got;
	return 0;
}
