/* shape.h: what an object of a sidecar has to look like, and reading one front to back by that. */
#pragma once
#include "base/err.h"
#include "json/scan.h"
#include "stats/names.h"

enum shape_type {
	SHAPE_U32,
	SHAPE_U64,
	SHAPE_I64,
	SHAPE_F64, /* may be null: 0.3.2 writes what is no number so; it is NaN then */
	SHAPE_BOOL,
	SHAPE_TEXT,
	SHAPE_OBJECT,
	SHAPE_LIST, /* of objects */
	SHAPE_ANY,
};

enum {
	SHAPE_REQUIRED = 1 << 0,
	SHAPE_NULLABLE = 1 << 1, /* null is as good as absent */
	SHAPE_UNREAD = 1 << 2,   /* has to be of its type, and its value is of no interest */
};
enum { SHAPE_MEMBERS = 32, SHAPE_DEPTH = 8 };

struct shape_member {
	const char *name;
	size_t n; /* its length */
	enum shape_type type;
	unsigned rules;         /* of the above */
	int number;             /* which of the reading's numbers it is, plus 1; 0: none of them */
	const struct shape *of; /* SHAPE_OBJECT, SHAPE_LIST: what is inside */
};

#define SHAPE_NAME(s) .name = (s), .n = sizeof(s) - 1

union shape_value {
	uint64_t u;
	int64_t i;
	double d;
	bool b;
	const char *text; /* of the pool */
	size_t n;         /* of a list: how many there were */
};

struct reading {
	struct json_scan scan;
	struct names *names;
	double *numbers;
	void *to;       /* the take functions' */
	struct err why; /* what breaks the shape first; code 0: nothing */
	struct {
		const char *name; /* a member's; NULL: an element of a list */
		size_t n;         /* length of the name; which element */
	} path[SHAPE_DEPTH];      /* where we are */
	unsigned depth;
};

/* take is called behind each such object, in the order of the text, as long as nothing broke the shape. v has what is in seen
 * (bit i: member i was there, and not null unless it is SHAPE_F64). */
struct shape {
	const struct shape_member *v;
	unsigned n;
	enum shape_type others; /* what members that are not in v have to be */
	void (*take)(struct reading *r, const union shape_value *v, uint64_t seen);
};

/* The object that begins at r->scan. Negative: no JSON. What breaks the shape is noted in r->why, with the place. */
int shape_read(struct reading *r, const struct shape *shape);
/* Something is wrong with the object (or member) being read. */
void shape_broken(struct reading *r, const char *fmt, ...) __attribute__((format(printf, 2, 3), cold));
