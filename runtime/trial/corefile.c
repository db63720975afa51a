#include "trial/corefile.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"

/* IMAGE_MAX: from there on lies what modules have (MODULES_VADDR of x86_64 without KASLR is behind 512 MiB; kernels are 40 to 100). */
enum { LOADS_MAX = 512, NOTES_MAX = 4 << 20, PAGE = 4096, PIECE = 1 << 20, HOLE = 64 << 10, IMAGE_MAX = 256 << 20 };
#define FIRST "OSRELEASE="
#define NAME "VMCOREINFO"

struct core {
	int fd;
	uint64_t size;
	Elf64_Ehdr head;
	Elf64_Phdr *old, *new;
	size_t n_old, n_new;
	char *notes;
	size_t n_notes;
};

static void core_free(struct core *c)
{
	free(c->old);
	free(c->new);
	free(c->notes);
}
#define auto_core __attribute__((unused, cleanup(core_free)))

static int get(const struct core *c, uint64_t at, void *to, size_t n, struct err *e)
{
	if (at > c->size || n > c->size - at)
		return err_set(e, X_VM, "the core that QEMU wrote ends early");
	for (size_t done = 0; done < n;) {
		ssize_t r = pread(c->fd, (char *)to + done, n - done, (off_t)(at + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return err_sys(e, "read the core");
		if (r == 0)
			return err_set(e, X_VM, "the core that QEMU wrote ends early");
		done += (size_t)r;
	}
	return 0;
}

static int put(const struct core *c, uint64_t at, const void *from, size_t n, struct err *e)
{
	for (size_t done = 0; done < n;) {
		ssize_t r = pwrite(c->fd, (const char *)from + done, n - done, (off_t)(at + done));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return err_sys(e, "write the core");
		done += (size_t)r;
	}
	return 0;
}

static bool is_inside(const struct core *c, const Elf64_Phdr *p)
{
	return p->p_offset <= c->size && p->p_filesz <= c->size - p->p_offset && p->p_paddr + p->p_filesz >= p->p_paddr;
}

static int read_headers(struct core *c, struct err *e)
{
	struct stat st;

	if (fstat(c->fd, &st) < 0)
		return err_sys(e, "look at the core");
	c->size = (uint64_t)st.st_size;
	if (get(c, 0, &c->head, sizeof(c->head), e) < 0)
		return -1;
	if (memcmp(c->head.e_ident, ELFMAG, SELFMAG) != 0 || c->head.e_ident[EI_CLASS] != ELFCLASS64 ||
	    c->head.e_ident[EI_DATA] != ELFDATA2LSB || c->head.e_type != ET_CORE ||
	    c->head.e_phentsize != sizeof(Elf64_Phdr) || !c->head.e_phnum || c->head.e_phnum > LOADS_MAX)
		return err_set(e, X_VM, "what QEMU wrote is no core of a 64-bit machine");
	c->n_old = c->head.e_phnum;
	c->old = xcalloc(c->n_old, sizeof(*c->old));
	c->new = xcalloc(2 * c->n_old + 1, sizeof(*c->new));
	if (get(c, c->head.e_phoff, c->old, c->n_old * sizeof(*c->old), e) < 0)
		return -1;
	for (size_t i = 0; i < c->n_old; i++)
		if (!is_inside(c, &c->old[i]))
			return err_set(e, X_VM, "a segment of the core that QEMU wrote is not in it");
	return 0;
}

static int read_notes(struct core *c, struct err *e)
{
	for (size_t i = 0; i < c->n_old; i++) {
		const Elf64_Phdr *p = &c->old[i];

		if (p->p_type != PT_NOTE)
			continue;
		if (p->p_filesz > NOTES_MAX - c->n_notes)
			return err_set(e, X_VM, "the core that QEMU wrote has more than %d bytes of notes", NOTES_MAX);
		c->notes = xreallocarray(c->notes, c->n_notes + p->p_filesz + 1, 1);
		if (get(c, p->p_offset, c->notes + c->n_notes, p->p_filesz, e) < 0)
			return -1;
		c->n_notes += p->p_filesz;
	}
	return 0;
}

/* The kernel has the text of it in a page of its own (vmcoreinfo_data). How long it is there; 0: this page is another one. */
static size_t info_size(const char *page)
{
	size_t n = strnlen(page, PAGE);

	return !strncmp(page, FIRST, strlen(FIRST)) && n < PAGE && memmem(page, n, "\nPAGESIZE=", 10) ? n : 0;
}

static void add_note(struct core *c, const char *text, size_t n)
{
	const Elf64_Nhdr head = { .n_namesz = sizeof(NAME), .n_descsz = (Elf64_Word)n };
	size_t name = (sizeof(NAME) + 3) / 4 * 4, desc = (n + 3) / 4 * 4, at = (c->n_notes + 3) / 4 * 4;

	c->notes = xreallocarray(c->notes, at + sizeof(head) + name + desc, 1);
	memset(c->notes + c->n_notes, 0, at + sizeof(head) + name + desc - c->n_notes);
	memcpy(c->notes + at, &head, sizeof(head));
	memcpy(c->notes + at + sizeof(head), NAME, sizeof(NAME));
	memcpy(c->notes + at + sizeof(head) + name, text, n);
	c->n_notes = at + sizeof(head) + name + desc;
}

/* 1: it was in there. */
static int search(struct core *c, const Elf64_Phdr *p, char *piece, struct err *e)
{
	/* Pages of memory, wherever in the file they are. */
	uint64_t at = (PAGE - p->p_paddr % PAGE) % PAGE;

	while (at + PAGE <= p->p_filesz) {
		uint64_t left = (p->p_filesz - at) / PAGE * PAGE;
		size_t n = left < PIECE ? (size_t)left : PIECE;

		if (stop_pending())
			return stop_err(e);
		if (get(c, p->p_offset + at, piece, n, e) < 0)
			return -1;
		for (size_t i = 0; i < n; i += PAGE) {
			size_t info = info_size(piece + i);

			if (!info)
				continue;
			add_note(c, piece + i, info);
			return 1;
		}
		at += n;
	}
	return 0;
}

static int find_info(struct core *c, struct err *e)
{
	auto_free char *piece = xmalloc(PIECE);

	for (size_t i = 0; i < c->n_old; i++) {
		int r = c->old[i].p_type == PT_LOAD ? search(c, &c->old[i], piece, e) : 0;

		if (r)
			return r < 0 ? -1 : COREFILE_NOTED;
	}
	return COREFILE_BARE;
}

/* The part of that segment where the image is. */
static bool image(Elf64_Phdr *out, const Elf64_Phdr *p, const struct corefile_map *m)
{
	if (!m->text_va || m->text_pa < p->p_paddr || m->text_pa - p->p_paddr >= p->p_filesz)
		return false;
	uint64_t skip = m->text_pa - p->p_paddr, n = p->p_filesz - skip;

	*out = *p;
	out->p_vaddr = m->text_va;
	out->p_paddr = m->text_pa;
	out->p_offset += skip;
	out->p_filesz = out->p_memsz = n < IMAGE_MAX ? n : IMAGE_MAX;
	return true;
}

static void lay_out(struct core *c, const struct corefile_map *m)
{
	Elf64_Phdr *at = c->new;

	*at++ = (Elf64_Phdr){ .p_type = PT_NOTE, .p_filesz = c->n_notes, .p_memsz = c->n_notes };
	for (size_t i = 0; i < c->n_old; i++)
		if (c->old[i].p_type == PT_LOAD && image(at, &c->old[i], m))
			at++;
	for (size_t i = 0; i < c->n_old; i++) {
		if (c->old[i].p_type != PT_LOAD)
			continue;
		*at = c->old[i];
		if (m->page_offset)
			at->p_vaddr = m->page_offset + at->p_paddr;
		at++;
	}
	c->n_new = (size_t)(at - c->new);
}

static int append(struct core *c, struct err *e)
{
	uint64_t notes = (c->size + 7) / 8 * 8, headers = notes + (c->n_notes + 7) / 8 * 8;

	c->new[0].p_offset = notes;
	c->head.e_phoff = headers;
	c->head.e_phnum = (Elf64_Half)c->n_new;
	c->head.e_shoff = 0;
	c->head.e_shnum = c->head.e_shstrndx = 0;
	return put(c, notes, c->notes, c->n_notes, e) < 0 || put(c, headers, c->new, c->n_new * sizeof(*c->new), e) < 0
		       ? -1
		       : put(c, 0, &c->head, sizeof(c->head), e);
}

static bool is_zero(const char *p, size_t n)
{
	return !*p && !memcmp(p, p + 1, n - 1);
}

/* Memory that nobody used takes no room on the disk, where the file system has holes. */
static int thin(const struct core *c, struct err *e)
{
	auto_free char *piece = xmalloc(PIECE);

	for (uint64_t at = 0; at + PIECE <= c->size; at += PIECE) {
		if (stop_pending())
			return stop_err(e);
		if (get(c, at, piece, PIECE, e) < 0)
			return -1;
		for (size_t i = 0; i < PIECE; i += HOLE)
			if (is_zero(piece + i, HOLE))
				(void)fallocate(c->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)(at + i),
						HOLE);
	}
	return 0;
}

int corefile_finish(int fd, const struct corefile_map *m, struct err *e)
{
	auto_core struct core c = { .fd = fd };

	if (read_headers(&c, e) < 0 || read_notes(&c, e) < 0)
		return -1;
	int found = find_info(&c, e);

	if (found < 0)
		return -1;
	lay_out(&c, m);
	return append(&c, e) < 0 || thin(&c, e) < 0 ? -1 : found;
}
