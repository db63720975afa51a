#include "fetch/http/ghacache.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/err.h"
#include "json/read.h"
#include "json/write.h"
#include "base/mem.h"
#include "text/text.h"
#include "fetch/http/get.h"
#include "fetch/http/send.h"
#include "fetch/http/handle.h"

/* Both generations want a digest of what makes entries alike; this is the SHA-256 of "ktstr", unless struct gha has another. */
#define NAMESPACE "3b8cd7b2f7aae777736d488070a1625b85100e3196ae91ab51a883ad1ba5d3d0"

#define V1 "_apis/artifactcache/"
#define V2 "twirp/github.actions.results.api.v1.CacheService/"

enum { ANSWER_MAX = 1 << 20, SAID_MAX = 200, CHUNK = 32 << 20 };
enum { ASK_MS = 60 * 1000, ASK_STALL_MS = 15 * 1000, MOVE_MS = 30 * 60 * 1000, MOVE_STALL_MS = 60 * 1000, TRIES = 3 };

/* v2's limit of what one request can upload. */
static const uint64_t block_max = (uint64_t)5000 << 20;
static const uint64_t bytes_max = (uint64_t)2 << 30;

/* One line without the token, without the query of any address and without control characters. */
static void clean(const struct gha *g, char *text)
{
	size_t secret = strlen(g->token);
	char *to = text;
	bool address = false;

	for (const char *p = text; *p;) {
		if (secret && !strncmp(p, g->token, secret)) {
			*to++ = '*'; /* never longer than the token */
			p += secret;
			continue;
		}
		address = !strncmp(p, "://", 3) || (address && !isspace((unsigned char)*p));
		if (address && *p == '?') {
			p += strcspn(p, " \t\r\n\"'<>,;)");
			address = false;
			continue;
		}
		*to++ = *p++;
	}
	auto_free char *plain = text_plain(text, (size_t)(to - text), TEXT_LINE);

	strcpy(text, plain); /* never longer */
}

static int cleaned(const struct gha *g, struct err *e)
{
	clean(g, e->msg);
	return -1;
}

static void tell(const struct gha *g, uint64_t done, uint64_t total, const char *note)
{
	if (g->progress)
		g->progress(done, total, note);
}

static bool is_object(const struct http_answer *a)
{
	auto_json struct json j = { 0 };
	struct err ignored;

	return json_parse(&j, a->text, a->n, &ignored) == 0 && json_kind(&j, 0) == JSON_OBJECT;
}

/* Member of the answer's object; NULL when it has none or is no JSON. Caller frees. */
static char *member(const struct http_answer *a, const char *name)
{
	auto_json struct json j = { 0 };
	struct err ignored;
	char *text = NULL;

	if (json_parse(&j, a->text, a->n, &ignored) < 0 || json_kind(&j, 0) != JSON_OBJECT)
		return NULL;
	(void)json_str(&j, json_get(&j, 0, name), &text, &ignored); /* another type: none */
	return text;
}

static bool is_true(const struct http_answer *a, const char *name)
{
	auto_json struct json j = { 0 };
	struct err ignored;
	bool value = false;

	if (json_parse(&j, a->text, a->n, &ignored) < 0 || json_kind(&j, 0) != JSON_OBJECT)
		return false;
	(void)json_bool(&j, json_get(&j, 0, name), &value, &ignored); /* another type: false */
	return value;
}

/* What the server says of its answer, for a terminal: ": no space left", or "". Caller frees. */
static char *server_says(const struct http_answer *a)
{
	auto_free char *said = member(a, "message");

	if (!said)
		said = member(a, "msg");
	char shown[SAID_MAX + 1];

	return said && *said ? xasprintf(": %s", text_short(shown, sizeof(shown), said)) : xstrdup("");
}

static int bad_answer(const struct http_answer *a, const char *doing, struct err *e)
{
	auto_free char *said = server_says(a);

	if (a->status >= 200 && a->status < 300)
		return err_set(e, X_NETWORK, "%s: the answer makes no sense%s", doing, said);
	return err_set(e, X_NETWORK, "%s: HTTP %ld%s%s", doing, a->status, http_status_name(a->status), said);
}

static bool fine(const struct http_answer *a)
{
	return a->status >= 200 && a->status < 300;
}

static void drop_answer(struct http_answer *a)
{
	free(a->text);
}
#define auto_answer __attribute__((unused, cleanup(drop_answer)))

/* A request to the API itself. s says what is sent; method, URL and headers are made here. */
static int ask(const struct gha *g, const char *method, const char *path, struct http_send *s, const char *more,
	       struct http_answer *a, struct err *e)
{
	size_t n = strlen(g->url);
	auto_free char *url = xasprintf("%s%s%s", g->url, n && g->url[n - 1] == '/' ? "" : "/", path);
	auto_free char *secret = xasprintf("Authorization: Bearer %s", g->token);
	const char *accept = g->v2 ? "Accept: application/json" : "Accept: application/json;api-version=6.0-preview.1";
	const char *type = s->data ? "Content-Type: application/json" : "Content-Type: application/octet-stream";
	const char *headers[] = { secret, accept, s->size ? type : more, s->size ? more : NULL, NULL };

	s->method = method;
	s->url = url;
	s->headers = headers;
	s->max = ANSWER_MAX;
	s->tries = TRIES;
	if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0)
		return err_set(e, X_NETWORK, "%s is not an http or https address",
			       g->v2 ? "ACTIONS_RESULTS_URL" : "ACTIONS_CACHE_URL");
	return http_send(s, a, e);
}

static int ask_json(const struct gha *g, const char *path, const char *body, struct http_answer *a, struct err *e)
{
	struct http_send s = {
		.data = body, .size = body ? strlen(body) : 0, .all_ms = ASK_MS, .stall_ms = ASK_STALL_MS
	};

	return ask(g, body ? "POST" : "GET", path, &s, NULL, a, e);
}

static const char *space(const struct gha *g)
{
	return *g->space ? g->space : NAMESPACE;
}

/* {"key": …, "version": …, NAME: size}. As text: that is how v2 writes numbers of 64 bits. Caller frees. */
static char *request(const struct gha *g, const char *key, const char *name, uint64_t size)
{
	auto_free char *digits = xasprintf("%llu", (unsigned long long)size);
	char *text = NULL;
	struct jsonw w;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	jsonw_init(&w, f);
	w.compact = true;
	jsonw_obj(&w);
	jsonw_kstr(&w, "key", key);
	jsonw_kstr(&w, "version", space(g));
	if (name && g->v2)
		jsonw_kstr(&w, name, digits);
	else if (name)
		jsonw_ku64(&w, name, size);
	jsonw_end_obj(&w);
	jsonw_done(&w);
	fclose(f);
	return text;
}

static char *escaped(const char *key)
{
	char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (const unsigned char *p = (const unsigned char *)key; *p; p++)
		if (isalnum(*p) || strchr("-._~", *p))
			fputc(*p, f);
		else
			fprintf(f, "%%%02X", *p);
	fclose(f);
	return text;
}

static int lookup(const struct gha *g, const char *key, struct http_answer *a, struct err *e)
{
	if (g->v2) {
		auto_free char *body = request(g, key, NULL, 0);

		return ask_json(g, V2 "GetCacheEntryDownloadURL", body, a, e);
	}
	auto_free char *name = escaped(key);
	auto_free char *path = xasprintf(V1 "cache?keys=%s&version=%s", name, space(g));

	return ask_json(g, path, NULL, a, e);
}

/* An address that the server gave us: of the web, and as safe as the server's own. */
static int check_address(const struct gha *g, const char *url, struct err *e)
{
	bool secure = !strncasecmp(url, "https://", 8);

	if (secure || (!strncasecmp(url, "http://", 7) && strncasecmp(g->url, "https:", 6) != 0))
		return 0;
	return err_set(e, X_NETWORK, "the server redirects away from https");
}

/* HIT: *url is the caller's. */
static int find(const struct gha *g, const char *key, char **url, struct err *e)
{
	auto_answer struct http_answer a = { 0 };
	auto_free char *doing = xasprintf("look for %s", key);

	tell(g, 0, 0, "asking the remote cache");
	if (lookup(g, key, &a, e) < 0)
		return err_in(e, "%s", doing);
	auto_free char *there = member(&a, g->v2 ? "signed_download_url" : "archiveLocation");
	auto_free char *of = member(&a, g->v2 ? "matched_key" : "cacheKey");
	auto_free char *code = member(&a, "code");

	if (a.status == 204 || (a.status == 404 && code && !strcmp(code, "not_found")))
		return GHA_MISS;
	if (!fine(&a))
		return bad_answer(&a, doing, e);
	if (g->v2 && !is_true(&a, "ok"))
		return is_object(&a) ? GHA_MISS : bad_answer(&a, doing, e);
	if (!there || !*there)
		return bad_answer(&a, doing, e);
	if (of && strcmp(of, key) != 0)
		return GHA_MISS;
	if (check_address(g, there, e) < 0)
		return err_in(e, "%s", doing);
	*url = TAKE(there);
	return GHA_HIT;
}

int gha_has(const struct gha *g, const char *key, struct err *e)
{
	auto_free char *url = NULL;
	int r = find(g, key, &url, e);

	return r < 0 ? cleaned(g, e) : r;
}

struct coming {
	const struct gha *g;
	int fd;
	uint64_t at, total;
};

static int on_start(void *arg, uint64_t offset, uint64_t total, struct err *e)
{
	struct coming *c = arg;

	c->at = offset;
	c->total = total;
	return ftruncate(c->fd, (off_t)offset) < 0 ? err_sys(e, "write what comes") : 0;
}

static int on_body(void *arg, const void *data, size_t n, struct err *e)
{
	struct coming *c = arg;

	for (const char *p = data; n;) {
		ssize_t put = pwrite(c->fd, p, n, (off_t)c->at);

		if (put < 0)
			return err_sys(e, "write what comes");
		p += put;
		n -= (size_t)put;
		c->at += (uint64_t)put;
	}
	tell(c->g, c->at, c->total, "from the remote cache");
	return 0;
}

static void on_note(void *arg, const char *text)
{
	const struct coming *c = arg;
	auto_free char *shown = xstrdup(text);

	clean(c->g, shown);
	tell(c->g, 0, 0, shown);
}

static int get(const struct gha *g, const char *key, int fd, struct err *e)
{
	auto_free char *url = NULL;
	struct coming c = { .g = g, .fd = fd };
	int r = find(g, key, &url, e);

	if (r != GHA_HIT)
		return r;
	const struct http h = {
		.url = url,
		.max = g->max ? g->max : bytes_max,
		.tries = TRIES,
		.stall_ms = MOVE_STALL_MS,
		.all_ms = MOVE_MS,
		.start = on_start,
		.body = on_body,
		.note = on_note,
		.arg = &c,
	};

	return http_get(&h, e) < 0 ? err_in(e, "fetch %s", key) : GHA_HIT;
}

int gha_get(const struct gha *g, const char *key, int fd, struct err *e)
{
	int r = get(g, key, fd, e);

	return r < 0 ? cleaned(g, e) : r;
}

struct going {
	const struct gha *g;
	uint64_t before, total;
};

static void on_sent(void *arg, uint64_t bytes)
{
	const struct going *go = arg;

	tell(go->g, go->before + bytes, go->total, "to the remote cache");
}

/* STORED: it is ours to upload. */
static int reserve(const struct gha *g, const char *key, uint64_t size, const char *doing, struct http_answer *a,
		   struct err *e)
{
	auto_free char *body = request(g, key, g->v2 ? NULL : "cacheSize", size);

	if (ask_json(g, g->v2 ? V2 "CreateCacheEntry" : V1 "caches", body, a, e) < 0)
		return err_in(e, "%s", doing);
	if (a->status == 409)
		return GHA_EXISTS;
	if (!fine(a))
		return bad_answer(a, doing, e);
	if (!g->v2 || is_true(a, "ok"))
		return GHA_STORED;
	auto_free char *said = member(a, "message");

	return is_object(a) && (!said || !*said) ? GHA_EXISTS : bad_answer(a, doing, e);
}

static int upload_v1(const struct gha *g, uint64_t id, int fd, uint64_t size, struct err *e)
{
	auto_free char *path = xasprintf(V1 "caches/%llu", (unsigned long long)id);

	for (uint64_t at = 0; at < size; at += CHUNK) {
		uint64_t n = size - at < CHUNK ? size - at : CHUNK;
		struct going go = { g, at, size };
		auto_free char *range = xasprintf("Content-Range: bytes %llu-%llu/*", (unsigned long long)at,
						  (unsigned long long)(at + n - 1));
		auto_answer struct http_answer a = { 0 };
		struct http_send s = { .fd = fd,
				       .offset = at,
				       .size = n,
				       .all_ms = MOVE_MS,
				       .stall_ms = MOVE_STALL_MS,
				       .sent = on_sent,
				       .arg = &go };

		if (ask(g, "PATCH", path, &s, range, &a, e) < 0)
			return -1;
		if (!fine(&a))
			return bad_answer(&a, "upload", e);
	}
	return 0;
}

static int put_v1(const struct gha *g, const struct http_answer *reserved, const char *doing, int fd, uint64_t size,
		  struct err *e)
{
	auto_json struct json j = { 0 };
	auto_answer struct http_answer a = { 0 };
	uint64_t id;

	if (json_parse(&j, reserved->text, reserved->n, e) < 0 || json_kind(&j, 0) != JSON_OBJECT ||
	    json_u64(&j, json_get(&j, 0, "cacheId"), &id, e) != 0)
		return bad_answer(reserved, doing, e);
	if (upload_v1(g, id, fd, size, e) < 0)
		return err_in(e, "%s", doing);
	auto_free char *path = xasprintf(V1 "caches/%llu", (unsigned long long)id);
	auto_free char *body = xasprintf("{\"size\":%llu}", (unsigned long long)size);

	if (ask_json(g, path, body, &a, e) < 0)
		return err_in(e, "%s", doing);
	return fine(&a) ? GHA_STORED : bad_answer(&a, doing, e);
}

/* Where blobs lie is another server; the address itself is the permission. */
static int upload_v2(const struct gha *g, const char *url, int fd, uint64_t size, struct err *e)
{
	static const char *const headers[] = { "x-ms-blob-type: BlockBlob", "Content-Type: application/octet-stream",
					       NULL };
	auto_answer struct http_answer a = { 0 };
	struct going go = { g, 0, size };
	const struct http_send s = {
		.method = "PUT",
		.url = url,
		.headers = headers,
		.fd = fd,
		.size = size,
		.max = ANSWER_MAX,
		.tries = TRIES,
		.all_ms = MOVE_MS,
		.stall_ms = MOVE_STALL_MS,
		.sent = on_sent,
		.arg = &go,
	};

	if (http_send(&s, &a, e) < 0)
		return -1;
	return fine(&a) ? 0 : bad_answer(&a, "upload", e);
}

static int put_v2(const struct gha *g, const char *key, const struct http_answer *reserved, const char *doing, int fd,
		  uint64_t size, struct err *e)
{
	auto_free char *url = member(reserved, "signed_upload_url");
	auto_free char *body = request(g, key, "size_bytes", size);
	auto_answer struct http_answer a = { 0 };

	if (!url || !*url)
		return bad_answer(reserved, doing, e);
	if (check_address(g, url, e) < 0 || upload_v2(g, url, fd, size, e) < 0 ||
	    ask_json(g, V2 "FinalizeCacheEntryUpload", body, &a, e) < 0)
		return err_in(e, "%s", doing);
	return fine(&a) && is_true(&a, "ok") ? GHA_STORED : bad_answer(&a, doing, e);
}

int gha_put(const struct gha *g, const char *key, int fd, uint64_t size, struct err *e)
{
	auto_answer struct http_answer a = { 0 };
	auto_free char *doing = xasprintf("store %s", key);
	int r;

	if (!size || size > block_max)
		return err_set(e, X_FAIL, "%s: %llu bytes cannot be stored", doing, (unsigned long long)size);
	r = reserve(g, key, size, doing, &a, e);
	if (r == GHA_STORED)
		r = g->v2 ? put_v2(g, key, &a, doing, fd, size, e) : put_v1(g, &a, doing, fd, size, e);
	return r < 0 ? cleaned(g, e) : r;
}
