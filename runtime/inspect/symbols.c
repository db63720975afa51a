#include "inspect/symbols.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "inspect/layout.h"

#define NAME_MAX_KEPT 127 /* KSYM_NAME_LEN was 128 for long; longer ones are Rust's */

struct names {
	const char **v;
	size_t n, cap;
};

static void add(struct names *names, const char *name)
{
	/* Identifiers only: a line per name. */
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";
	size_t n = name ? strlen(name) : 0;

	if (!n || n > NAME_MAX_KEPT || name[strspn(name, letters)])
		return;
	if (names->n == names->cap) {
		names->cap = names->cap ? names->cap * 2 : 1024;
		names->v = xreallocarray(names->v, names->cap, sizeof(*names->v));
	}
	names->v[names->n++] = name;
}

static void add_type(struct names *names, const struct btf *btf, unsigned id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = btf__name_by_offset(btf, t->name_off);

	if (btf_is_var(t) || (btf_is_func(t) && name && (strstr(name, "bpf") || strstr(name, "scx"))))
		add(names, name);
	if (!btf_is_decl_tag(t) || !name || strcmp(name, "bpf_kfunc") != 0)
		return;
	const struct btf_type *target = btf__type_by_id(btf, t->type);

	if (target && btf_is_func(target))
		add(names, btf__name_by_offset(btf, target->name_off));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level, (void)fmt, (void)args;
	return 0;
}

int symbols_write(FILE *f, const void *raw, size_t n, struct err *e)
{
	struct names names = { 0 };
	struct btf *btf;

	if (members_check_header(raw, n, e) < 0)
		return -1;
	libbpf_set_print(quiet);
	btf = btf__new(raw, (uint32_t)n);
	if (!btf)
		return err_set(e, X_BAD_KERNEL, "BTF is damaged, or newer than the installed libbpf %s: %s",
			       libbpf_version_string(), strerror(errno));
	for (unsigned id = 1; id < btf__type_cnt(btf); id++)
		add_type(&names, btf, id);
	if (names.n)
		qsort(names.v, names.n, sizeof(*names.v), by_text);
	for (size_t i = 0; i < names.n; i++) {
		if (!i || strcmp(names.v[i - 1], names.v[i]) != 0)
			fprintf(f, "%s\n", names.v[i]);
	}
	free(names.v);
	btf__free(btf);
	return 0;
}
