#include "base/err.h"
#include "base/mem.h"
#include "inspect/symbols.h"
#include <bpf/btf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static struct btf *some_btf(void)
{
	struct btf *b = btf__new_empty();
	int proto = btf__add_func_proto(b, 0), type, func;

	type = btf__add_int(b, "int", 4, BTF_INT_SIGNED);
	btf__add_func(b, "vfs_read", BTF_FUNC_STATIC, proto);
	btf__add_func(b, "scx_bpf_dsq_insert", BTF_FUNC_STATIC, proto);
	btf__add_func(b, "scx_bpf_dsq_insert", BTF_FUNC_STATIC, proto);
	btf__add_func(b, "bpf_cpumask_create", BTF_FUNC_STATIC, proto);
	func = btf__add_func(b, "crash_kexec", BTF_FUNC_STATIC, proto);
	btf__add_decl_tag(b, "bpf_kfunc", func, -1);
	btf__add_decl_tag(b, "bpf_kfunc", type, -1);
	btf__add_decl_tag(b, "other", func, -1);
	btf__add_var(b, "runqueues", BTF_VAR_GLOBAL_ALLOCATED, type);
	return b;
}

static void names(void **state)
{
	struct btf *b = some_btf();
	auto_free char *text = NULL;
	struct err e = { 0 };
	size_t len;
	uint32_t n;
	const void *raw = btf__raw_data(b, &n);
	FILE *f = xmemstream(&text, &len);

	(void)state;
	assert_int_equal(symbols_write(f, raw, n, &e), 0);
	fclose(f);
	assert_string_equal(text, "bpf_cpumask_create\ncrash_kexec\nrunqueues\nscx_bpf_dsq_insert\n");
	btf__free(b);
}

static void hostile(void **state)
{
	struct btf *b = some_btf();
	struct err e = { 0 };
	uint32_t n;
	const char *raw = btf__raw_data(b, &n);

	(void)state;
	/* Cut anywhere, it is damaged; nothing is read beyond. */
	for (uint32_t len = 0; len < n; len++) {
		auto_free char *copy = xmemdup(raw, len);
		auto_free char *text = NULL;
		size_t size;
		FILE *f = xmemstream(&text, &size);

		assert_true(symbols_write(f, copy, len, &e) < 0);
		assert_int_equal(e.code, X_BAD_KERNEL);
		fclose(f);
	}
	btf__free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names), cmocka_unit_test(hostile) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
