/* request.h: one file to be fetched by get.h, and what is told about it meanwhile. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

/* What is known once an answer with a body has begun. Strings are valid during the call only. */
struct http_head {
	const char *type; /* Content-Type as sent: "text/html; charset=utf-8"; "" when there is none */
	const char *tag;  /* ETag or Last-Modified, for struct http's tag in a later run; "" when there is none */
};

struct http {
	const char *url;
	uint64_t max;    /* more bytes than this is an error, announced or not */
	uint64_t have;   /* bytes of it that the caller holds from before; the body may go on behind them */
	const char *tag; /* what head() told when those came; NULL: not known, so that a checksum of all must decide */
	unsigned stall_ms; /* 0: 30 s */
	unsigned all_ms;   /* for everything together, pauses included; 0: no limit */
	unsigned tries;    /* in a row without a MiB of progress; 0: 4 */
	/* Before start, each time. May be NULL. A negative return ends the transfer with that error. */
	int (*head)(void *arg, const struct http_head *head, struct err *e);
	/* Body from offset on. offset 0 again means: forget what you were given, it starts over. total 0: unknown. May be
	 * NULL. A negative return ends the transfer with that error. */
	int (*start)(void *arg, uint64_t offset, uint64_t total, struct err *e);
	int (*body)(void *arg, const void *data, size_t n, struct err *e);
	/* Before each pause: "HTTP 503 … from URL; again in 2 s (2 of 4)". May be NULL. */
	void (*note)(void *arg, const char *text);
	void *arg;
};
