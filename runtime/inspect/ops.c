#include "inspect/ops.h"

#include "base/err.h"
#include "base/mem.h"
#include "inspect/members.h"

struct found {
	struct member timeout;
};

int ops_value_from_btf(struct ops_value *v, const void *btf, size_t n, struct err *e)
{
	static const char *const structs[] = { "bpf_struct_ops_sched_ext_ops" };
	static const struct member_row rows[] = { { offsetof(struct found, timeout), 0, "data.timeout_ms", 4, 4,
						    false } };
	static const struct members table = { structs, countof(structs), rows, countof(rows) };
	auto_members struct members_btf t = { 0 };
	struct found found;

	*v = (struct ops_value){ 0 };
	if (members_open(&t, btf, n, e) < 0 || members_find(&t, &table, &found, e) < 0)
		return -1;
	if (!t.id[0] || found.timeout.off <= 0)
		return 0;
	v->size = btf__type_by_id(t.btf, t.id[0])->size;
	v->timeout_at = (uint32_t)found.timeout.off;
	return 0;
}
