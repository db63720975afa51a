/* read.h: objects and lists of JSON text that may come from anywhere, read front to back by tables of their members. */
#pragma once
#include "json/scan.h"
#include "scenario/cpus.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

enum {
	READ_TEXT = 64 << 10,
	READ_NAMED = 4096,
	READ_VALUES = 32 << 20
};                                    /* bytes of a string; names of numbers; of one text */
#define READ_SIZE ((size_t)256 << 20) /* bytes of a text */

struct reader {
	struct json_scan scan;
	struct err *e;
};

enum read_type { TYPE_TEXT, TYPE_U64, TYPE_I64, TYPE_DOUBLE, TYPE_BOOL, TYPE_CPUS, TYPE_CALL };

/* What may stand in an object. at: of the value in what is read; known: of the bool that says it was there; 0: there is none. */
struct member {
	const char *name;
	enum read_type type;
	size_t at, known;
	int (*call)(struct reader *r, void *to); /* of TYPE_CALL; gets all that is read */
};

/* A number by name. Sorted, no name twice. */
struct named {
	struct named_number {
		char *name;
		double value;
	} * v;
	size_t n;
	bool known; /* it was there */
};

/* The whole text, by take. All of these: negative with an error that names the member. What was read so far stays and is to be freed
 * in either case. */
int read_text(const char *text, size_t n, int (*take)(struct reader *, void *), void *to, struct err *e);

/* That a value of this kind is next. */
int take_kind(struct reader *r, enum json_kind kind);
/* No NUL in it; what was there before is freed. */
int take_text(struct reader *r, char **out);
int take_u64(struct reader *r, uint64_t *out);
int take_i64(struct reader *r, int64_t *out);
int take_double(struct reader *r, double *out); /* within 1e300 */
/* What an object has beyond these members is passed over, and so is null. */
int take_object(struct reader *r, const struct member *v, size_t n, void *to);
/* At most max, each of size bytes in *v, zero before take() gets it. *n counts one as soon as it has its place. */
int take_list(struct reader *r, size_t max, size_t size, void **v, size_t *n, int (*take)(struct reader *, void *));
int take_named(struct reader *r, struct named *x);

void named_free(struct named *x);
/* name becomes x's; room for one more must be there: at most READ_NAMED. Behind the last one: named_sort(). */
void named_put(struct named *x, char *name, double value);
void named_sort(struct named *x);
/* NULL: it has none of that name. */
const double *named_get(const struct named *x, const char *name);
/* A list of two numbers. How many there were, 0 to 2; negative: it is none of numbers, or longer. */
int take_two(struct reader *r, uint64_t v[2]);
