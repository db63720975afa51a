/* wire.h: requests to the server over one connection that is kept (libcurl). One thread's.
 *
 * Credentials go to the server that was named and to no other: a redirect elsewhere is followed without them, and never away from
 * https; an upload is redirected on the same server only. Certificates, proxies as in fetch/http/get.h. Content-Length is always
 * sent. A passing failure is tried once more unless bytes of an answer were taken already. */
#pragma once
#include "remote/policy.h"
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
struct body;
struct err;
struct run;

struct wire {
	struct run *run;
	CURL *curl;
	int client; /* a step that waits; a hang-up ends the request. -1: nobody waits */
};

struct ask {
	const char *method; /* "GET" "HEAD" "PUT" */
	const char *url;
	struct body *body; /* of a PUT */
	const char *sum;   /* SHA-256 of it, for who signs */
	/* Of the body that comes, of a 2xx only. Negative: it is wrong. */
	int (*sink)(void *arg, const void *data, size_t n, struct err *e);
	void *arg;
	const struct patience *patience; /* NULL: 5 s of next to nothing end it */
	uint64_t before;                 /* bytes that count for it and came earlier */
};

/* e says why it is neither FINE, MISS nor THERE. A sink that fails: ANSWER_MISS, and e->code is set. */
enum answer wire_ask(struct wire *w, const struct ask *a, struct err *e);
void wire_close(struct wire *w);
