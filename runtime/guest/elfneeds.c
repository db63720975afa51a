#include "guest/elfneeds.h"
#include "arch/arch.h"
#include "arch/elf.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include <sys/stat.h>

static const size_t file_max = (size_t)2 << 30;

enum { NEEDED_MAX = 4096, NAME_MAX_BYTES = 4095 };

struct image {
	struct elf elf;
	struct err *e;
};

static int bad(const struct image *im, const char *why)
{
	return err_set(im->e, X_BAD_SCHED, "%s", why);
}

static int header(struct image *im, const char *p, size_t n)
{
	if (n >= 2 && !memcmp(p, "#!", 2))
		return bad(im, "is a script; the guest runs ELF programs only");
	switch (elf_open(&im->elf, p, n)) {
	case ELF_NONE:
		return bad(im, "is not an ELF file");
	case ELF_CLASS:
		return bad(im, "is not a 64-bit little-endian ELF file");
	case ELF_CUT:
	case ELF_OUTSIDE:
		return bad(im, "is cut short");
	case ELF_DAMAGED:
		return bad(im, "has a damaged ELF header");
	case ELF_FINE:
		break;
	}
	if (im->elf.h.e_type == ET_REL && im->elf.h.e_machine == EM_BPF)
		return bad(im, "is a BPF object; what starts in the guest is the program that loads it");
	if (im->elf.h.e_type != ET_EXEC && im->elf.h.e_type != ET_DYN)
		return bad(im, "is neither a program nor a shared library");
	for (size_t i = 0; i < im->elf.h.e_phnum; i++) {
		Elf64_Phdr ph = elf_phdr(&im->elf, i);

		if (ph.p_type == PT_LOAD && !elf_inside(&im->elf, ph.p_offset, ph.p_filesz))
			return bad(im, "is cut short");
	}
	return 0;
}

/* File offset of an address, with *room bytes of its segment behind it. */
static bool offset_of(const struct image *im, uint64_t va, uint64_t *off, uint64_t *room)
{
	for (size_t i = 0; i < im->elf.h.e_phnum; i++) {
		Elf64_Phdr ph = elf_phdr(&im->elf, i);

		if (ph.p_type != PT_LOAD || va < ph.p_vaddr || va - ph.p_vaddr >= ph.p_filesz)
			continue;
		*off = ph.p_offset + (va - ph.p_vaddr);
		*room = ph.p_filesz - (va - ph.p_vaddr);
		return true;
	}
	return false;
}

/* A NUL-ended string of at most room bytes at an offset that is inside. NULL when it is none, or empty. */
static char *string_at(const struct image *im, uint64_t off, uint64_t room)
{
	size_t n = strnlen(im->elf.p + off, room);

	return n == room || n == 0 || n > NAME_MAX_BYTES ? NULL : xstrndup(im->elf.p + off, n);
}

static int interpreter(const struct image *im, const Elf64_Phdr *ph, struct elf_needs *n)
{
	if (n->interp || !elf_inside(&im->elf, ph->p_offset, ph->p_filesz))
		return bad(im, "has a damaged PT_INTERP");
	n->interp = string_at(im, ph->p_offset, ph->p_filesz);
	return n->interp ? 0 : bad(im, "has a damaged PT_INTERP");
}

struct dynamic {
	uint64_t off, count;       /* the table */
	uint64_t str_off, str_len; /* its strings */
};

static Elf64_Dyn dyn(const struct image *im, const struct dynamic *d, uint64_t i)
{
	Elf64_Dyn entry;

	memcpy(&entry, im->elf.p + d->off + i * sizeof entry, sizeof entry);
	return entry;
}

static int dynamic_find(const struct image *im, const Elf64_Phdr *ph, struct dynamic *d)
{
	uint64_t strings = 0, room = 0;
	bool have = false;

	if (!elf_inside(&im->elf, ph->p_offset, ph->p_filesz))
		return bad(im, "has a damaged PT_DYNAMIC");
	*d = (struct dynamic){ .off = ph->p_offset };
	for (uint64_t max = ph->p_filesz / sizeof(Elf64_Dyn); d->count < max; d->count++) {
		Elf64_Dyn entry = dyn(im, d, d->count);

		if (entry.d_tag == DT_NULL)
			break;
		if (entry.d_tag == DT_STRTAB) {
			strings = entry.d_un.d_ptr;
			have = true;
		}
	}
	if (have && !offset_of(im, strings, &d->str_off, &room))
		return bad(im, "has a damaged string table");
	d->str_len = room;
	return 0;
}

static int dynamic_string(const struct image *im, const struct dynamic *d, uint64_t at, char **out)
{
	char *s = at < d->str_len ? string_at(im, d->str_off + at, d->str_len - at) : NULL;

	if (!s)
		return bad(im, "has a damaged dynamic section");
	free(*out);
	*out = s;
	return 0;
}

/* Tools that take a search path out leave an empty one. */
static int dynamic_list(const struct image *im, const struct dynamic *d, uint64_t at, char **out)
{
	if (at < d->str_len && !im->elf.p[d->str_off + at]) {
		free(*out);
		*out = xstrdup("");
		return 0;
	}
	return dynamic_string(im, d, at, out);
}

static int needed_add(const struct image *im, const struct dynamic *d, uint64_t at, struct elf_needs *n)
{
	char *s = NULL;

	if (n->n_needed == NEEDED_MAX)
		return bad(im, "needs too many libraries");
	if (dynamic_string(im, d, at, &s) < 0)
		return -1;
	n->needed = xreallocarray(n->needed, n->n_needed + 1, sizeof *n->needed);
	n->needed[n->n_needed++] = s;
	return 0;
}

static int dynamic_read(const struct image *im, const Elf64_Phdr *ph, struct elf_needs *n)
{
	struct dynamic d = { 0 };

	if (n->dynamic || dynamic_find(im, ph, &d) < 0)
		return n->dynamic ? bad(im, "has two PT_DYNAMIC") : -1;
	n->dynamic = true;
	for (uint64_t i = 0; i < d.count; i++) {
		Elf64_Dyn entry = dyn(im, &d, i);
		int r = 0;

		if (entry.d_tag == DT_NEEDED)
			r = needed_add(im, &d, entry.d_un.d_val, n);
		else if (entry.d_tag == DT_RPATH)
			r = dynamic_list(im, &d, entry.d_un.d_val, &n->rpath);
		else if (entry.d_tag == DT_RUNPATH)
			r = dynamic_list(im, &d, entry.d_un.d_val, &n->runpath);
		else if (entry.d_tag == DT_SONAME)
			r = dynamic_list(im, &d, entry.d_un.d_val, &n->soname);
		else if (entry.d_tag == DT_FLAGS_1 && entry.d_un.d_val & DF_1_PIE)
			n->is_program = true;
		if (r < 0)
			return r;
	}
	return 0;
}

int elf_needs_parse(struct elf_needs *n, const void *data, size_t len, struct err *e)
{
	struct image im = { .e = e };
	struct elf_needs got = { 0 };

	if (header(&im, data, len) < 0)
		return -1;
	got.machine = im.elf.h.e_machine;
	for (size_t i = 0; i < im.elf.h.e_phnum; i++) {
		Elf64_Phdr ph = elf_phdr(&im.elf, i);
		int r = 0;

		if (ph.p_type == PT_INTERP)
			r = interpreter(&im, &ph, &got);
		else if (ph.p_type == PT_DYNAMIC)
			r = dynamic_read(&im, &ph, &got);
		if (r < 0) {
			elf_needs_free(&got);
			return r;
		}
	}
	got.is_program |= im.elf.h.e_type == ET_EXEC || got.interp;
	*n = got;
	return 0;
}

int elf_needs_file(struct elf_needs *n, const char *path, uint16_t machine, struct err *e)
{
	auto_free char *data = NULL;
	struct stat st;
	size_t len;

	/* Opening a pipe would wait for its other end. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return err_set(e, X_BAD_SCHED, "%s: not a regular file", path);
	if (file_read(AT_FDCWD, path, file_max, &data, &len, e) < 0) {
		e->code = X_NO_INPUT;
		return -1;
	}
	if (elf_needs_parse(n, data, len, e) < 0) {
		auto_free char *why = xstrdup(e->msg);

		return err_set(e, X_BAD_SCHED, "%s %s", path, why);
	}
	if (n->machine == machine)
		return 0;
	const struct arch *is = arch_by_elf(n->machine), *guest = arch_by_elf(machine);

	(void)err_set(e, X_BAD_SCHED, "%s is built for another machine (%s, ELF machine %u) than the guest's (%s, %u)",
		      path, is ? is->name : "unknown", n->machine, guest ? guest->name : "unknown", machine);
	elf_needs_free(n);
	return -1;
}

void elf_needs_free(struct elf_needs *n)
{
	for (size_t i = 0; i < n->n_needed; i++)
		free(n->needed[i]);
	free(n->needed);
	free(n->interp);
	free(n->soname);
	free(n->rpath);
	free(n->runpath);
	*n = (struct elf_needs){ 0 };
}
