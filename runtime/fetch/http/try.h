/* try.h: one try of http_get by libcurl. */
#pragma once
struct err;
struct http_state;

/* 0 when all is there. */
int http_try(struct http_state *s, struct err *e);

/* For what else speaks HTTP here: libcurl set up once; a handle (CURL *) that trusts whom the user trusts; one as ours are,
 * with CURL_ERROR_SIZE bytes for why it failed, and that follows no redirect yet; " Not Found". */
int http_ready(struct err *e);
void http_trust(void *curl);
void http_handle(void *curl, const char *url, char *why);
const char *http_status_name(long status);
