/* get.h: fetch one file by https, http or file URL (libcurl).
 *
 * What the network may do to us is bounded here once: redirects (10, never to another scheme than http or https, and never
 * away from https), bytes, silence (stall_ms without a byte), the wait for a connection. Transport errors, 408, 429 and 5xx
 * are tried again with growing pauses (Retry-After is respected up to 30 s); a transfer that was cut goes on where it
 * stopped when the server can do that and the file is still the same one (ETag or Last-Modified), else from the start.
 * Everything else fails at once. A stop (base/stop.h) ends it.
 *
 * Proxies as libcurl has them (https_proxy, no_proxy, …). Certificates are always checked; $CURL_CA_BUNDLE or
 * $SSL_CERT_FILE names another file of authorities, $SSL_CERT_DIR a folder. */
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

/* Codes: X_NETWORK when nobody answers or the transfer cannot be finished, X_NO_INPUT for 404, 410 and a file URL that
 * is not there, X_NETWORK for other statuses ("HTTP 403 Forbidden from URL"), X_USAGE for what is no such URL. */
int http_get(const struct http *h, struct err *e);
/* The whole body in memory, NUL added behind it; the caller frees. */
int http_text(const char *url, size_t max, char **text, size_t *n, struct err *e);
/* The same with more to say about it. start, body and arg are not looked at; head and note get no arg. */
int http_text_of(const struct http *h, char **text, size_t *n, struct err *e);
