/* test_ops.c: where a scheduler's operations say its timeout. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <bpf/btf.h>

#include "base/err.h"
#include "inspect/ops.h"

static struct ops_value value_of(const char *value, const char *member)
{
	struct btf *b = btf__new_empty();
	struct ops_value v = { 7, 7 };
	struct err e;
	const void *raw;
	int u32, ops;
	unsigned n;

	u32 = btf__add_int(b, "unsigned int", 4, 0);
	ops = btf__add_struct(b, "sched_ext_ops", 512);
	btf__add_field(b, "flags", u32, 0, 0);
	btf__add_field(b, member, u32, 320 * 8, 0);
	btf__add_struct(b, value, 576);
	btf__add_field(b, "common", u32, 0, 0);
	btf__add_field(b, "data", ops, 64 * 8, 0);
	raw = btf__raw_data(b, &n);
	assert_int_equal(ops_value_from_btf(&v, raw, n, &e), 0);
	btf__free(b);
	return v;
}

static void places(void **state)
{
	struct ops_value v = value_of("bpf_struct_ops_sched_ext_ops", "timeout_ms");
	struct err e;

	(void)state;
	assert_true(v.size == 576 && v.timeout_at == 384);
	v = value_of("bpf_struct_ops_sched_ext_ops", "timeout");
	assert_true(v.size == 0 && v.timeout_at == 0);
	v = value_of("bpf_struct_ops_tcp_congestion_ops", "timeout_ms");
	assert_true(v.size == 0 && v.timeout_at == 0);
	assert_int_equal(ops_value_from_btf(&v, "no BTF", 6, &e), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(places) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
