/* wirehttp.c: git's "smart" HTTP by libcurl: a GET for the greeting, a POST for each request. */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/version.h"
#include "base/stop.h"
#include "base/url.h"
#include "fetch/http/get.h"
#include "fetch/http/try.h"
#include "fetch/git/wire.h"

enum { CONNECT_MS = 15 * 1000, REDIRECTS = 10, HEAD_MAX = 256 * 1024, POLL_MS = 1000 };

#define GREETING "/info/refs?service=git-upload-pack"

struct talk {
	struct wire w;
	CURLM *multi;
	CURL *curl;
	bool added; /* curl to multi */
	struct curl_slist *headers;
	char *base; /* the repository's URL, after redirects */
	unsigned stall;

	/* The answer: bytes that came and were not read yet. */
	char *buf;
	size_t at, have, room;
	size_t head_bytes;
	bool post, judged, done, failed;
	struct err why;  /* when failed */
	long long heard; /* when the last byte came */
	char said[CURL_ERROR_SIZE];
};

static void talk_close(struct wire *w)
{
	struct talk *t = (struct talk *)w;

	if (t->added)
		curl_multi_remove_handle(t->multi, t->curl);
	curl_easy_cleanup(t->curl);
	curl_multi_cleanup(t->multi);
	curl_slist_free_all(t->headers);
	free(t->base);
	free(t->buf);
	free(t);
}

static int no_sense(struct talk *t, int code, const char *why)
{
	auto_free char *shown = url_shown(t->base);

	t->failed = true;
	return err_set(&t->why, code, "%s: %s", shown, why);
}

/* Whether what comes is an answer of git's. */
static int judge(struct talk *t)
{
	const char *want =
		t->post ? "application/x-git-upload-pack-result" : "application/x-git-upload-pack-advertisement";
	auto_free char *text = NULL;
	char *type = NULL;
	long status = 0;

	t->judged = true;
	curl_easy_getinfo(t->curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->curl, CURLINFO_CONTENT_TYPE, &type);
	if (status == 200 && type && !strncasecmp(type, want, strlen(want)))
		return 0;
	if (status == 200)
		return no_sense(t, X_NO_INPUT,
				"this is no git repository, or one without git's own (\"smart\") protocol");
	if (status == 404 || status == 410)
		return no_sense(t, X_NO_INPUT, "there is no git repository");
	text = xasprintf("HTTP %ld%s%s", status, http_status_name(status),
			 status == 401 ? "; there may be no such repository, or it wants a user name and a password: "
					 "they can stand in ~/.netrc"
				       : "");
	return no_sense(t, X_NETWORK, text);
}

/* Anything but the number of bytes makes libcurl end the transfer. */
static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct talk *t = arg;

	n *= size;
	t->heard = now_ms();
	if (t->failed || (!t->judged && judge(t) < 0))
		return CURL_WRITEFUNC_ERROR;
	if (n > t->room - t->have) {
		t->room = (t->have + n) * 2;
		t->buf = xreallocarray(t->buf, t->room, 1);
	}
	memcpy(t->buf + t->have, data, n);
	t->have += n;
	return n;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
	struct talk *t = arg;

	(void)data;
	t->heard = now_ms();
	t->head_bytes += size * n;
	return t->head_bytes <= HEAD_MAX ? size * n : CURL_WRITEFUNC_ERROR;
}

static int begin(struct talk *t, const char *url, struct err *e)
{
	const char *schemes = strncasecmp(url, "https:", 6) ? "http,https" : "https";
	auto_free char *agent = xasprintf("git/ktstr-%s", ktstr_version);
	CURL *c = t->curl;

	if (t->added)
		curl_multi_remove_handle(t->multi, c);
	curl_easy_reset(c);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_USERAGENT, agent);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, t->said);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, schemes);
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, schemes);
	curl_easy_setopt(c, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, t);
	http_trust(c);
	t->at = t->have = t->head_bytes = 0;
	t->judged = t->done = t->failed = false;
	t->said[0] = '\0';
	t->heard = now_ms();
	t->added = curl_multi_add_handle(t->multi, c) == CURLM_OK;
	return t->added ? 0 : err_set(e, X_FAIL, "libcurl cannot be used");
}

static int ended(struct talk *t, CURLcode rc, struct err *e)
{
	auto_free char *shown = url_shown(t->base);

	t->done = true;
	if (t->failed || (rc == CURLE_OK && !t->judged && judge(t) < 0)) {
		*e = t->why;
		return -1;
	}
	if (rc == CURLE_OK)
		return 0;
	return err_set(e, rc == CURLE_URL_MALFORMAT ? X_USAGE : X_NETWORK, "%s: %s", shown,
		       *t->said ? t->said : curl_easy_strerror(rc));
}

static int wait_some(struct talk *t, struct err *e)
{
	struct curl_waitfd stop = { .fd = stop_fd(), .events = CURL_WAIT_POLLIN };
	int ms = t->stall < POLL_MS ? (int)t->stall : POLL_MS;
	CURLMcode rc = curl_multi_poll(t->multi, &stop, stop.fd >= 0, ms, NULL);
	auto_free char *shown = NULL;

	if (stop_pending())
		return stop_err(e);
	if (rc == CURLM_OK && now_ms() - t->heard < t->stall)
		return 0;
	shown = url_shown(t->base);
	if (rc != CURLM_OK)
		return err_set(e, X_NETWORK, "%s: %s", shown, curl_multi_strerror(rc));
	return err_set(e, X_NETWORK, "%s: silence for %g s", shown, t->stall / 1000.0);
}

/* Until there is something to read, or the answer has ended. */
static int pump(struct talk *t, struct err *e)
{
	t->at = t->have = 0;
	t->heard = now_ms(); /* the time the caller took is not the server's */
	while (!t->have && !t->done) {
		int running = 0, left;
		CURLMcode rc = curl_multi_perform(t->multi, &running);
		const CURLMsg *msg;

		if (rc != CURLM_OK)
			return err_set(e, X_FAIL, "libcurl: %s", curl_multi_strerror(rc));
		while ((msg = curl_multi_info_read(t->multi, &left)))
			if (msg->msg == CURLMSG_DONE && ended(t, msg->data.result, e) < 0)
				return -1;
		if (!t->have && !t->done && wait_some(t, e) < 0)
			return -1;
	}
	return 0;
}

static int talk_read(struct wire *w, void *buf, size_t n, struct err *e)
{
	struct talk *t = (struct talk *)w;

	if (t->at == t->have && pump(t, e) < 0)
		return -1;
	if (n > t->have - t->at)
		n = t->have - t->at;
	if (n)
		memcpy(buf, t->buf + t->at, n);
	t->at += n;
	return (int)n;
}

static int talk_send(struct wire *w, const void *data, size_t n, struct err *e)
{
	struct talk *t = (struct talk *)w;
	auto_free char *url = xasprintf("%s/git-upload-pack", t->base);

	if (!t->post) {
		t->headers = curl_slist_append(t->headers, "Content-Type: application/x-git-upload-pack-request");
		t->headers = curl_slist_append(t->headers, "Expect:");
	}
	t->post = true;
	if (begin(t, url, e) < 0)
		return -1;
	curl_easy_setopt(t->curl, CURLOPT_POSTFIELDSIZE, (long)n);
	curl_easy_setopt(t->curl, CURLOPT_COPYPOSTFIELDS, data);
	return 0;
}

/* Where a redirect of the greeting led is where the repository is. */
static void follow(struct talk *t)
{
	char *url = NULL, *end;

	curl_easy_getinfo(t->curl, CURLINFO_EFFECTIVE_URL, &url);
	end = url ? strstr(url, GREETING) : NULL;
	if (!end || strcmp(end, GREETING) != 0)
		return;
	free(t->base);
	t->base = xstrndup(url, (size_t)(end - url));
}

static int greet(struct talk *t, struct err *e)
{
	auto_free char *url = xasprintf("%s" GREETING, t->base);

	t->headers = curl_slist_append(NULL, "Git-Protocol: version=2");
	if (begin(t, url, e) < 0)
		return -1;
	curl_easy_setopt(t->curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(t->curl, CURLOPT_MAXREDIRS, (long)REDIRECTS);
	if (pump(t, e) < 0)
		return -1;
	follow(t);
	return 0;
}

int wire_http(struct wire **w, const struct wire_url *u, unsigned stall_ms, struct err *e)
{
	struct talk *t;

	if (http_ready(e) < 0)
		return -1;
	t = xcalloc(1, sizeof(*t));
	t->w = (struct wire){ .read = talk_read, .send = talk_send, .close = talk_close, .apart = true };
	t->stall = stall_ms;
	t->base = xstrdup(u->path);
	t->curl = curl_easy_init();
	t->multi = curl_multi_init();
	if (!t->curl || !t->multi ? err_set(e, X_FAIL, "libcurl cannot be used") : greet(t, e) < 0) {
		talk_close(&t->w);
		return -1;
	}
	*w = &t->w;
	return 0;
}
