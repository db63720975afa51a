/* layout.c: the members that the verifier's figures are read from. */
#include "inspect/layout.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

/* BTF names that hold members of ours. */
enum { IDR, XARRAY, XA_NODE, PROG, AUX, STATS, BTF, SCX_OPS, N_STRUCTS };
static const char *const structs[N_STRUCTS] = {
	[IDR] = "idr",          [XARRAY] = "xarray",        [XA_NODE] = "xa_node", [PROG] = "bpf_prog",
	[AUX] = "bpf_prog_aux", [STATS] = "bpf_prog_stats", [BTF] = "btf",         [SCX_OPS] = "sched_ext_ops",
};

/* The same from 6.12 to 7.3; what may be missing costs a column of the report, not the report. */
static const struct member_row rows[] = {
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

static const struct members table = { structs, N_STRUCTS, rows, countof(rows) };

static uint32_t prog_type_find(const struct btf *btf)
{
	uint32_t n = btf__type_cnt(btf);

	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name = btf_is_enum(type) ? btf__name_by_offset(btf, type->name_off) : NULL;

		if (name && !strcmp(name, "bpf_prog_type"))
			return id;
	}
	return 0;
}

static int prog_type_value(const struct btf *btf, uint32_t *value, struct err *e)
{
	uint32_t id = prog_type_find(btf);
	const struct btf_type *s = btf__type_by_id(btf, id);

	for (unsigned i = 0; id && i < btf_vlen(s); i++) {
		const struct btf_enum *v = btf_enum(s) + i;
		const char *name = btf__name_by_offset(btf, v->name_off);

		if (name && !strcmp(name, "BPF_PROG_TYPE_STRUCT_OPS") && v->val > 0) {
			*value = (uint32_t)v->val;
			return 0;
		}
	}
	return err_set(e, X_NO_SCX, "the kernel's BTF has no BPF_PROG_TYPE_STRUCT_OPS");
}

int layout_from_btf(struct layout *l, const void *btf, size_t n, struct err *e)
{
	auto_members struct members_btf t = { 0 };
	struct layout found = { 0 };

	if (members_open(&t, btf, n, e) < 0 || members_find(&t, &table, &found, e) < 0 ||
	    prog_type_value(t.btf, &found.struct_ops_type, e) < 0)
		return -1;
	found.has_scx = t.id[SCX_OPS] != 0;
	*l = found;
	return 0;
}

int layout_write(FILE *f, const struct layout *l)
{
	members_write(f, &table, l);
	fprintf(f, "BPF_PROG_TYPE_STRUCT_OPS %" PRIu32 "\n", l->struct_ops_type);
	fprintf(f, "sched_ext_ops %" PRIu32 "\n", l->has_scx);
	return ferror(f) ? -1 : 0;
}

static int line_take(struct layout *l, const struct members_line *line, uint32_t *seen)
{
	static const char *const words[] = { "BPF_PROG_TYPE_STRUCT_OPS", "sched_ext_ops" };
	uint32_t *values[] = { &l->struct_ops_type, &l->has_scx };
	size_t row = members_row(&table, line), bit = row, word = 0;

	if (row == table.n_rows) {
		while (word < countof(words) && !members_is(line, words[word], NULL))
			word++;
		if (word == countof(words))
			return -1;
		bit += word;
	}
	if (*seen & 1u << bit)
		return -1;
	*seen |= 1u << bit;
	if (row < table.n_rows)
		return members_take(&rows[row], line, l);
	if (line->n != 1 || line->v[0] < 0)
		return -1;
	*values[word] = (uint32_t)line->v[0];
	return 0;
}

int layout_parse(struct layout *l, const char *text, size_t n, struct err *e)
{
	struct layout got = { 0 };
	uint32_t seen = 0;
	unsigned at = 0;

	_Static_assert(countof(rows) + 2 < 32, "seen has a bit for every line");
	for (const char *p = text, *end = text + n; p < end;) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		struct members_line line;

		at++;
		if (!nl || members_split(p, nl, &line) < 0 || line_take(&got, &line, &seen) < 0)
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
