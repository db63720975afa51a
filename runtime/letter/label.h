/* label.h: one result of the store as another store is told of it.
 *
 *   ktstr label 1
 *   key 9c1e…                        SHA-256 of its recipe
 *   step verify                      that made it
 *   recipe 412                       bytes
 *   made 1796083200                  seconds since 1970
 *   took 1532                        ms
 *   tool 0.3.2-c1                    the ktstr that made it
 *   host Linux 6.1.0 x86_64, 2 CPUs  where; no names of machines and users
 *   file 77ab… 5100 - raw 77ab… 5100 result.json
 *   mac 01fe…                        of all bytes in front of this line (hash_mac); only where there is a secret
 *
 * A file has the hash and the size of its list of contents (content.h), "x" or "-" (a program or not), and says how its bytes
 * travel: "raw", as they are, or "sparse" (body.h), with SHA-256 and size of what travels. Lines stand in this order, files in
 * that of the list. */
#pragma once
#include "store/content.h"
#include "store/digest.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

enum { LABEL_MAX = 1 << 20, LABEL_FILES = 4096, LABEL_NAME_MAX = 1024 };

struct label_file {
	char *name;
	char hex[KEY_LEN + 1];
	uint64_t size;
	bool program, sparse;
	char blob[KEY_LEN + 1];
	uint64_t bytes;
};

/* {0} is none. */
struct label {
	char key[KEY_LEN + 1];
	char *step, *tool, *host;
	uint64_t recipe; /* bytes */
	uint64_t made, took;
	struct label_file *v;
	size_t n;
	uint64_t bytes;        /* of all blobs */
	char mac[KEY_LEN + 1]; /* "": none */
	size_t covered;        /* bytes of the text that mac is of; by label_parse() */
};

/* Without the line of the mac; the caller frees. */
char *label_text(const struct label *r);
/* Hostile text is refused: X_BAD_ARCHIVE. */
int label_parse(struct label *r, const char *text, size_t n, struct err *e);
/* The list of contents that the result has then (content_text()); the caller frees. */
char *label_content(const struct label *r);
/* "made 2026-12-01 00:32 by ktstr 0.3.2-c1 on Linux 6.1.0 x86_64, 2 CPUs"; the caller frees. */
char *label_origin(const struct label *r);
void label_free(struct label *r);
#define auto_label __attribute__((unused, cleanup(label_free)))
