/* value.h: what a piece of JSON text stands for. The grammar was checked before (scan.h). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

enum json_kind { JSON_OBJECT, JSON_ARRAY, JSON_STRING, JSON_NUMBER, JSON_BOOL, JSON_NULL };
/* "an object", "a list", … */
extern const char *const json_kind_names[];

/* A string without its quotes, a number, or a word, as it stands there. escaped: a string with a backslash in it. */
struct json_text {
	const char *s;
	size_t n;
	bool escaped;
};

/* Without escapes; returns the length. out holds t.n bytes: what an escape stands for is never longer than the escape. */
size_t json_text_decode(struct json_text t, char *out);
/* Of a number. Negative when it is out of range, or not a whole one. */
int json_text_u64(struct json_text t, uint64_t *out, struct err *e);
int json_text_i64(struct json_text t, int64_t *out, struct err *e);
int json_text_double(struct json_text t, double *out, struct err *e);
