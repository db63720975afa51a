/* handle.h: libcurl as every transfer of ours uses it. */
#pragma once
#include <curl/curl.h>
struct err;

/* libcurl set up, once. */
int http_ready(struct err *e);
/* X_FAIL. -1. */
int http_no_library(struct err *e);
/* Trusts whom the user trusts (get.h). */
void http_trust(CURL *c);
/* A handle as ours are, with CURL_ERROR_SIZE bytes for why it failed, and that follows no redirect yet. */
void http_handle(CURL *c, const char *url, char *why);
/* " Not Found", or "". */
const char *http_status_name(long status);
/* For how long its server does not want to be asked again (Retry-After), ms, an hour at most; 0: it does not say, or names a
 * moment that is past here. */
unsigned http_wish_ms(CURL *c);

/* Drives the one transfer of m until it has ended; *rc says how. A stop ends it, and so does clock, which is asked whenever
 * something happened, and at least as often as the other side may be silent (ms). Negative: *e, or what clock has filled. */
int http_run(CURLM *m, unsigned stall_ms, int (*clock)(void *arg), void *arg, CURLcode *rc, struct err *e);

void http_drop_curl(CURL **c);
void http_drop_multi(CURLM **m);
void http_drop_list(struct curl_slist **l);
