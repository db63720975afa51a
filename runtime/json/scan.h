/* scan.h: JSON (RFC 8259) read once, from front to back: judged while it is read, and nothing is built.
 *
 * One root that covers the text, every key exactly one value, no key twice in an object, commas where they belong, only real
 * numbers and words, valid escapes and UTF-8, depth at most 64. The cursor stands before a value or behind one:
 *
 *	json_scan_init(&s, …);
 *	json_scan_enter(&s);                            // the root, once json_scan_kind() said it is an object
 *	while ((r = json_scan_next(&s, &key)) > 0)      // before each member's value
 *		json_scan_enter(), _text() or _skip()   // takes it
 *	json_scan_end(&s);
 *
 * A negative result: the text is not JSON from here on. e tells line and column; its code is X_FAIL; the scan is over. */
#pragma once
#include "json/keys.h"
#include "json/value.h"
struct err;

enum { JSON_DEPTH = 64 };

struct json_scan {
	const char *text, *at, *end;
	size_t values, max_values; /* so far, keys too; how many there may be */
	unsigned depth;
	bool first; /* nothing was taken from the innermost object or list yet */
	struct {
		char close;
		uint64_t object;
	} in[JSON_DEPTH];
	struct json_keys *keys;
	struct err *e;
};

/* text (at most UINT32_MAX bytes) and keys are the caller's and outlive the scan. */
void json_scan_init(struct json_scan *s, const char *text, size_t n, size_t max_values, struct json_keys *keys,
		    struct err *e);
/* What begins here, by its first character. An enum json_kind. */
int json_scan_kind(struct json_scan *s);
/* Into the object or list that begins here. */
int json_scan_enter(struct json_scan *s);
/* 1: before the next value, key (may be NULL) is its member's; 0: that was all, and the object or list is behind the cursor. */
int json_scan_next(struct json_scan *s, struct json_text *key);
/* Takes the string, number or word that begins here. */
int json_scan_text(struct json_scan *s, struct json_text *t);
/* Takes whatever begins here. */
int json_scan_skip(struct json_scan *s);
/* Nothing may be behind the root. */
int json_scan_end(struct json_scan *s);

static inline bool json_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
