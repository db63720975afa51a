#include "attach/pages.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"

enum { SUM = NAME_LEN + 1, LEAST = sizeof(struct pages_foot) + SUM };

static const unsigned char zeros[PAGES_SIZE];

void pages_begin(struct pages_writer *w, int fd)
{
	*w = (struct pages_writer){ .fd = fd };
}

int pages_add(struct pages_writer *w, uint64_t number, const void *page, struct err *e)
{
	bool zero = !memcmp(page, zeros, PAGES_SIZE);

	if (w->n == w->cap) {
		w->cap = w->cap ? 2 * w->cap : 1024;
		w->number = xreallocarray(w->number, w->cap, sizeof(*w->number));
	}
	w->number[w->n++] = number | (zero ? PAGES_ZERO : 0);
	w->stored += !zero;
	return zero ? 0 : write_all(w->fd, page, PAGES_SIZE, "pages of the guest's memory", e);
}

/* Of what was written: a file in the cache is mapped sooner than it is hashed piece by piece. */
static int sum(int fd, char hex[NAME_LEN + 1], struct err *e)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_sys(e, "pages of the guest's memory");
	void *map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);

	if (map == MAP_FAILED)
		return err_sys(e, "map pages of the guest's memory");
	name_hex(map, (size_t)st.st_size, hex);
	munmap(map, (size_t)st.st_size);
	return 0;
}

int pages_end(struct pages_writer *w, uint64_t total, char hex[NAME_LEN + 1], struct err *e)
{
	static const char what[] = "pages of the guest's memory";
	struct pages_foot foot = {
		.magic = PAGES_MAGIC, .size = PAGES_SIZE, .total = total, .n = w->n, .stored = w->stored
	};

	if ((w->n && write_all(w->fd, w->number, w->n * sizeof(*w->number), what, e) < 0) ||
	    write_all(w->fd, &foot, sizeof(foot), what, e) < 0 || sum(w->fd, hex, e) < 0)
		return -1;
	auto_free char *line = xasprintf("%s\n", hex);

	return write_all(w->fd, line, strlen(line), what, e);
}

void pages_free(struct pages_writer *w)
{
	free(w->number);
	*w = (struct pages_writer){ .fd = -1 };
}

static const unsigned char *numbers(const struct pages *p)
{
	return p->map + p->foot.stored * PAGES_SIZE;
}

static uint64_t number_at(const struct pages *p, size_t i)
{
	uint64_t number;

	memcpy(&number, numbers(p) + i * sizeof(number), sizeof(number));
	return number;
}

static const char *check_foot(struct pages *p, uint64_t total)
{
	struct pages_foot *f = &p->foot;

	if (p->bytes < LEAST)
		return "it is too short";
	memcpy(f, p->map + p->bytes - LEAST, sizeof(*f));
	if (f->magic != PAGES_MAGIC || f->size != PAGES_SIZE)
		return "it is no file of pages";
	if (f->total != total)
		return "it is of a guest with another amount of memory";
	if (f->n > total || f->stored > f->n)
		return "it names more pages than there are";
	if (p->bytes != LEAST + f->n * sizeof(uint64_t) + f->stored * PAGES_SIZE)
		return "its length is wrong";
	return NULL;
}

static const char *check_numbers(const struct pages *p)
{
	uint64_t stored = 0, least = 0;

	for (size_t i = 0; i < p->foot.n; i++) {
		uint64_t number = number_at(p, i), at = number & ~PAGES_ZERO;

		if (at < least || at >= p->foot.total)
			return "its pages are out of order";
		least = at + 1;
		stored += !(number & PAGES_ZERO);
	}
	return stored == p->foot.stored ? NULL : "it has other pages than it names";
}

static const char *check_sum(const struct pages *p)
{
	char hex[NAME_LEN + 1];

	name_hex(p->map, p->bytes - SUM, hex);
	return memcmp(hex, p->map + p->bytes - SUM, NAME_LEN) != 0 || p->map[p->bytes - 1] != '\n'
		       ? "its content is not what was written"
		       : NULL;
}

int pages_open(struct pages *p, int fd, uint64_t total, struct err *e)
{
	static const char what[] = "pages of the guest's memory";
	struct stat st;
	const char *why;

	*p = (struct pages){ 0 };
	if (fstat(fd, &st) < 0)
		return err_sys(e, "%s", what);
	if (!S_ISREG(st.st_mode) || st.st_size < LEAST)
		return err_set(e, X_VM, "%s: it is too short", what);
	p->bytes = (size_t)st.st_size;
	p->map = mmap(NULL, p->bytes, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p->map == MAP_FAILED) {
		p->map = NULL;
		return err_sys(e, "map %s", what);
	}
	why = check_foot(p, total);
	if (!why)
		why = check_numbers(p);
	if (!why)
		why = check_sum(p);
	if (!why)
		return 0;
	pages_close(p);
	return err_set(e, X_VM, "%s: %s", what, why);
}

int pages_next(struct pages *p, uint64_t *number, const void **page)
{
	if (p->i == p->foot.n)
		return PAGES_END;
	*number = number_at(p, p->i++);
	*page = *number & PAGES_ZERO ? zeros : p->map + PAGES_SIZE * p->at++;
	*number &= ~PAGES_ZERO;
	return PAGES_PAGE;
}

void pages_close(struct pages *p)
{
	if (p->map)
		munmap(p->map, p->bytes);
	*p = (struct pages){ 0 };
}
