/* check.h: the grammar of JSON (RFC 8259), for read.c. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

enum { JSON_DEPTH = 64 };

static inline bool json_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Judges the whole text and counts its tokens the way jsmn makes them (keys count); negative when it is not JSON. */
int json_check(const char *text, size_t n, size_t max_tokens, size_t *tokens, struct err *e);
