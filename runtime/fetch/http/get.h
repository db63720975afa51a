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
#include "fetch/http/request.h"
#include <stddef.h>

/* Codes: X_NETWORK when nobody answers or the transfer cannot be finished, X_NO_INPUT for 404, 410 and a file URL that
 * is not there, X_NETWORK for other statuses ("HTTP 403 Forbidden from URL"), X_USAGE for what is no such URL. */
int http_get(const struct http *h, struct err *e);
/* The whole body in memory, NUL added behind it; the caller frees. */
int http_text(const char *url, size_t max, char **text, size_t *n, struct err *e);
/* The same with more to say about it. start, body and arg are not looked at; head and note get no arg. */
int http_text_of(const struct http *h, char **text, size_t *n, struct err *e);
