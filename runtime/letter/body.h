/* body.h: bytes to be sent that lie in memory and in files, one behind the other, never copied together.
 *
 * A file with holes (guest memory: a gigabyte with some megabytes in it) goes as its runs of data: offset and length of each as
 * little-endian 64-bit numbers, then its bytes. */
#pragma once
#include "store/digest.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
struct err;

struct body_piece {
	char *mem; /* ours; NULL: bytes of fd */
	int fd;
	uint64_t at, n;
};

/* {0} is empty. */
struct body {
	struct body_piece *v;
	size_t n;
	uint64_t size; /* of all */
	int *fds;      /* ours */
	size_t n_fds;
	size_t next; /* where the last read ended: piece, and the offset it begins at */
	uint64_t next_at;
};

void body_text(struct body *b, const void *data, size_t n);
/* File name of dir. sparse: as its runs. A file that changes later is an error of body_read() or of whoever checks its hash. */
int body_file(struct body *b, int dir, const char *name, bool sparse, struct err *e);
/* Whether a file has so many holes that its runs are much less than it. */
bool body_is_sparse(int dir, const char *name);
/* Bytes from offset at on, n of them unless it ends before. Reading on where the last one ended costs nothing. */
ssize_t body_read(struct body *b, uint64_t at, void *to, size_t n, struct err *e);
/* SHA-256 of all of it. A stop ends it. */
int body_sum(struct body *b, char hex[KEY_LEN + 1], struct err *e);
void body_free(struct body *b);
#define auto_body __attribute__((unused, cleanup(body_free)))
