#include "remote/helper/wire.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "fetch/http/handle.h"
#include "remote/helper/run.h"
#include "letter/body.h"
#include "store/digest.h"

enum { CONNECT_MS = 2000, STALL_S = 5, STALL_BYTES = 1024, BUFFER = 512 << 10, REDIRECTS = 5, AGAIN_MS = 200 };

struct going {
	struct wire *w;
	const struct ask *a;
	struct err *e;
	uint64_t sent, got;
	bool wrong, impatient, gone;
	char why[CURL_ERROR_SIZE];
};

static size_t on_read(char *to, size_t size, size_t n, void *arg)
{
	struct going *g = arg;
	ssize_t got = body_read(g->a->body, g->sent, to, size * n, g->e);

	if (got < 0) {
		g->wrong = true;
		return CURL_READFUNC_ABORT;
	}
	g->sent += (uint64_t)got;
	return (size_t)got;
}

static int on_seek(void *arg, curl_off_t offset, int origin)
{
	struct going *g = arg;

	if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > g->a->body->size)
		return CURL_SEEKFUNC_FAIL;
	g->sent = (uint64_t)offset;
	return CURL_SEEKFUNC_OK;
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct going *g = arg;
	long status = 0;

	n *= size;
	g->got += n;
	curl_easy_getinfo(g->w->curl, CURLINFO_RESPONSE_CODE, &status);
	/* What a server has to say about a failure is no use; endless, it ends here. */
	if (!g->a->sink || status < 200 || status >= 300)
		return g->got <= BUFFER ? n : CURL_WRITEFUNC_ERROR;
	if (g->a->sink(g->a->arg, data, n, g->e) < 0) {
		g->wrong = true;
		return CURL_WRITEFUNC_ERROR;
	}
	return n;
}

static bool hung_up(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLRDHUP };

	return fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

static int on_progress(void *arg, curl_off_t total, curl_off_t got, curl_off_t up_total, curl_off_t up)
{
	struct going *g = arg;

	(void)total;
	(void)got;
	(void)up_total;
	(void)up;
	g->gone = hung_up(g->w->client);
	g->impatient = g->a->patience && patience_ends(g->a->patience, run_ms(), g->a->before + g->got);
	return g->gone || g->impatient;
}

static struct curl_slist *add(struct curl_slist *list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(list, line);

	return longer ? longer : list;
}

static struct curl_slist *headers(const struct settings *s, const struct ask *a, bool trusted)
{
	/* Waiting for leave to send costs a second with servers that do not know of that. With a signature, this libcurl would sign that
	 * there is none. */
	struct curl_slist *list = s->sigv4 ? NULL : add(NULL, "Expect:");

	if (a->body)
		list = add(list, "Content-Type: application/octet-stream");
	if (s->sigv4) {
		char none[KEY_LEN + 1];

		hash_hex("", 0, none);
		auto_free char *sum = xasprintf("x-amz-content-sha256: %s", a->sum ? a->sum : none);

		list = add(list, sum);
	}
	if (trusted && s->token) {
		auto_free char *line = xasprintf("Authorization: Bearer %s", s->token);

		list = add(list, line);
	}
	auto_free char *own = trusted && s->header ? xstrdup(s->header) : NULL;
	char *save = NULL;

	for (char *line = own ? strtok_r(own, "\r\n", &save) : NULL; line; line = strtok_r(NULL, "\r\n", &save))
		list = add(list, line);
	return list;
}

static void set_secrets(CURL *c, const struct settings *s)
{
	if (s->user)
		curl_easy_setopt(c, CURLOPT_USERNAME, s->user);
	if (s->password)
		curl_easy_setopt(c, CURLOPT_PASSWORD, s->password);
	if (s->sigv4)
		curl_easy_setopt(c, CURLOPT_AWS_SIGV4, s->sigv4);
	if (s->cert) {
		struct curl_blob cert = { s->cert, strlen(s->cert), CURL_BLOB_COPY };
		struct curl_blob key = { s->key, strlen(s->key), CURL_BLOB_COPY };

		curl_easy_setopt(c, CURLOPT_SSLCERT_BLOB, &cert);
		curl_easy_setopt(c, CURLOPT_SSLKEY_BLOB, &key);
	}
}

static void set_up(struct going *g, const char *url, bool trusted)
{
	const struct settings *s = &g->w->run->settings;
	CURL *c = g->w->curl;

	curl_easy_reset(c); /* connections stay */
	http_handle(c, url, g->why);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(c, CURLOPT_BUFFERSIZE, (long)BUFFER);
	curl_easy_setopt(c, CURLOPT_UPLOAD_BUFFERSIZE, (long)BUFFER);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, (long)STALL_BYTES);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)STALL_S);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, g);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, g);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	if (trusted)
		set_secrets(c, s);
	if (!strcmp(g->a->method, "HEAD"))
		curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
	if (!g->a->body)
		return;
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)g->a->body->size);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, on_read);
	curl_easy_setopt(c, CURLOPT_READDATA, g);
	curl_easy_setopt(c, CURLOPT_SEEKFUNCTION, on_seek);
	curl_easy_setopt(c, CURLOPT_SEEKDATA, g);
}

/* "https", host and port as one text. The caller frees. */
static char *origin(const char *url)
{
	CURLU *u = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL, *text = NULL;

	if (u && !curl_url_set(u, CURLUPART_URL, url, 0) && !curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) &&
	    !curl_url_get(u, CURLUPART_HOST, &host, 0) && !curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT))
		text = xasprintf("%s://%s:%s", scheme, host, port);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(u);
	return text;
}

static bool same_server(const char *a, const char *b)
{
	auto_free char *x = origin(a), *y = origin(b);

	return x && y && !strcasecmp(x, y);
}

/* Where it says to go, or NULL: nowhere we go. The caller frees. */
static char *follow(const struct going *g, const char *url, long status)
{
	char *to = NULL;

	if (status < 300 || status >= 400 || curl_easy_getinfo(g->w->curl, CURLINFO_REDIRECT_URL, &to) || !to)
		return NULL;
	if (g->a->body && ((status != 307 && status != 308) || !same_server(url, to)))
		return NULL;
	if (strncasecmp(to, "https://", 8) != 0 &&
	    (strncasecmp(to, "http://", 7) != 0 || !strncasecmp(url, "https://", 8)))
		return NULL;
	return xstrdup(to);
}

static enum answer broken(struct going *g, CURLcode rc)
{
	if (g->wrong)
		return ANSWER_MISS;
	if (g->gone)
		err_set(g->e, X_INTERRUPTED, "the step has ended");
	else if (g->impatient)
		err_set(g->e, X_TIMEOUT, g->got ? "it is slower than making it here" : "it does not answer");
	else
		err_set(g->e, X_NETWORK, "%s", *g->why ? g->why : curl_easy_strerror(rc));
	return ANSWER_PASSING;
}

/* One request, where redirects lead. *status 0: there was no answer. */
static enum answer try_it(struct going *g, long *status)
{
	const struct run *run = g->w->run;
	auto_free char *url = xstrdup(g->a->url);
	bool trusted = true;

	for (int i = 0; i <= REDIRECTS; i++) {
		__attribute__((cleanup(http_drop_list))) struct curl_slist *list =
			headers(&run->settings, g->a, trusted);

		g->sent = g->got = 0;
		*g->why = '\0';
		set_up(g, url, trusted);
		curl_easy_setopt(g->w->curl, CURLOPT_HTTPHEADER, list);
		CURLcode rc = curl_easy_perform(g->w->curl);

		*status = 0;
		curl_easy_getinfo(g->w->curl, CURLINFO_RESPONSE_CODE, status);
		if (rc != CURLE_OK)
			return broken(g, rc);
		char *to = follow(g, url, *status);

		if (!to)
			break;
		trusted = trusted && same_server(url, to);
		free(url);
		url = to;
	}
	enum request request = g->a->body ? REQUEST_PUT : !strcmp(g->a->method, "HEAD") ? REQUEST_HEAD : REQUEST_GET;
	enum answer answer = policy_answer(*status, request, run->anonymous, run->settings.sigv4);

	if (answer != ANSWER_FINE && answer != ANSWER_MISS && answer != ANSWER_THERE)
		err_set(g->e, X_NETWORK, "HTTP %ld%s to %s", *status, http_status_name(*status), g->a->method);
	return answer;
}

static enum answer settle(struct going *g, enum answer answer, long status)
{
	struct run *run = g->w->run;

	switch (answer) {
	case ANSWER_NEVER:
		run_never(run, g->e->msg);
		break;
	case ANSWER_READ_ONLY:
		run_read_only(run, g->e->msg);
		break;
	case ANSWER_PASSING:
		/* A step that ended says nothing of the server. */
		if (!g->gone)
			run_failed(run, status, g->e->msg);
		break;
	default:
		run_answered(run);
	}
	return answer;
}

enum answer wire_ask(struct wire *w, const struct ask *a, struct err *e)
{
	struct going g = { .w = w, .a = a, .e = e };
	enum answer answer;
	long status;

	*e = (struct err){ 0 };
	if (!w->curl && !(w->curl = curl_easy_init())) {
		http_no_library(e);
		return ANSWER_MISS;
	}
	if (!run_asks(w->run, a->body))
		return ANSWER_MISS;
	answer = try_it(&g, &status);
	if (answer == ANSWER_PASSING && !g.gone && !g.impatient && !(status >= 200 && status < 300)) {
		poll(NULL, 0, AGAIN_MS);
		answer = try_it(&g, &status);
	}
	return settle(&g, answer, status);
}

void wire_close(struct wire *w)
{
	curl_easy_cleanup(w->curl);
	w->curl = NULL;
}
