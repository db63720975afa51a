/* letter.h: a result of the store as one file, for servers (remote/).
 *
 *   "ktstr letter 1 {bytes of the label} {limit}\n", the label (label.h), the recipe, and the bytes of each file, as the label
 *   says they travel, in its order. Files of more than limit bytes are left out: they lie elsewhere, each under the SHA-256 of its
 *   bytes.
 *
 * Receiving is for hostile bytes: they are taken as they come, in any pieces, with bounded memory; a file's hash is checked as its
 * last byte arrives, but for large ones, which are read once, by whoever makes the draft a result (work_publish_as()); nothing that is longer than announced is written, and no name leads out of the folder. The folder is a draft
 * (store.h): nobody sees it before all of it is there. */
#pragma once
#include "letter/body.h"
#include "letter/label.h"
struct err;

/* What is stated of a result beside its files. */
struct letter_facts {
	uint64_t made, took;
	const char *tool, *host, *step;
};

/* The label of a result whose folder is open as dir. Reads all files. secret: NULL or that of hash_mac(). */
int letter_label(struct label *r, int dir, const char *key, const struct letter_facts *facts, const char *secret,
		 struct err *e);
/* The largest limit with which no more than max bytes of files are inside. */
uint64_t letter_limit(const struct label *r, uint64_t max);
int letter_body(struct body *b, const struct label *r, int dir, uint64_t limit, struct err *e);

/* One file as its bytes come. */
struct arriving {
	const struct label_file *file;
	int fd;
	struct sha sum;
	uint64_t got;      /* bytes */
	uint64_t at, left; /* sparse: of the run that comes */
	bool sealed_later; /* its hash is not looked at here */
	unsigned char head[16];
	size_t n_head;
};
/* Creates it below dir. {.fd = -1} is none. */
int arriving_begin(struct arriving *a, int dir, const struct label_file *f, struct err *e);
int arriving_bytes(struct arriving *a, const void *data, size_t n, struct err *e);
/* X_CHECKSUM when it is not what it should be. */
int arriving_end(struct arriving *a, struct err *e);
void arriving_drop(struct arriving *a);

/* A letter as its bytes come. Zero but for what is set by the caller; .file.fd = -1. */
struct arrival {
	int dir;            /* where its files go */
	const char *key;    /* of which result it must be */
	const char *secret; /* NULL: none is asked for */
	bool keep_recipe;   /* into recipe, for whoever does not know it */
	/* Filled: */
	struct label label;
	char *recipe;
	uint64_t limit;
	/* arrival's own: */
	char *text; /* the first line, the label */
	size_t n, want;
	uint64_t recipe_left;
	struct sha recipe_sum;
	size_t index; /* of the file that comes; label.n: all that is inside came */
	struct arriving file;
	enum { ARRIVAL_LINE, ARRIVAL_LABEL, ARRIVAL_RECIPE, ARRIVAL_FILES } state;
};
int arrival_bytes(struct arrival *a, const void *data, size_t n, struct err *e);
/* All that is inside came. */
int arrival_end(struct arrival *a, struct err *e);
void arrival_drop(struct arrival *a);
/* Whether file i lies elsewhere. */
bool arrival_elsewhere(const struct arrival *a, size_t i);
