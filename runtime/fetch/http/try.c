/* try.c: one request with libcurl, driven so that a stop ends it at any moment. */
#include "fetch/http/try.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "text/url.h"
#include "fetch/http/handle.h"
#include "fetch/http/state.h"

enum { STALL_MS = 30 * 1000, REDIRECTS = 10, HEAD_MAX = 256 * 1024 };

struct attempt {
	struct http_state *s;
	struct err *e;
	CURL *curl;
	bool asked_part;
	bool begun;  /* the caller was told what comes */
	bool done;   /* all is there already; the rest of the answer does not matter */
	bool failed; /* *e says why */
	uint64_t total;
	size_t head_bytes;
	long long heard; /* when the last byte came */
	char why[CURL_ERROR_SIZE];
};

static int fail(struct attempt *a, enum http_again again)
{
	a->s->again = again;
	a->failed = true;
	return -1;
}

static const char *header(const struct attempt *a, const char *name)
{
	struct curl_header *h;

	return curl_easy_header(a->curl, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : "";
}

/* A weak ETag names files that mean the same, not files of the same bytes. */
static const char *response_tag(const struct attempt *a)
{
	const char *tag = header(a, "ETag");

	return *tag == '"' ? tag : header(a, "Last-Modified");
}

static int bad_status(struct attempt *a, long status)
{
	bool again = status == 408 || status == 429 || status >= 500;
	char *url = NULL;

	a->s->wait_ms = http_wish_ms(a->curl);
	curl_easy_getinfo(a->curl, CURLINFO_EFFECTIVE_URL, &url);
	auto_free char *there = url_shown(url ? url : a->s->shown);
	bool moved = strcmp(there, a->s->shown) != 0;

	err_set(a->e, status == 404 || status == 410 ? X_NO_INPUT : X_NETWORK, "HTTP %ld%s from %s%s%s", status,
		http_status_name(status), a->s->shown, moved ? ", which leads to " : "", moved ? there : "");
	return fail(a, again ? AGAIN_LATER : AGAIN_NO);
}

/* The part that was asked for is of no use: everything again, at once, from the start. */
static int from_the_start(struct attempt *a)
{
	a->s->whole = true;
	err_set(a->e, X_NETWORK, "fetch %s: the file has changed meanwhile", a->s->shown);
	return fail(a, AGAIN_NOW);
}

static int begin(struct attempt *a, uint64_t offset, uint64_t total)
{
	const struct http_head head = { .type = header(a, "Content-Type"), .tag = response_tag(a) };

	if (http_begin(a->s, &head, offset, total, a->e) < 0)
		return fail(a, AGAIN_NO);
	a->total = total;
	a->begun = true;
	return 0;
}

static int begin_part(struct attempt *a)
{
	unsigned long long from, to, total = 0;
	const char *tag = response_tag(a);
	int n = sscanf(header(a, "Content-Range"), "bytes %llu-%llu/%llu", &from, &to, &total);

	if (!a->asked_part) {
		err_set(a->e, X_NETWORK, "fetch %s: the server sends only a part of the file", a->s->shown);
		return fail(a, AGAIN_NO);
	}
	if (n < 2 || from != a->s->at || to < from || (n == 3 && to >= total) ||
	    (a->s->tag && *tag && strcmp(tag, a->s->tag) != 0))
		return from_the_start(a);
	return begin(a, from, n == 3 ? total : 0);
}

/* 416: there is nothing behind what we have. When that is just the file's size, we have it all. */
static int begin_nothing(struct attempt *a)
{
	unsigned long long total;

	if (!a->asked_part)
		return bad_status(a, 416);
	if (sscanf(header(a, "Content-Range"), "bytes */%llu", &total) != 1 || total != a->s->at)
		return from_the_start(a);
	a->done = true;
	return begin(a, total, total);
}

static int judge(struct attempt *a)
{
	curl_off_t length = -1;
	long status = 0;

	curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(a->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	switch (status) {
	case 200:
		return begin(a, 0, length > 0 ? (uint64_t)length : 0);
	case 206:
		return begin_part(a);
	case 416:
		return begin_nothing(a);
	default:
		return bad_status(a, status);
	}
}

/* Anything but the number of bytes makes libcurl end the transfer. */
static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct attempt *a = arg;

	if (a->failed || (!a->begun && judge(a) < 0) || a->done)
		return CURL_WRITEFUNC_ERROR;
	if (http_piece(a->s, data, size * n, a->e) < 0) {
		fail(a, AGAIN_NO);
		return CURL_WRITEFUNC_ERROR;
	}
	a->heard = now_ms(); /* the time the caller took is not the server's */
	return size * n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct attempt *a = arg;

	(void)data;
	a->heard = now_ms();
	a->head_bytes += size * n;
	if (a->head_bytes <= HEAD_MAX)
		return size * n;
	err_set(a->e, X_NETWORK, "fetch %s: the answer's header has no end", a->s->shown);
	fail(a, AGAIN_NO);
	return CURL_WRITEFUNC_ERROR;
}

static void set_up(struct attempt *a, struct curl_slist **headers)
{
	CURL *c = a->curl;

	http_handle(c, a->s->h->url, a->why);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, a);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, a);
	if (!a->asked_part)
		return;
	auto_free char *range = xasprintf("%llu-", (unsigned long long)a->s->at);
	auto_free char *same = a->s->tag ? xasprintf("If-Range: %s", a->s->tag) : NULL;

	curl_easy_setopt(c, CURLOPT_RANGE, range);
	if (same)
		*headers = curl_slist_append(NULL, same);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, *headers);
}

/* What curl and its TLS library call it. A machine without a clock of its own starts in the past. */
static char *clock_advice(const char *why)
{
	char now[32] = "";
	time_t t = time(NULL);
	struct tm tm;

	if (!strstr(why, "not yet valid") && !strstr(why, "not yet activated") && !strstr(why, "expired"))
		return NULL;
	strftime(now, sizeof(now), "%Y-%m-%d %H:%M UTC", gmtime_r(&t, &tm));
	return xasprintf(" (is this machine's clock right? It says %s)", now);
}

static int transport_error(struct attempt *a, CURLcode rc)
{
	auto_free char *clock = clock_advice(a->why);
	const char *advice = "";

	switch (rc) {
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		advice = clock ? clock : " (CURL_CA_BUNDLE can name a file of other authorities)";
		break;
	case CURLE_UNSUPPORTED_PROTOCOL:
		advice = " (it redirects away from https and http, or from https to http)";
		break;
	case CURLE_TOO_MANY_REDIRECTS:
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_CONTENT_ENCODING:
	case CURLE_LOGIN_DENIED:
	case CURLE_WRITE_ERROR:
		break;
	default:
		a->s->again = AGAIN_LATER;
	}
	err_set(a->e, rc == CURLE_URL_MALFORMAT ? X_USAGE : X_NETWORK, "fetch %s: %s%s", a->s->shown,
		*a->why ? a->why : curl_easy_strerror(rc), advice);
	return -1;
}

static int finished(struct attempt *a, CURLcode rc)
{
	if (a->failed)
		return -1;
	if (a->done)
		return 0;
	if (rc != CURLE_OK)
		return transport_error(a, rc);
	if (!a->begun && judge(a) < 0)
		return -1;
	if (!a->total || a->s->at >= a->total)
		return 0;
	a->s->again = AGAIN_LATER;
	return err_set(a->e, X_NETWORK, "fetch %s: cut after %llu of %llu bytes", a->s->shown,
		       (unsigned long long)a->s->at, (unsigned long long)a->total);
}

static int check_clock(void *arg)
{
	struct attempt *a = arg;
	unsigned stall = a->s->h->stall_ms ? a->s->h->stall_ms : STALL_MS;
	long long now = now_ms();

	if (a->s->deadline >= 0 && now >= a->s->deadline)
		return err_set(a->e, X_NETWORK, "fetch %s: not complete after %g s", a->s->shown,
			       a->s->h->all_ms / 1000.0);
	if (now - a->heard < stall)
		return 0;
	a->s->again = AGAIN_LATER;
	return err_set(a->e, X_NETWORK, "fetch %s: silence for %g s", a->s->shown, stall / 1000.0);
}

static int drive(struct attempt *a, CURLM *m)
{
	unsigned stall = a->s->h->stall_ms ? a->s->h->stall_ms : STALL_MS;
	CURLcode rc;

	return http_run(m, stall, check_clock, a, &rc, a->e) < 0 ? -1 : finished(a, rc);
}

int http_try(struct http_state *s, struct err *e)
{
	__attribute__((cleanup(http_drop_list))) struct curl_slist *headers = NULL;
	__attribute__((cleanup(http_drop_curl))) CURL *curl = NULL;
	__attribute__((cleanup(http_drop_multi))) CURLM *multi = NULL;
	struct attempt a = { .s = s, .e = e, .heard = now_ms() };

	if (http_ready(e) < 0)
		return -1;
	a.curl = curl = curl_easy_init();
	multi = curl_multi_init();
	if (!curl || !multi)
		return http_no_library(e);
	a.asked_part = s->at > 0 && !s->whole && (s->tag || s->blind);
	set_up(&a, &headers);
	if (curl_multi_add_handle(multi, curl) != CURLM_OK)
		return http_no_library(e);
	int rc = drive(&a, multi);

	curl_multi_remove_handle(multi, curl);
	return rc;
}
