/* http_get against tests/httpd.py, which fails as its paths say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "process/spawn.h"
#include "base/stop.h"
#include "text/url.h"
#include "scratch.h"
#include "fetch/http/get.h"

enum { SIZE = 300001, MOST = SIZE + 100 };

static struct {
	char *dir;
	struct child server;
	char *base; /* "http://127.0.0.1:4711" */
	unsigned char data[SIZE];
} g;

static char *find_server(void)
{
	struct err e;
	auto_free char *here = self_dir(&e);

	return file_exists("tests/httpd.py") ? xstrdup("tests/httpd.py")
					     : xasprintf("%s/../../../tests/httpd.py", here);
}

static int start_server(void **state)
{
	auto_free char *script = find_server();
	struct err e = { 0 };

	(void)state;
	g.dir = tmpdir_make("http", &e);
	for (size_t i = 0; i < SIZE; i++)
		g.data[i] = (unsigned char)(i * 2654435761u >> 13);
	scratch_file(g.dir, "file", g.data, SIZE);
	scratch_file(g.dir, "a b", g.data, 3);
	auto_free char *port = xasprintf("%s/port", g.dir);
	auto_free char *log = xasprintf("%s/log", g.dir);
	const char *argv[] = { "python3", script, "--root", g.dir, "--port-file", port, "--log", log, NULL };
	struct spawn s = { .argv = argv };

	if (spawn_start(&s, &g.server, &e) < 0) {
		print_error("%s\n", e.msg);
		return -1;
	}
	for (long long end = now_ms() + 30000; now_ms() < end; (void)stop_poll(NULL, 0, now_ms() + 20, &e)) {
		auto_free char *text = NULL;

		if (file_read(AT_FDCWD, port, 64, &text, NULL, &e) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		g.base = xasprintf("http://127.0.0.1:%s", text);
		return 0;
	}
	print_error("no port: %s\n", e.msg);
	return -1;
}

static int stop_server(void **state)
{
	struct err e;

	(void)state;
	spawn_kill(&g.server);
	free(g.base);
	if (rmtree(AT_FDCWD, g.dir, &e) < 0)
		return -1;
	free(g.dir);
	return 0;
}

/* What came, and how. */
struct got {
	unsigned char data[MOST];
	uint64_t at, first, total;
	unsigned starts, notes;
	char type[64], tag[64], note[512];
	int refuse; /* 1: head, 2: start, 3: body */
};

static int refuse(struct err *e)
{
	return err_set(e, X_BAD_ARCHIVE, "refused");
}

static int on_head(void *arg, const struct http_head *h, struct err *e)
{
	struct got *t = arg;

	snprintf(t->type, sizeof(t->type), "%s", h->type);
	snprintf(t->tag, sizeof(t->tag), "%s", h->tag);
	return t->refuse == 1 ? refuse(e) : 0;
}

static int on_start(void *arg, uint64_t offset, uint64_t total, struct err *e)
{
	struct got *t = arg;

	assert_true(offset == 0 || offset == t->at);
	t->at = t->first = offset;
	t->total = total;
	t->starts++;
	return t->refuse == 2 ? refuse(e) : 0;
}

static int on_body(void *arg, const void *data, size_t n, struct err *e)
{
	struct got *t = arg;

	assert_true(t->starts && t->at + n <= MOST);
	memcpy(t->data + t->at, data, n);
	t->at += n;
	return t->refuse == 3 ? refuse(e) : 0;
}

static void on_note(void *arg, const char *text)
{
	struct got *t = arg;

	t->notes++;
	snprintf(t->note, sizeof(t->note), "%s", text);
}

static struct http request(const char *url, struct got *t)
{
	return (struct http){ .url = url,
			      .max = MOST,
			      .tries = 2,
			      .head = on_head,
			      .start = on_start,
			      .body = on_body,
			      .note = on_note,
			      .arg = t };
}

static unsigned requests(void)
{
	auto_free char *path = xasprintf("%s/log", g.dir);
	auto_free char *text = NULL;
	struct err e;
	unsigned n = 0;

	if (file_read(AT_FDCWD, path, 1 << 20, &text, NULL, &e) < 0)
		return 0;
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static void check(const char *url, int code, const char *word, const struct err *e, int rc)
{
	if (rc != (code ? -1 : 0) || e->code != code || !strstr(e->msg, word))
		fail_msg("%s: %d, code %d, '%s' instead of code %d with '%s'", url, rc, e->code, e->msg, code, word);
}

static void answers(void **state)
{
	static const struct {
		const char *path;
		int code;
		const char *word;
		unsigned requests, starts;
		uint64_t first; /* offset of the last start */
	} cases[] = {
		{ "/file", 0, "", 1, 1, 0 },
		{ "/none", X_NO_INPUT, "HTTP 404 Not Found from http://127.0.0.1", 1, 0, 0 },
		{ "/fault/410/file", X_NO_INPUT, "HTTP 410 Gone", 1, 0, 0 },
		{ "/fault/403/file", X_NETWORK, "HTTP 403 Forbidden", 1, 0, 0 },
		{ "/fault/418/file", X_NETWORK, "HTTP 418 from", 1, 0, 0 },
		{ "/fault/304/file", X_NETWORK, "HTTP 304 from", 1, 0, 0 },
		{ "/fault/500/file", X_NETWORK, "tried 2 times", 2, 0, 0 },
		{ "/fault/408x1/file", 0, "", 2, 1, 0 },
		{ "/fault/429x1/file", 0, "", 2, 1, 0 },
		{ "/fault/502x1/file", 0, "", 2, 1, 0 },
		{ "/fault/retry=1+503x1/file", 0, "", 2, 1, 0 },
		{ "/fault/retry=nonsense+504x1/file", 0, "", 2, 1, 0 },
		{ "/fault/gone/file", X_NETWORK, "tried 2 times", 0, 0, 0 },
		{ "/fault/cut/file", X_NETWORK, "tried 2 times", 2, 2, 150000 },
		{ "/fault/cutx1/file", 0, "", 2, 2, 150000 },
		{ "/fault/long/file", 0, "", 2, 2, SIZE },
		{ "/fault/endless/file", X_NETWORK, "goes on after 300101 bytes", 1, 1, 0 },
		{ "/fault/header/file", X_NETWORK, "header has no end", 0, 0, 0 },
		{ "/fault/loop/file", X_NETWORK, "redirects", 11, 0, 0 },
		{ "/fault/loop=file:%252f%252f%252fetc%252fpasswd/file", X_NETWORK, "redirects away", 1, 0, 0 },
		{ "/fault/follow/file", 0, "", 2, 1, 0 },
		{ "/fault/loop=%252fnone/file", X_NO_INPUT, "which leads to", 2, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free struct got *t = xcalloc(1, sizeof(*t));
		auto_free char *url = xasprintf("%s%s", g.base, cases[i].path);
		struct http h = request(url, t);
		struct err e = { 0 };
		unsigned before = requests();
		int rc = http_get(&h, &e);

		check(url, cases[i].code, cases[i].word, &e, rc);
		if (requests() - before != cases[i].requests || t->starts != cases[i].starts ||
		    t->first != cases[i].first)
			fail_msg("%s: %u requests, %u starts, the last one at %llu", url, requests() - before,
				 t->starts, (unsigned long long)t->first);
		if (!cases[i].code)
			assert_memory_equal(t->data, g.data, t->at);
	}
}

/* A date that is past, be it that a clock is wrong, asks for no pause. */
static void past_wish(void **state)
{
	auto_free struct got *t = xcalloc(1, sizeof(*t));
	auto_free char *url =
		xasprintf("%s/fault/retry=Mon,%%2001%%20Jan%%202024%%2000:00:00%%20GMT+503x1/file", g.base);
	struct http h = request(url, t);
	struct err e = { 0 };
	long long began = now_ms();

	(void)state;
	check(url, 0, "", &e, http_get(&h, &e));
	assert_in_range(now_ms() - began, 0, 20000);
}

/* A file that was cut and cannot be gone on with comes again from the start, and is whole. */
static void cut_and_again(void **state)
{
	static const char *const faults[] = { "norange", "notag", "change", "wrongrange" };

	(void)state;
	for (size_t i = 0; i < countof(faults); i++) {
		auto_free struct got *t = xcalloc(1, sizeof(*t));
		auto_free char *name = xasprintf("cut-%zu", i);
		auto_free char *url = xasprintf("%s/fault/%s+cutx1/%s", g.base, faults[i], name);
		struct http h = request(url, t);
		struct err e = { 0 };

		scratch_file(g.dir, name, g.data, SIZE);
		check(url, 0, "", &e, http_get(&h, &e));
		assert_int_equal(t->starts, 2);
		assert_int_equal(t->first, 0);
		assert_int_equal(t->at, SIZE);
		assert_memory_equal(t->data, g.data, SIZE);
		assert_non_null(strstr(t->note, "; again in 0.5 s (2 of 2)"));
	}
}

static void silence(void **state)
{
	static const struct {
		const char *fault;
		unsigned stall_ms, all_ms;
		const char *word;
		unsigned notes;
	} cases[] = {
		{ "mute", 200, 0, "silence for 0.2 s (tried 2 times)", 1 },
		{ "stall", 200, 0, "silence for 0.2 s (tried 2 times)", 1 },
		{ "mute", 0, 300, "not complete after 0.3 s", 0 },
		{ "slow=1000", 0, 400, "not complete after 0.4 s", 0 },
		{ "500", 0, 400, "HTTP 500", 0 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free struct got *t = xcalloc(1, sizeof(*t));
		auto_free char *url = xasprintf("%s/fault/%s/file", g.base, cases[i].fault);
		struct http h = request(url, t);
		struct err e = { 0 };
		long long start = now_ms();

		h.stall_ms = cases[i].stall_ms;
		h.all_ms = cases[i].all_ms;
		check(url, X_NETWORK, cases[i].word, &e, http_get(&h, &e));
		assert_in_range(now_ms() - start, 0, 15000);
		assert_int_equal(t->notes, cases[i].notes);
	}
}

static void the_rest_of_a_file(void **state)
{
	static const struct {
		uint64_t have;
		const char *tag; /* NULL: none, "right": what the server says */
		const char *fault;
		uint64_t first;
	} cases[] = {
		{ 1000, "right", "", 1000 },
		{ 1000, NULL, "", 1000 },
		{ 1000, "\"another\"", "", 0 },
		{ 1000, "right", "/fault/norange", 0 },
		{ 1000, NULL, "/fault/norange", 0 },
		{ SIZE, "right", "", SIZE },
		{ SIZE, NULL, "", SIZE },
		{ SIZE + 5, "right", "", 0 },
		{ SIZE + 5, NULL, "", 0 },
		{ 0, "right", "", 0 },
	};
	auto_free struct got *first = xcalloc(1, sizeof(*first));
	auto_free char *plain = xasprintf("%s/file", g.base);
	struct http h = request(plain, first);
	struct err e = { 0 };

	(void)state;
	check(plain, 0, "", &e, http_get(&h, &e));
	assert_string_equal(first->type, "application/octet-stream");
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free struct got *t = xcalloc(1, sizeof(*t));
		auto_free char *url = xasprintf("%s%s/file", g.base, cases[i].fault);

		memcpy(t->data, g.data, cases[i].have < SIZE ? cases[i].have : SIZE);
		t->at = cases[i].have;
		h = request(url, t);
		h.have = cases[i].have;
		h.tag = cases[i].tag && !strcmp(cases[i].tag, "right") ? first->tag : cases[i].tag;
		check(url, 0, "", &e, http_get(&h, &e));
		assert_int_equal(t->first, cases[i].first);
		assert_int_equal(t->total, SIZE);
		assert_int_equal(t->at, SIZE);
		assert_memory_equal(t->data, g.data, SIZE);
	}
}

static void file_urls(void **state)
{
	static const struct {
		const char *url; /* behind "file://"; @ is the folder */
		int code;
		const char *word;
	} cases[] = {
		{ "@/file", 0, "" },
		{ "localhost@/file", 0, "" },
		{ "@/a%20b", 0, "" },
		{ "@/a%2", X_USAGE, "not a file URL" },
		{ "@/a%00", X_USAGE, "not a file URL" },
		{ "elsewhere@/file", X_USAGE, "not a file URL" },
		{ "@/none", X_NO_INPUT, "No such file" },
		{ "@/file/x", X_NO_INPUT, "Not a directory" },
		{ "@", X_NETWORK, "not a regular file" },
		{ "@/pipe", X_NETWORK, "not a regular file" },
		{ "@/big", X_NETWORK, "more than the 300101" },
	};
	auto_free char *pipe = xasprintf("%s/pipe", g.dir), *big = xasprintf("%s/big", g.dir);

	(void)state;
	assert_int_equal(mkfifo(pipe, 0600), 0);
	scratch_text(g.dir, "big", "");
	assert_int_equal(truncate(big, MOST + 1), 0);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free struct got *t = xcalloc(1, sizeof(*t));
		size_t n = strcspn(cases[i].url, "@");
		auto_free char *url = xasprintf("file://%.*s%s%s", (int)n, cases[i].url, g.dir, cases[i].url + n + 1);
		struct http h = request(url, t);
		struct err e = { 0 };

		check(url, cases[i].code, cases[i].word, &e, http_get(&h, &e));
		assert_memory_equal(t->data, g.data, t->at);
		if (cases[i].code)
			continue;
		assert_true(t->at == t->total && t->at > 0 && t->tag[0]);
		/* And the rest of it, when it is the same file still. */
		h.tag = xstrdup(t->tag);
		h.have = t->at = 2;
		check(url, 0, "", &e, http_get(&h, &e));
		assert_int_equal(t->first, 2);
		h.have = t->at = 2;
		check(url, 0, "", &e, (free((void *)h.tag), h.tag = "other", http_get(&h, &e)));
		assert_int_equal(t->first, 0);
	}
}

static void callers_may_refuse(void **state)
{
	auto_free char *url = xasprintf("%s/file", g.base), *file = xasprintf("file://%s/file", g.dir);

	(void)state;
	for (int i = 1; i <= 3; i++) {
		auto_free struct got *t = xcalloc(1, sizeof(*t));
		struct http h = request(i == 2 ? file : url, t);
		struct err e = { 0 };
		unsigned before = requests();

		t->refuse = i;
		check(url, X_BAD_ARCHIVE, "refused", &e, http_get(&h, &e));
		assert_int_equal(requests() - before, i != 2);
	}
}

static void no_urls(void **state)
{
	static const char *const bad[] = { "", "file", "ftp://x/y", "http:/x", "http://[bad/", "http://a b/" };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		struct got t = { 0 };
		struct http h = request(bad[i], &t);
		struct err e = { 0 };

		check(bad[i], X_USAGE, "", &e, http_get(&h, &e));
	}
}

static void as_text(void **state)
{
	auto_free char *url = xasprintf("%s/a%%20b", g.base), *none = xasprintf("%s/fault/empty/file", g.base);
	auto_free char *text = NULL, *empty = NULL, *much = NULL;
	struct err e = { 0 };
	size_t n;

	(void)state;
	check(url, 0, "", &e, http_text(url, 3, &text, &n, &e));
	assert_int_equal(n, 3);
	assert_memory_equal(text, g.data, 3);
	assert_int_equal(text[3], 0);
	check(none, 0, "", &e, http_text(none, 3, &empty, &n, &e));
	assert_int_equal(n, 0);
	assert_string_equal(empty, "");
	check(url, X_NETWORK, "more than the 2", &e, http_text(url, 2, &much, &n, &e));
	assert_null(much);
}

static void no_passwords_in_messages(void **state)
{
	static const char *const cases[][2] = {
		{ "https://u:p@host/x@y", "https://host/x@y" },
		{ "https://host/x@y", "https://host/x@y" },
		{ "http://a@b@host?q", "http://host?q" },
		{ "file:///a@b", "file:///a@b" },
		{ "no url", "no url" },
		{ "ssh://git@host/x@y", "ssh://git@host/x@y" },
		{ "git+ssh://git:p@host:22/x", "git+ssh://git@host:22/x" },
		{ "ssh://:p@host/x", "ssh://host/x" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *shown = url_shown(cases[i][0]);

		assert_string_equal(shown, cases[i][1]);
	}
}

int main(void)
{
	unsetenv("KTSTR_RETRY_MS");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers),
		cmocka_unit_test(past_wish),
		cmocka_unit_test(cut_and_again),
		cmocka_unit_test(silence),
		cmocka_unit_test(the_rest_of_a_file),
		cmocka_unit_test(file_urls),
		cmocka_unit_test(callers_may_refuse),
		cmocka_unit_test(no_urls),
		cmocka_unit_test(as_text),
		cmocka_unit_test(no_passwords_in_messages),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
