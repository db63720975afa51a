/* fuzz_http.c: any bytes as the answers of a web server and of GitHub's cache. The first byte chooses what is asked; the rest
 * are the answers, in order, with a line "%%" between them. libcurl never gets to a network: what it connects has the next
 * answer in it, whatever the address, and a proxy makes that one address. */
#include "place.h"

#include <sys/socket.h>

#include "fetch/http/get.h"
#include "fetch/http/ghacache.h"

#define URL "http://127.0.0.1:9/file"
#define TOKEN "a-secret-token"
#define NO_WAIT "Retry-After"

enum { CONNECTIONS = 64, BODY_MAX = 4000, ALL_MS = 300, UPLOAD = 100 };

static const char *answers, *answers_end;
static int servers[CONNECTIONS];
static unsigned connections;

/* In place of libc's. Ends are kept open until the input is done, so that what is sent is never refused. */
int connect(int fd, const struct sockaddr *address, socklen_t n)
{
	const char *end =
		answers_end - answers > 4 ? memmem(answers, (size_t)(answers_end - answers), "\n%%\n", 4) : NULL;
	size_t size = (size_t)((end ? end : answers_end) - answers);
	int pair[2];

	(void)address, (void)n;
	MUST(connections < CONNECTIONS &&
	     socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0);
	MUST(send(pair[1], answers, size, 0) == (ssize_t)size && shutdown(pair[1], SHUT_WR) == 0);
	MUST(dup3(pair[0], fd, O_CLOEXEC) == fd);
	close(pair[0]);
	servers[connections++] = pair[1];
	answers = end ? end + 4 : answers_end;
	return 0;
}

static void seed(const char *name, const char *text)
{
	fuzz_seed(name, text, strlen(text));
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const proxies[] = { "http_proxy", "https_proxy", "all_proxy" };

	(void)argc, (void)argv;
	for (size_t i = 0; i < countof(proxies); i++)
		setenv(proxies[i], "http://127.0.0.1:9", 1);
	unsetenv("no_proxy");
	unsetenv("NO_PROXY");
	setenv("KTSTR_RETRY_MS", "1", 1);
	place_make("fuzz-http");
	seed("get", "gHTTP/1.1 200 OK\r\nContent-Length: 9\r\nETag: \"a\"\r\n\r\nabc\n%%\nHTTP/1.1 206 x\r\n"
		    "Content-Range: bytes 3-8/9\r\nETag: \"a\"\r\n\r\ndefghi");
	seed("part", "pHTTP/1.1 206 x\r\nContent-Range: bytes 5-8/9\r\nETag: \"a\"\r\n\r\nfghi");
	seed("changed", "pHTTP/1.1 206 x\r\nContent-Range: bytes 5-8/9\r\nETag: \"b\"\r\n\r\nfghi\n%%\n"
			"HTTP/1.1 200 OK\r\n\r\nall of it");
	seed("all", "pHTTP/1.1 416 x\r\nContent-Range: bytes */5\r\n\r\n\n%%\nHTTP/1.1 200 OK\r\n\r\nx");
	seed("busy", "tHTTP/1.1 503 x\r\nRetry-After: 1\r\n\r\n\n%%\nHTTP/1.1 302 x\r\nLocation: /y\r\n\r\n\n%%\n"
		     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
	seed("v1", "1HTTP/1.1 200 OK\r\n\r\n{\"archiveLocation\": \"http://h/x?s=1\", \"cacheKey\": \"key\"}\n%%\n"
		   "HTTP/1.1 200 OK\r\n\r\n{\"archiveLocation\": \"http://h/x?s=1\", \"cacheKey\": \"key\"}\n%%\n"
		   "HTTP/1.1 200 OK\r\n\r\nbody");
	seed("v2", "2HTTP/1.1 200 OK\r\n\r\n{\"ok\": true, \"signed_download_url\": \"http://h/x?s=1\"}\n%%\n"
		   "HTTP/1.1 500 x\r\n\r\n{\"code\": \"c\", \"msg\": \"" TOKEN "\"}");
	seed("put1", "3HTTP/1.1 201 x\r\n\r\n{\"cacheId\": 7}\n%%\nHTTP/1.1 204 x\r\n\r\n\n%%\nHTTP/1.1 204 x\r\n\r\n");
	seed("put2", "4HTTP/1.1 200 x\r\n\r\n{\"ok\": true, \"signed_upload_url\": \"http://h/x\"}\n%%\n"
		     "HTTP/1.1 201 x\r\n\r\n\n%%\nHTTP/1.1 200 x\r\n\r\n{\"ok\": true, \"entry_id\": \"1\"}");
	return 0;
}

struct coming {
	uint64_t at;
	bool begun;
};

static int on_head(void *arg, const struct http_head *head, struct err *e)
{
	(void)arg, (void)e;
	MUST(head->type && head->tag);
	return 0;
}

static int on_start(void *arg, uint64_t offset, uint64_t total, struct err *e)
{
	struct coming *c = arg;

	(void)e;
	MUST(offset <= c->at && (!total || offset <= total) && total <= BODY_MAX);
	*c = (struct coming){ offset, true };
	return 0;
}

static int on_body(void *arg, const void *data, size_t n, struct err *e)
{
	struct coming *c = arg;

	(void)e;
	MUST(c->begun && (!n || ((const char *)data)[n - 1] >= -128));
	c->at += n;
	MUST(c->at <= BODY_MAX);
	return 0;
}

static void get(uint64_t have, const char *tag)
{
	struct coming c = { .at = have };
	const struct http h = {
		.url = URL,
		.max = BODY_MAX,
		.have = have,
		.tag = tag,
		.all_ms = ALL_MS,
		.head = on_head,
		.start = on_start,
		.body = on_body,
		.arg = &c,
	};
	struct err e = { 0 };

	if (http_get(&h, &e) < 0)
		must_say_why(&e);
	else
		MUST(c.begun);
}

static void text(void)
{
	auto_free char *all = NULL;
	struct err e = { 0 };
	size_t n;

	if (http_text_of(&(struct http){ .url = URL, .max = BODY_MAX, .all_ms = ALL_MS }, &all, &n, &e) < 0)
		must_say_why(&e);
	else
		MUST(n <= BODY_MAX && !all[n]);
}

static void told(uint64_t done, uint64_t total, const char *note)
{
	(void)done, (void)total;
	MUST(!note || !strstr(note, TOKEN));
}

static void failed(const struct err *e)
{
	must_say_why(e);
	MUST(!strstr(e->msg, TOKEN));
	for (const char *p = e->msg; *p; p++)
		MUST((unsigned char)*p >= ' ' && *p != 127);
}

static void gha(bool v2, bool put)
{
	auto_free char *path = place_path("entry");
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	const struct gha g = {
		.v2 = v2, .url = "http://127.0.0.1:9/", .token = TOKEN, .max = BODY_MAX, .progress = told
	};
	struct err e = { 0 };
	int r;

	MUST(fd >= 0);
	if (put) {
		MUST(ftruncate(fd, UPLOAD) == 0);
		r = gha_put(&g, "key", fd, UPLOAD, &e);
	} else {
		r = gha_has(&g, "key", &e);
		if (r == GHA_HIT)
			r = gha_get(&g, "key", fd, &e);
		MUST(lseek(fd, 0, SEEK_END) <= BODY_MAX);
	}
	if (r < 0)
		failed(&e);
}

/* The pause that a server asks for is real time, and not what this is about, where nothing else bounds it. */
static void hurry(char *text, size_t n)
{
	for (size_t i = 0; i + strlen(NO_WAIT) <= n; i++)
		if (!strncasecmp(text + i, NO_WAIT, strlen(NO_WAIT)))
			text[i] = 'X';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	if (!n)
		return -1;
	auto_free char *input = xmemdup(data, n);

	answers = input + 1;
	answers_end = input + n;
	connections = 0;
	if (*input >= '1' && *input <= '4')
		hurry(input, n);
	switch (*input) {
	case 'g':
		get(0, NULL);
		break;
	case 'p':
		get(5, "\"a\"");
		break;
	case 'b':
		get(5, NULL);
		break;
	case 't':
		text();
		break;
	case '1':
	case '2':
		gha(*input == '2', false);
		break;
	case '3':
	case '4':
		gha(*input == '4', true);
		break;
	default:
		break;
	}
	while (connections)
		close(servers[--connections]);
	return 0;
}
