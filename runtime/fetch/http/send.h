/* send.h: one request to a server's API and its short answer, by http or https (libcurl).
 *
 * Redirects are not followed: what is sent, headers with secrets among it, goes to the one server that was named.
 * Transport errors, 408, 429 and 5xx are tried again; otherwise every status is an answer, for the caller to judge.
 * Certificates, proxies and stops as in get.h. */
#pragma once
#include <stddef.h>
#include <stdint.h>
struct err;

struct http_send {
	const char *method; /* "GET" "POST" "PATCH" "PUT" */
	const char *url;
	const char *const *headers; /* NULL-ended "Name: value" */
	const void *data;           /* the body; NULL: bytes of fd from offset on */
	int fd;
	uint64_t offset;
	uint64_t size;     /* of the body; 0: none */
	size_t max;        /* a longer answer is an error */
	unsigned stall_ms; /* 0: 30 s without a byte in either direction */
	unsigned all_ms;   /* for everything together; 0: no limit */
	unsigned tries;    /* 0: 3 */
	/* Bytes of the body that went out in this try. May be NULL. */
	void (*sent)(void *arg, uint64_t bytes);
	void *arg;
};

struct http_answer {
	long status;
	char *text; /* NUL added behind it; the caller frees */
	size_t n;
};

/* 0: there is an answer, whatever its status. X_NETWORK; the message names no URL. */
int http_send(const struct http_send *s, struct http_answer *a, struct err *e);
