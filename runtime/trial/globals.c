#include "trial/globals.h"

#include <bpf/btf.h>
#include <string.h>

#include "arch/elf.h"

enum { OBJECTS_MAX = 64, NAMES_MAX = 65536, KERNEL_NAME = 15 };
#define BTF_MAX (64u << 20)

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static bool ends(const char *text, const char *with)
{
	size_t n = strlen(text), k = strlen(with);

	return k <= n && !strcmp(text + n - k, with);
}

/* What stands in a section: maps, variables of the kernel's, or those of the programs. */
static void add_section(struct globals *n, const struct btf *btf, const struct btf_type *t)
{
	const char *section = btf__name_by_offset(btf, t->name_off);
	const struct btf_var_secinfo *in = btf_var_secinfos(t);

	if (!section || !strcmp(section, ".ksyms") || n->vars.n + n->maps.n + btf_vlen(t) > NAMES_MAX)
		return;
	/* One with callbacks becomes a map of the name of its variable. */
	bool maps = !strcmp(section, ".maps") || begins(section, ".struct_ops");

	if (!maps)
		argv_add(&n->sections, section);
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const struct btf_type *var = btf__type_by_id(btf, in[i].type);
		const char *name = var && btf_is_var(var) ? btf__name_by_offset(btf, var->name_off) : NULL;

		if (name && *name)
			argv_add(maps ? &n->maps : &n->vars, name);
	}
}

static bool read_btf(struct globals *n, const struct elf *f, const Elf64_Shdr *s)
{
	struct btf *btf;

	if (!elf_inside(f, s->sh_offset, s->sh_size) || s->sh_size > BTF_MAX)
		return false;
	btf = btf__new(f->p + s->sh_offset, (unsigned)s->sh_size);
	if (!btf)
		return false;
	for (unsigned id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (t && btf_is_datasec(t))
			add_section(n, btf, t);
	}
	btf__free(btf);
	return true;
}

bool globals_read(struct globals *n, const void *file, size_t size)
{
	const char *at = file, *end = at + size;
	unsigned objects = 0;

	*n = (struct globals){ 0 };
	for (; objects < OBJECTS_MAX && (at = memmem(at, (size_t)(end - at), ELFMAG, SELFMAG)); at++) {
		struct elf f;
		Elf64_Shdr s;

		if (elf_open(&f, at, (size_t)(end - at)) != ELF_FINE || f.h.e_machine != EM_BPF)
			continue;
		objects++;
		if (!elf_section(&f, ".BTF", &s) || !read_btf(n, &f, &s)) {
			globals_free(n);
			return false;
		}
	}
	return objects && objects < OBJECTS_MAX;
}

bool globals_has_var(const struct globals *n, const char *name)
{
	for (size_t i = 0; i < n->vars.n; i++)
		if (!strcmp(n->vars.v[i], name))
			return true;
	return false;
}

bool globals_has_map(const struct globals *n, const char *ending)
{
	for (size_t i = 0; i < n->maps.n; i++) {
		char kept[KERNEL_NAME + 1];

		strncpy(kept, n->maps.v[i], KERNEL_NAME);
		kept[KERNEL_NAME] = '\0';
		if (ends(kept, ending))
			return true;
	}
	for (size_t i = 0; i < n->sections.n; i++)
		if (ends(n->sections.v[i], ending) || ends(ending, n->sections.v[i]))
			return true;
	return false;
}

void globals_free(struct globals *n)
{
	argv_free(&n->vars);
	argv_free(&n->maps);
	argv_free(&n->sections);
}
