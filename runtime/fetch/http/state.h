/* state.h: how far a fetch is, and what one try leaves for the next. */
#pragma once
#include "fetch/http/request.h"
#include <stdbool.h>
#include <stddef.h>

enum http_again { AGAIN_NO, AGAIN_LATER, AGAIN_NOW };

struct http_state {
	const struct http *h;
	const char *shown;  /* the URL as messages have it */
	uint64_t at;        /* bytes the caller holds */
	char *tag;          /* of the file they are of; NULL: not known */
	bool blind;         /* the caller vouches for them without a tag */
	bool whole;         /* parts of this file are not asked for again */
	long long deadline; /* now_ms() scale; -1: none */

	/* About the last try, when it failed. */
	enum http_again again;
	unsigned wait_ms; /* the server's own wish; 0: none */
};

/* Tells the caller what comes now: total 0 when it is not known. Keeps the tag, and offset as s->at. */
int http_begin(struct http_state *s, const struct http_head *head, uint64_t offset, uint64_t total, struct err *e);
/* Hands a piece on. */
int http_piece(struct http_state *s, const void *data, size_t n, struct err *e);
