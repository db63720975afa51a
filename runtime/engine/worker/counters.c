#include "engine/worker/counters.h"
#include "arch/elf.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* compiler-rt, profile/InstrProfData.inc: INSTR_PROF_CNTS_COMMON */
#define SECTION "__llvm_prf_cnts"

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

/* Counters of one byte each (-enable-single-byte-coverage) begin with all bits set. */
static bool begins_with_0(const struct elf *f, const Elf64_Shdr *s)
{
	static const uint64_t zero;

	return s->sh_type == SHT_NOBITS ||
	       (elf_inside(f, s->sh_offset, s->sh_size) && !memcmp(f->p + s->sh_offset, &zero, sizeof zero));
}

static bool find_in(struct counters *c, const void *data, size_t n)
{
	struct elf f;
	Elf64_Shdr s;

	if (elf_open(&f, data, n) != ELF_FINE || !elf_section(&f, SECTION, &s) || !s.sh_size || s.sh_addr % 8 ||
	    s.sh_size % 8 || s.sh_size / 8 > COUNTERS_MAX || !begins_with_0(&f, &s))
		return false;
	*c = (struct counters){ s.sh_addr, s.sh_size / 8 };
	return true;
}

bool counters_find(struct counters *c, const char *program)
{
	int fd = open(program, O_RDONLY | O_CLOEXEC);
	bool found = false;
	struct stat st;

	*c = (struct counters){ 0 };
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
		void *at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);

		if (at != MAP_FAILED) {
			found = find_in(c, at, (size_t)st.st_size);
			munmap(at, (size_t)st.st_size);
		}
	}
	close(fd);
	return found;
}

/* Of the first object, which is the executable. */
static int take_base(struct dl_phdr_info *info, size_t size, void *to)
{
	(void)size;
	*(uint64_t *)to = info->dlpi_addr;
	return 1;
}

bool counters_here(struct counters *c)
{
	uint64_t base = 0;

	if (!counters_find(c, "/proc/self/exe"))
		return false;
	dl_iterate_phdr(take_base, &base);
	c->at += base;
	return true;
}

size_t counters_offset(const struct counters *c)
{
	return c->at % page_size();
}

size_t counters_span(const struct counters *c)
{
	uint64_t page = page_size();

	return (counters_offset(c) + c->n * 8 + page - 1) / page * page;
}

uint64_t counters_place(const struct counters *c, unsigned i)
{
	return (uint64_t)i * counters_span(c);
}

void counters_words(char to[COUNTERS_WORDS_MAX], int file, uint64_t place)
{
	snprintf(to, COUNTERS_WORDS_MAX, "%d %" PRIu64, file, place);
}

/* Shared with the engine, for a child to leave. */
static struct counters lent;

/* Whole pages are read, with what a sanitizer of the program lets nobody touch, not even memcpy() and pwrite(), which are its own. */
#define AS_IT_IS __attribute__((no_sanitize("address")))

static AS_IT_IS void own_page(char *page, size_t size)
{
	volatile uint64_t *copy = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if ((void *)copy == MAP_FAILED)
		_exit(1);
	for (size_t i = 0; i < size / sizeof *copy; i++)
		copy[i] = ((uint64_t *)page)[i];
	if (mremap((void *)copy, size, size, MREMAP_MAYMOVE | MREMAP_FIXED, page) == MAP_FAILED)
		_exit(1);
}

/* In a child. Variables of the program lie in the first and the last page, and must not be its parent's. */
static void keep_apart(void)
{
	size_t page = page_size(), span = counters_span(&lent);
	char *from = (char *)lent.at - counters_offset(&lent);

	own_page(from, page);
	if (span > page)
		own_page(from + span - page, page);
}

static AS_IT_IS bool is_zero(const char *page, size_t size)
{
	uint64_t any = 0;

	for (size_t i = 0; i < size / sizeof any; i++)
		any |= ((const uint64_t *)page)[i];
	return !any;
}

/* Holes stay holes: a worker needs memory only for what it runs. */
static bool copy_out(int file, off_t place, const char *from, size_t span)
{
	size_t page = page_size();

	for (size_t i = 0; i < span; i += page)
		if (!is_zero(from + i, page) &&
		    syscall(SYS_pwrite64, file, from + i, page, place + (off_t)i) != (long)page)
			return false;
	return true;
}

static bool lend(int file, uint64_t place)
{
	char *from = (char *)lent.at - counters_offset(&lent);
	size_t span = counters_span(&lent);
	struct stat st;

	if (fstat(file, &st) < 0)
		return false;
	if (place % page_size() || place > INT64_MAX || (uint64_t)st.st_size < span ||
	    place > (uint64_t)st.st_size - span)
		return errno = EINVAL, false;
	/* First: what is in pages now must not change between their copy and their exchange. */
	if ((errno = pthread_atfork(NULL, NULL, keep_apart)) != 0 || !copy_out(file, (off_t)place, from, span))
		return false;
	return mmap(from, span, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, file, (off_t)place) != MAP_FAILED;
}

bool counters_lend(const char *words)
{
	uint64_t place;
	int file, end = 0;
	bool ok;

	if (sscanf(words, "%d %" SCNu64 "%n", &file, &place, &end) != 2 || words[end] || file < 0 ||
	    !counters_here(&lent))
		return errno = EINVAL, false;
	ok = lend(file, place);
	close(file);
	return ok;
}
