/* write.h: writing JSON to a stream, two-space indent, members in the order they are written.
 *
 * What a terminal or GitHub's runner would obey, or a reader not see (text/text.h), is escaped: reports are looked at, and
 * whoever parses them gets the same string.
 *
 * The writer keeps commas and nesting; the caller keeps begin/end balanced (asserted). */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct jsonw {
	FILE *f;
	bool compact; /* one line, no spaces */
	int depth;
	bool first[64]; /* nothing written yet at this depth */
	bool keyed;     /* a key was written, its value comes next */
};

void jsonw_init(struct jsonw *w, FILE *f);
void jsonw_obj(struct jsonw *w);     /* { */
void jsonw_end_obj(struct jsonw *w); /* } */
void jsonw_arr(struct jsonw *w);
void jsonw_end_arr(struct jsonw *w);
void jsonw_key(struct jsonw *w, const char *key);
void jsonw_str(struct jsonw *w, const char *s); /* NULL writes null; invalid UTF-8 becomes U+FFFD */
void jsonw_strn(struct jsonw *w, const char *s, size_t n);
void jsonw_u64(struct jsonw *w, uint64_t v);
void jsonw_i64(struct jsonw *w, int64_t v);
void jsonw_double(struct jsonw *w, double v); /* shortest text that reads back equal; not finite: null */
void jsonw_bool(struct jsonw *w, bool v);
void jsonw_null(struct jsonw *w);
/* Ends the text with a newline. */
void jsonw_done(struct jsonw *w);

/* key + value in one call */
void jsonw_kstr(struct jsonw *w, const char *key, const char *s);
void jsonw_ku64(struct jsonw *w, const char *key, uint64_t v);
void jsonw_ki64(struct jsonw *w, const char *key, int64_t v);
void jsonw_kbool(struct jsonw *w, const char *key, bool v);
void jsonw_kdouble(struct jsonw *w, const char *key, double v);
void jsonw_kobj(struct jsonw *w, const char *key);
void jsonw_karr(struct jsonw *w, const char *key);
