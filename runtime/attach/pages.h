/* pages.h: pages of a guest's memory as a file: those that differ from the memory of the snapshot below.
 *
 *   pages, PAGES_SIZE bytes each, in the order of their numbers; pages of zeros are left out
 *   u64 number of each page, ascending; PAGES_ZERO in those of zeros
 *   struct pages_foot
 *   the content hash (text/name.h) of all before it: 32 digits and a newline
 *
 * All little endian. A page's number counts from the beginning of the first node's RAM through all nodes. The file is a function of
 * the two memories, so equal files are equal memories above equal snapshots. It may be anything when it is read. */
#pragma once
#include "text/name.h"
#include <stddef.h>
#include <stdint.h>
struct err;

#define PAGES_MAGIC 0x31474150u /* "PAG1" */
#define PAGES_SIZE 4096u
#define PAGES_ZERO (1ull << 63)

struct pages_foot {
	uint32_t magic, size; /* PAGES_SIZE */
	uint64_t total;       /* pages of the guest's RAM */
	uint64_t n, stored;   /* how many differ; how many of them are not of zeros */
};

/* Being written. */
struct pages_writer {
	int fd; /* not owned */
	uint64_t *number;
	size_t n, cap, stored;
};

/* fd: an empty file, open to be read and written. */
void pages_begin(struct pages_writer *w, int fd);
/* Numbers ascend. */
int pages_add(struct pages_writer *w, uint64_t number, const void *page, struct err *e);
/* hex: the file's hash. */
int pages_end(struct pages_writer *w, uint64_t total, char hex[NAME_LEN + 1], struct err *e);
void pages_free(struct pages_writer *w);
#define auto_pages_writer __attribute__((unused, cleanup(pages_free)))

/* A file that was found sound: every number, length and the hash. */
struct pages {
	unsigned char *map; /* NULL: none */
	size_t bytes;
	struct pages_foot foot;
	size_t i, at; /* of pages_next() */
};

/* fd: of a regular file; may be closed then. total: pages of the guest's RAM. X_VM when it is damaged, or of another guest. */
int pages_open(struct pages *p, int fd, uint64_t total, struct err *e);
enum { PAGES_PAGE = 0, PAGES_END = 1 };
/* *page: PAGES_SIZE bytes, until pages_close(). */
int pages_next(struct pages *p, uint64_t *number, const void **page);
void pages_close(struct pages *p);
#define auto_pages __attribute__((unused, cleanup(pages_close)))
