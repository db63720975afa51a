/* read.h: reading JSON that may come from anywhere.
 *
 * scan.h judges the text, jsmn splits it. Tokens are addressed by index; the root is 0. -1 means "not there" and every reader accepts it as "absent". */
#pragma once
#include "json/value.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct err;

struct json {
	const char *text; /* the caller's, must outlive this */
	size_t n;
	void *tok; /* jsmntok_t[] */
	int n_tok;
	int *next; /* next[i]: index behind the subtree of i */
	int *elem; /* elements of all arrays, so that json_at() need not walk */
};

/* At most 256 MiB of text and 4 million tokens. e tells line and column; its code is X_FAIL. */

int json_parse(struct json *j, const char *text, size_t n, struct err *e);
void json_free(struct json *j);
#define auto_json __attribute__((unused, cleanup(json_free)))

enum json_kind json_kind(const struct json *j, int tok);
int json_count(const struct json *j, int tok);                /* members or elements; 0 for others and -1 */
int json_get(const struct json *j, int obj, const char *key); /* value token or -1 */
int json_at(const struct json *j, int arr, int i);            /* element token or -1 */
/* Walks members in file order: pass *it = 0 first. Returns the key's token and sets *val, or -1 at the end. */
int json_member(const struct json *j, int obj, int *it, int *val);

/* Each returns 0 with the value, 1 when tok is -1 or null (out untouched), negative on a wrong type or range. */
int json_str(const struct json *j, int tok, char **out, struct err *e); /* decoded, NUL-free, the caller's */
int json_u64(const struct json *j, int tok, uint64_t *out, struct err *e);
int json_i64(const struct json *j, int tok, int64_t *out, struct err *e);
int json_double(const struct json *j, int tok, double *out, struct err *e);
int json_bool(const struct json *j, int tok, bool *out, struct err *e);
