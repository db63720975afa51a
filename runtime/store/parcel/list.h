/* list.h: what is in a parcel: the file by which `cache export` carries results and kernels to a store elsewhere.
 *
 * A tar, compressed with zstd. Its members are known by their order, and no name of theirs means anything:
 *   the list     text, below
 *   each result  its recipe, then its files in the order of its list of contents; those that are programs are executable
 *   each kernel  an entry of the kernel cache, as kernel/cache/blob.h packs it
 *
 * The list:
 *   ktstr parcel 1
 *   result {key} {bytes of its recipe} {bytes of its list of contents}     by key
 *   …                                  that list (content.h), as it is
 *   kernel {hash of the packed entry} {bytes} {key}                         by key
 *   end {SHA-256 of all above}
 *
 * What is read is hostile. */
#pragma once
#include "store/digest.h"
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
struct err;

enum {
	PARCEL_LIST_MAX = 256 << 20,  /* bytes of the list */
	PARCEL_RECIPE_MAX = 16 << 20, /* of one recipe, and of one list of contents */
	PARCEL_KERNELS_MAX = 1000,
};
/* Of one file: more than any guest's memory. */
#define PARCEL_FILE_MAX ((uint64_t)1 << 40)

struct parcel_result {
	char key[KEY_LEN + 1];
	uint64_t recipe; /* bytes */
	char *content;   /* text of its list */
};

struct parcel_kernel {
	char *key, hex[KEY_LEN + 1];
	uint64_t bytes;
};

struct parcel {
	struct parcel_result *results;
	size_t n;
	struct parcel_kernel *kernels;
	size_t n_kernels;
};

/* In order already; the strings become the parcel's. */
void parcel_add_result(struct parcel *p, const char *key, uint64_t recipe, char *content);
void parcel_add_kernel(struct parcel *p, char *key, const char *hex, uint64_t bytes);
/* Ended by NUL, the caller's; *n without it. */
char *parcel_write(const struct parcel *p, size_t *n);
/* text[n] is NUL; it is written to. X_BAD_ARCHIVE: it is no such list, or hostile. *p is to be freed in any case. */
int parcel_parse(struct parcel *p, char *text, size_t n, struct err *e);
void parcel_free(struct parcel *p);
#define auto_parcel __attribute__((unused, cleanup(parcel_free)))
