/* content.h: which files a result has, and their hashes: its list of contents.
 *
 * Kept beside them as "content", one line per file, sorted by name: "{hash} {size} {name}". Names are relative, with
 * '/' between folders, and hold no control characters. It was made when the result was published, so whoever gets one
 * of the files never needs to read it to know its hash. */
#pragma once
#include "store/digest.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

struct content_file {
	char *name;
	char hex[KEY_LEN + 1];
	uint64_t size;
};

struct content {
	struct content_file *v;
	size_t n;
};

/* Makes the files below dir what results are: regular, without write permission, linked nowhere else, safe on disk;
 * and lists them. Links, devices and files named as what lies beside a result's files (store.h) are errors. */
int content_seal(struct content *c, int dir, struct err *e);
/* Ended by NUL, the caller's. */
char *content_text(const struct content *c);
/* Negative when it is not such a list. */
int content_parse(struct content *c, const char *text, struct err *e);
/* Files below this many bytes are read when a result is looked up; of larger ones only the size is looked at. */
enum { CONTENT_READ_BELOW = 1 << 20 };
/* Whether every file is there, regular, and of its size, and small ones have their content. */
bool content_present(const struct content *c, int dir);
void content_free(struct content *c);
#define auto_content __attribute__((unused, cleanup(content_free)))
/* The list of the result open as dir, checked against its sum. As content_parse(). */
int content_read(struct content *c, int dir, struct err *e);
