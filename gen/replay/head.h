/* head.h: what a bundle says of itself. It may come from anywhere: what stands in one of these has been looked at. */
#pragma once
#include "text/argv.h"
#include <stddef.h>
#include <stdint.h>
struct err;

struct packed_head {
	char *test, *kernel;  /* names that are nothing but names in a file system; kernel: a key of the kernel cache */
	char *scheduler;      /* the same; NULL: the kernel's own */
	uint64_t seed, bytes; /* bytes: of all but the head, unpacked */
	struct argv options;  /* of `ktstr run`: those that packed_write() keeps, with numbers */
};

/* X_BAD_ARCHIVE. u is to be freed in any case. */
int packed_head_read(struct packed_head *u, const char *text, size_t n, struct err *e);
void packed_head_free(struct packed_head *u);
/* X_BAD_ARCHIVE: a bundle is refused for that. */
int packed_bad(const char *what, struct err *e);
