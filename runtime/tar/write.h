/* write.h: a tar, compressed with zstd, into a descriptor.
 *
 * The headers are ours, because libarchive's writers of tar cannot be linked without all that its other writers need; it reads them
 * as GNU's. Who calls puts a context in front of errors: they name a member at most. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

struct tar_out; /* of one tar */

/* out stays the caller's; *t is to be freed in any case. */
int tar_begin(struct tar_out **t, int out, struct err *e);
/* A regular file begins: at most 99 bytes of name. As many bytes of tar_bytes() must follow as it says, then tar_pad(). */
int tar_header(struct tar_out *t, const char *name, uint64_t size, bool executable, struct err *e);
int tar_bytes(struct tar_out *t, const void *data, size_t n, struct err *e);
int tar_pad(struct tar_out *t, uint64_t size, struct err *e);
/* All three, of text. */
int tar_text(struct tar_out *t, const char *name, const void *data, size_t n, struct err *e);
/* All three, of a file open as fd, which is called what in errors. A stop ends it. */
int tar_file(struct tar_out *t, const char *name, int fd, uint64_t size, bool executable, const char *what,
	     struct err *e);
/* *size: how much was written into out. */
int tar_end(struct tar_out *t, uint64_t *size, struct err *e);
void tar_free(struct tar_out *t); /* NULL too */
