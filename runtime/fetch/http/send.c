#include "fetch/http/send.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/http/pause.h"
#include "fetch/http/handle.h"

enum { TRIES = 3, LONGEST_PAUSE_MS = 10 * 1000, STALL_MS = 30 * 1000 };
enum { HEAD_MAX = 256 * 1024 };

struct sending {
	const struct http_send *s;
	struct err *e;
	CURL *curl;
	uint64_t at; /* of the body */
	char *text;  /* of the answer */
	size_t n, head_bytes;
	bool failed;      /* *e says why */
	bool passing;     /* the failure may pass */
	unsigned wish_ms; /* the server's own, about the pause */
	long long heard, deadline;
	char why[CURL_ERROR_SIZE];
};

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
	struct sending *t = arg;
	uint64_t left = t->s->size - t->at;
	ssize_t got;

	n = size * n < left ? size * n : (size_t)left;
	t->heard = now_ms();
	if (t->s->data) {
		memcpy(to, (const char *)t->s->data + t->at, n);
	} else if (n) {
		got = pread(t->s->fd, to, n, (off_t)(t->s->offset + t->at));
		if (got <= 0) {
			t->failed = true;
			if (got < 0)
				err_sys(t->e, "read what is to be sent");
			else
				err_set(t->e, X_FAIL, "the file to send became shorter meanwhile");
			return CURL_READFUNC_ABORT;
		}
		n = (size_t)got;
	}
	t->at += n;
	if (t->s->sent)
		t->s->sent(t->s->arg, t->at);
	return n;
}

/* libcurl sends it again when a kept connection turns out to be closed. */
static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct sending *t = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > t->s->size)
		return CURL_SEEKFUNC_FAIL;
	t->at = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t too_long(struct sending *t)
{
	t->failed = true;
	err_set(t->e, X_NETWORK, "the answer has no end");
	return CURL_WRITEFUNC_ERROR;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct sending *t = arg;

	n *= size;
	t->heard = now_ms();
	if (n > t->s->max - t->n)
		return too_long(t);
	t->text = xreallocarray(t->text, t->n + n + 1, 1);
	memcpy(t->text + t->n, data, n);
	t->n += n;
	return n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct sending *t = arg;

	(void)data;
	t->heard = now_ms();
	t->head_bytes += size * n;
	return t->head_bytes <= HEAD_MAX ? size * n : too_long(t);
}

static void set_up(struct sending *t, struct curl_slist **headers)
{
	CURL *c = t->curl;

	http_handle(c, t->s->url, t->why);
	/* Waiting for leave to send costs a second with servers that do not know of that. */
	*headers = curl_slist_append(NULL, "Expect:");
	for (const char *const *h = t->s->headers; h && *h; h++)
		*headers = curl_slist_append(*headers, *h);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, *headers);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	if (t->s->size) {
		curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
		curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)t->s->size);
		curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
		curl_easy_setopt(c, CURLOPT_READDATA, t);
		curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
		curl_easy_setopt(c, CURLOPT_SEEKDATA, t);
	}
	curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, t->s->method);
}

static int finished(struct sending *t, CURLcode rc)
{
	if (t->failed)
		return -1;
	if (rc == CURLE_OK)
		return 0;
	t->passing = rc != CURLE_PEER_FAILED_VERIFICATION && rc != CURLE_SSL_CACERT_BADFILE &&
		     rc != CURLE_URL_MALFORMAT && rc != CURLE_UNSUPPORTED_PROTOCOL;
	return err_set(t->e, X_NETWORK, "%s", *t->why ? t->why : curl_easy_strerror(rc));
}

static int check_clock(void *arg)
{
	struct sending *t = arg;
	unsigned stall = t->s->stall_ms ? t->s->stall_ms : STALL_MS;
	long long now = now_ms();

	if (t->deadline >= 0 && now >= t->deadline)
		return err_set(t->e, X_NETWORK, "not done after %g s", t->s->all_ms / 1000.0);
	if (now - t->heard < stall)
		return 0;
	t->passing = true;
	return err_set(t->e, X_NETWORK, "silence for %g s", stall / 1000.0);
}

static int drive(struct sending *t, CURLM *m)
{
	unsigned stall = t->s->stall_ms ? t->s->stall_ms : STALL_MS;
	CURLcode rc;

	return http_run(m, stall, check_clock, t, &rc, t->e) < 0 ? -1 : finished(t, rc);
}

static int try_it(struct sending *t, struct http_answer *a)
{
	__attribute__((cleanup(http_drop_list))) struct curl_slist *headers = NULL;
	__attribute__((cleanup(http_drop_curl))) CURL *curl = NULL;
	__attribute__((cleanup(http_drop_multi))) CURLM *multi = NULL;

	t->curl = curl = curl_easy_init();
	multi = curl_multi_init();
	if (!curl || !multi)
		return http_no_library(t->e);
	set_up(t, &headers);
	if (curl_multi_add_handle(multi, curl) != CURLM_OK)
		return http_no_library(t->e);
	int rc = drive(t, multi);

	curl_multi_remove_handle(multi, curl);
	if (rc < 0)
		return -1;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &a->status);
	t->wish_ms = http_wish_ms(curl);
	t->passing = a->status == 408 || a->status == 429 || a->status >= 500;
	return 0;
}

/* Negative: that was the last try, or we were told to stop. */
static int wait_for_next(const struct sending *t, unsigned failed, struct err *e)
{
	unsigned tries = t->s->tries ? t->s->tries : TRIES;
	int ms = http_pause_ms(failed, t->wish_ms, LONGEST_PAUSE_MS, e);

	if (ms < 0 || !t->passing || failed >= tries || (t->deadline >= 0 && now_ms() + ms >= t->deadline))
		return -1;
	return stop_poll(NULL, 0, now_ms() + ms, e);
}

int http_send(const struct http_send *s, struct http_answer *a, struct err *e)
{
	long long deadline = s->all_ms ? now_ms() + s->all_ms : -1;
	struct err why = { 0 };

	if (http_ready(e) < 0)
		return -1;
	for (unsigned failed = 1;; failed++) {
		struct sending t = { .s = s, .e = &why, .text = xmalloc(1), .heard = now_ms(), .deadline = deadline };
		struct err stopped = { 0 };
		int rc = try_it(&t, a);

		if ((rc < 0 || t.passing) && wait_for_next(&t, failed, &stopped) >= 0) {
			free(t.text);
			continue;
		}
		if (rc < 0 || stopped.code) {
			free(t.text);
			*e = stopped.code ? stopped : why;
			return -1;
		}
		t.text[t.n] = '\0';
		a->text = t.text;
		a->n = t.n;
		return 0;
	}
}
