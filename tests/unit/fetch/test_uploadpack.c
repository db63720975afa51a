/* Git's protocol against servers that are old, new, broken or hostile; addresses; servers that fall silent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/git/uploadpack.h"
#include "fetch/git/wire.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define ZERO "0000000000000000000000000000000000000000"
#define CAPS "side-band-64k ofs-delta shallow symref=HEAD:refs/heads/master"

/* A server that has said everything before it was asked. */
struct server {
	struct upload up;
	char *says;
	size_t n, at, step; /* step: bytes at a time */
	char *asked;
	size_t n_asked;
	FILE *f;
};

static int mem_read(void *arg, void *buf, size_t max, struct err *e)
{
	struct server *s = arg;
	size_t n = s->n - s->at;

	(void)e;
	n = n < max ? n : max;
	n = n < s->step ? n : s->step;
	memcpy(buf, s->says + s->at, n);
	s->at += n;
	return (int)n;
}

static int mem_send(void *arg, const void *data, size_t n, struct err *e)
{
	struct server *s = arg;

	(void)e;
	fwrite(data, 1, n, s->f);
	fflush(s->f);
	return 0;
}

/* "0000" and "0001" are frames without content, "\1…" "\2…" "\3…" and all others are content; '\a' stands for NUL. */
static void frame(FILE *f, const char *text)
{
	if (!strcmp(text, "0000") || !strcmp(text, "0001")) {
		fputs(text, f);
		return;
	}
	fprintf(f, "%04x", (unsigned)strlen(text) + 4);
	for (; *text; text++)
		fputc(*text == '\a' ? '\0' : *text, f);
}

static struct server *begin(const char *const *frames, size_t step)
{
	struct server *s = xcalloc(1, sizeof(*s));
	FILE *f = xmemstream(&s->says, &s->n);

	for (; *frames; frames++)
		frame(f, *frames);
	fclose(f);
	s->step = step;
	s->f = xmemstream(&s->asked, &s->n_asked);
	s->up.in.read = mem_read;
	s->up.in.arg = s;
	s->up.send = mem_send;
	s->up.shown = "git://host/linux";
	return s;
}

static void end(struct server *s)
{
	upload_end(&s->up);
	fclose(s->f);
	free(s->asked);
	free(s->says);
	free(s);
}

struct got {
	char pack[256], said[256];
	size_t n;
};

static int on_pack(void *arg, const void *data, size_t n, struct err *e)
{
	struct got *g = arg;

	(void)e;
	assert_true(n < sizeof(g->pack) - g->n);
	memcpy(g->pack + g->n, data, n);
	g->n += n;
	return 0;
}

static void on_words(void *arg, const char *text)
{
	struct got *g = arg;

	strcat(g->said, text);
	strcat(g->said, "/");
}

static const size_t steps_of[] = { 1, 3, 7, 65536 };

static void version_0(void **state)
{
	static const char *const frames[] = {
		A " HEAD\a" CAPS "\n",
		B " refs/heads/for-6.20/next\n",
		A " refs/heads/master\n",
		B " refs/tags/v6.12\n",
		A " refs/tags/v6.12^{}\n",
		"0000",
		"shallow " A "\n",
		"0000",
		"NAK\n",
		"\2Counting: 1%\rCounting: 2%\n",
		"\1PACK",
		"\1",
		"\1 and more",
		"\2\33[31mdone\n",
		"0000",
		NULL,
	};

	(void)state;
	for (size_t i = 0; i < countof(steps_of); i++) {
		struct server *s = begin(frames, steps_of[i]);
		struct got g = { 0 };
		const struct upload_sink sink = { on_pack, on_words, &g };
		struct err e = { 0 };

		assert_int_equal(upload_greeting(&s->up, &e), 0);
		assert_int_equal(upload_refs(&s->up, "v6.12", &e), 0);
		assert_int_equal(s->up.refs.n, 4);
		assert_true(s->up.shallow && s->up.ofs_delta && !s->up.any_commit);
		assert_string_equal(s->up.refs.head, "refs/heads/master");
		assert_string_equal(git_ref_commit(git_refs_find(&s->up.refs, "v6.12")), A);
		assert_string_equal(git_refs_find(&s->up.refs, "v6.12")->oid, B);
		assert_string_equal(git_refs_find(&s->up.refs, "for-6.20/next")->oid, B);
		assert_null(git_refs_find(&s->up.refs, "next"));
		assert_string_equal(git_refs_with(&s->up.refs, A)->name, "HEAD");
		assert_int_equal(upload_pack(&s->up, A, &sink, &e), 0);
		assert_string_equal(g.pack, "PACK and more");
		assert_string_equal(g.said, "Counting: 1%/Counting: 2%/ [31mdone/");
		assert_non_null(strstr(s->asked, "want " A " side-band-64k ofs-delta agent=ktstr/"));
		assert_non_null(strstr(s->asked, "000cdeepen 100000009done\n"));
		end(s);
	}
}

static void version_2(void **state)
{
	static const char *const frames[] = {
		"version 2\n",
		"agent=git/9\n",
		"ls-refs=unborn\n",
		"fetch=shallow wait-for-done\n",
		"object-format=sha1\n",
		"0000",
		A " HEAD symref-target:refs/heads/master\n",
		A " refs/heads/master\n",
		B " refs/tags/v6.12 peeled:" A "\n",
		"0000",
		"shallow-info\n",
		"shallow " A "\n",
		"0001",
		"packfile\n",
		"\1PACK",
		"0000",
		NULL,
	};

	(void)state;
	for (size_t i = 0; i < countof(steps_of); i++) {
		struct server *s = begin(frames, steps_of[i]);
		struct got g = { 0 };
		const struct upload_sink sink = { on_pack, NULL, &g };
		struct err e = { 0 };

		assert_int_equal(upload_greeting(&s->up, &e), 0);
		assert_int_equal(upload_refs(&s->up, "refs/x/y", &e), 0);
		assert_true(s->up.any_commit);
		assert_int_equal(s->up.refs.n, 3);
		assert_string_equal(git_ref_commit(git_refs_find(&s->up.refs, "v6.12")), A);
		assert_string_equal(s->up.refs.head, "refs/heads/master");
		assert_int_equal(upload_pack(&s->up, A, &sink, &e), 0);
		assert_string_equal(g.pack, "PACK");
		assert_non_null(strstr(s->asked, "0017ref-prefix refs/x/y0000"));
		assert_non_null(strstr(s->asked, "want " A));
		end(s);
	}
}

/* By HTTP there is a preamble, and an empty repository has a line without a name. */
static void openings(void **state)
{
	static const struct {
		const char *frames[8];
		size_t refs;
	} cases[] = {
		{ { "# service=git-upload-pack\n", "0000", A " HEAD\a" CAPS, "0000" }, 1 },
		{ { "# service=git-upload-pack\n", "0000", "version 2", "fetch=shallow", "0000" }, 0 },
		{ { "version 1\n", A " HEAD\a" CAPS "\n", "shallow " B, "0000" }, 1 },
		{ { ZERO " capabilities^{}\a" CAPS "\n", "0000" }, 0 },
		{ { "0000" }, 0 },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct server *s = begin(cases[i].frames, 65536);
		struct err e = { 0 };

		assert_int_equal(upload_greeting(&s->up, &e), 0);
		assert_int_equal(s->up.refs.n, cases[i].refs);
		end(s);
	}
}

static void hostile_openings(void **state)
{
	static const struct {
		const char *frames[6];
		int code;
		const char *text;
	} cases[] = {
		{ { NULL }, X_NETWORK, "closed the connection" },
		{ { A " HEAD\a" CAPS, NULL }, X_NETWORK, "closed the connection" },
		{ { "ERR access \33[2Jdenied\n", NULL }, X_NO_INPUT, "access  [2Jdenied" },
		{ { A " HEAD", "0000" }, X_NETWORK, "no sense" },
		{ { A " HEAD\a" CAPS, A " b\a" CAPS, "0000" }, X_NETWORK, "no sense" },
		{ { "short\a" CAPS, "0000" }, X_NETWORK, "no sense" },
		{ { A "xHEAD\a" CAPS, "0000" }, X_NETWORK, "no sense" },
		{ { "Gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HEAD\a" CAPS, "0000" }, X_NETWORK, "cannot be" },
		{ { A " HEAD\a" CAPS, A " refs/heads/a b", "0000" }, X_NETWORK, "cannot be" },
		{ { A " HEAD\a" CAPS, A " refs/heads/\33[2J", "0000" }, X_NETWORK, "cannot be" },
		{ { A " HEAD\a" CAPS, A " refs/heads/\xc2\x9b", "0000" }, X_NETWORK, "cannot be" },
		{ { A " HEAD\a" CAPS, A " refs/heads/\xff", "0000" }, X_NETWORK, "cannot be" },
		{ { A " HEAD\a" CAPS, A " ", "0000" }, X_NETWORK, "no sense" },
		{ { A " a^{}\a" CAPS, "0000" }, X_NETWORK, "no sense" },
		{ { A " HEAD\a" CAPS, B " other^{}", "0000" }, X_NETWORK, "no sense" },
		{ { A " HEAD\a" CAPS, "0001" }, X_NETWORK, "no sense" },
		{ { A " HEAD\aobject-format=sha256", "0000" }, X_NO_INPUT, "SHA-1" },
		{ { "version 2", "object-format=sha256", "0000" }, X_NO_INPUT, "SHA-1" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct server *s = begin(cases[i].frames, 65536);
		struct err e = { 0 };

		assert_true(upload_greeting(&s->up, &e) < 0);
		if (e.code != cases[i].code || !strstr(e.msg, cases[i].text) || !strstr(e.msg, "git://host/linux"))
			fail_msg("case %zu: %d %s", i, e.code, e.msg);
		end(s);
	}
}

static void not_frames(void **state)
{
	static const char *const cases[] = {
		"HTTP/1.1 400 Bad Request\r\n", "220 mail ready\r\n", "0003", "fff1", "-001", "00", "0008ab"
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct server *s = begin((const char *const[]){ NULL }, 65536);
		struct err e = { 0 };

		free(s->says);
		s->says = xstrdup(cases[i]);
		s->n = strlen(cases[i]);
		assert_true(upload_greeting(&s->up, &e) < 0);
		assert_int_equal(e.code, X_NETWORK);
		end(s);
	}
}

/* One literal: pieces in a list look like a comma too few. */
#define GREETING_0 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HEAD\aside-band-64k ofs-delta shallow"
#define GREETING_2 "version 2", "fetch=shallow", "0000"

static void hostile_packs(void **state)
{
	static const struct {
		const char *frames[8];
		int code;
		const char *text;
	} cases[] = {
		{ { GREETING_2, "ERR upload-pack: not our ref " A }, X_NO_INPUT, "not our ref" },
		{ { GREETING_2, "packfile", "\1PA" }, X_NETWORK, "closed the connection" },
		{ { GREETING_2, "packfile", "\3out of \33memory\n" }, X_NETWORK, "gave up: out of  memory" },
		{ { GREETING_2, "packfile", "\4x", "0000" }, X_NETWORK, "no sense" },
		{ { GREETING_2, "packfile", "", "0000" }, X_NETWORK, "no sense" },
		{ { GREETING_2, "packfile", "0001" }, X_NETWORK, "no sense" },
		{ { GREETING_2, "0000" }, X_NETWORK, "no sense" },
		{ { GREETING_0, "0000", "0000", "ACK it", "0000" }, X_NETWORK, "no sense" },
		{ { GREETING_0, "0000", "nonsense", "0000", "NAK" }, X_NETWORK, "no sense" },
		{ { GREETING_0, "0000", "0000", "0000" }, X_NETWORK, "no sense" },
		{ { A " HEAD\aofs-delta", "0000" }, X_NETWORK, "too old" },
		{ { "version 2", "fetch", "0000" }, X_NETWORK, "too old" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct server *s = begin(cases[i].frames, 65536);
		struct got g = { 0 };
		const struct upload_sink sink = { on_pack, on_words, &g };
		struct err e = { 0 };

		assert_int_equal(upload_greeting(&s->up, &e), 0);
		assert_true(upload_pack(&s->up, A, &sink, &e) < 0);
		if (e.code != cases[i].code || !strstr(e.msg, cases[i].text) || !strstr(e.msg, "git://host/linux"))
			fail_msg("case %zu: %d %s", i, e.code, e.msg);
		end(s);
	}
}

/* The same line for ever. */
static int endless_read(void *arg, void *buf, size_t max, struct err *e)
{
	static const char line[] = "0043" A " refs/heads/aaaaaaaaaaa";
	struct upload *up = arg;

	(void)e;
	if (!up->refs.n && !up->in.have) {
		const char *first = "003b" A " HEAD\0shallow abc";

		memcpy(buf, first, 0x3b);
		return 0x3b;
	}
	for (size_t i = 0; i < max / (sizeof(line) - 1); i++)
		memcpy((char *)buf + i * (sizeof(line) - 1), line, sizeof(line) - 1);
	return (int)(max / (sizeof(line) - 1) * (sizeof(line) - 1));
}

static void endless_names(void **state)
{
	struct upload *up = xcalloc(1, sizeof(*up));
	struct err e = { 0 };

	(void)state;
	up->in.read = endless_read;
	up->in.arg = up;
	up->shown = "x";
	assert_true(upload_greeting(up, &e) < 0);
	assert_int_equal(e.code, X_NETWORK);
	assert_non_null(strstr(e.msg, "more than 1000000"));
	upload_end(up);
	free(up);
}

static void addresses(void **state)
{
	static const struct {
		const char *url;
		enum wire_kind kind;
		const char *host, *port, *path;
	} good[] = {
		{ "git://host/a/b.git", WIRE_GIT, "host", NULL, "/a/b.git" },
		{ "git://host:1/a%20b", WIRE_GIT, "host", "1", "/a b" },
		{ "git://[::1]:9/~me/x", WIRE_GIT, "::1", "9", "~me/x" },
		{ "ssh://me@host:22/x", WIRE_SSH, "me@host", "22", "/x" },
		{ "ssh://me:pw@host/x", WIRE_SSH, "me@host", NULL, "/x" },
		{ "me@host:x/y", WIRE_SSH, "me@host", NULL, "x/y" },
		{ "host:/x", WIRE_SSH, "host", NULL, "/x" },
		{ "me@[::1]:/x", WIRE_SSH, "me@::1", NULL, "/x" },
		{ "HTTPS://host/x/", WIRE_HTTP, NULL, NULL, "HTTPS://host/x" },
		{ "http://u:p@host/x", WIRE_HTTP, NULL, NULL, "http://u:p@host/x" },
		{ "file:///a%41", WIRE_LOCAL, NULL, NULL, "/aA" },
		{ "file://localhost/a", WIRE_LOCAL, NULL, NULL, "/a" },
		{ "/a:b", WIRE_LOCAL, NULL, NULL, "/a:b" },
		{ "./a:b", WIRE_LOCAL, NULL, NULL, "./a:b" },
		{ "linux", WIRE_LOCAL, NULL, NULL, "linux" },
	};
	static const char *const bad[] = { "",
					   "git://host",
					   "git://host/",
					   "git:///x",
					   "ssh://-o/x",
					   "ssh://-o@h/x",
					   "-o:x",
					   "h:-x",
					   "h:",
					   "git://h:x/y",
					   "git://h:123456/y",
					   "git://[::1/x",
					   "git://h/%0a",
					   "git://h/%zz",
					   "git://h/%4",
					   "a\nb",
					   "rsync://h/x",
					   "http://h/x?y",
					   "file://h/x",
					   "git://h%0ax/y" };

	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		auto_wire_url struct wire_url u = { 0 };
		struct err e = { 0 };

		if (wire_url(&u, good[i].url, &e) < 0)
			fail_msg("%s: %s", good[i].url, e.msg);
		assert_int_equal(u.kind, good[i].kind);
		assert_string_equal(u.path, good[i].path);
		assert_string_equal(u.host ? u.host : "-", good[i].host ? good[i].host : "-");
		assert_string_equal(u.port ? u.port : "-", good[i].port ? good[i].port : "-");
		assert_null(strstr(u.shown, "pw"));
		assert_null(strstr(u.shown, "u:p"));
	}
	for (size_t i = 0; i < countof(bad); i++) {
		struct wire_url u;
		struct err e = { 0 };

		if (wire_url(&u, bad[i], &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(e.code, X_USAGE);
	}
}

/* Accepts and says nothing; the kernel does that for a socket nobody looks after. */
static void silent_server(void **state)
{
	static const char *const forms[] = { "git://127.0.0.1:%d/x", "http://127.0.0.1:%d/x" };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(a);

	(void)state;
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	for (size_t i = 0; i < countof(forms); i++) {
		auto_free char *url = xasprintf(forms[i], ntohs(a.sin_port));
		auto_wire_url struct wire_url u = { 0 };
		auto_wire struct wire *w = NULL;
		struct err e = { 0 };
		long long start = now_ms();
		char buf[16];

		assert_int_equal(wire_url(&u, url, &e), 0);
		assert_true(wire_open(&w, &u, 200, &e) < 0 || w->read(w, buf, sizeof(buf), &e) < 0);
		assert_int_equal(e.code, X_NETWORK);
		assert_non_null(strstr(e.msg, "silence for 0.2 s"));
		assert_in_range(now_ms() - start, 190, 5000);
	}
	close(fd);
}

static void near_names(void **state)
{
	static const char *const names[] = { "HEAD",
					     "refs/heads/master",
					     "refs/heads/sched_ext/for-6.20",
					     "refs/tags/v6.12",
					     "refs/tags/v6.12-rc1",
					     "refs/heads/next",
					     "refs/tags/next",
					     "refs/pull/1/head" };
	static const struct {
		const char *ref, *text;
	} cases[] = {
		{ "mastr", "near it: master" },
		{ "for-6.2", "near it: sched_ext/for-6.20" },
		{ "v6.12-rc2", "near it: v6.12-rc1" },
		{ "nexd", "near it: next" },
		{ "completely-else", "its default branch is master" },
		{ "abcdef123", "all its 40 digits" },
	};
	auto_refs struct git_refs r = { 0 };
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < countof(names); i++)
		assert_int_equal(git_refs_add(&r, A, names[i], strlen(names[i]), &e), 0);
	r.head = xstrdup("refs/heads/master");
	for (size_t i = 0; i < countof(cases); i++) {
		git_refs_none(&r, cases[i].ref, "url", &e);
		assert_int_equal(e.code, X_NO_INPUT);
		if (!strstr(e.msg, cases[i].text))
			fail_msg("%s", e.msg);
	}
	/* A branch before a tag of the same name. */
	assert_string_equal(git_refs_find(&r, "next")->name, "refs/heads/next");
	assert_string_equal(git_refs_find(&r, "tags/next")->name, "refs/tags/next");
}

static void ids(void **state)
{
	char id[41];

	(void)state;
	assert_true(git_full_id("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", id));
	assert_string_equal(id, A);
	assert_false(git_full_id("aaaa", id));
	assert_false(git_full_id("gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", id));
	assert_false(git_full_id(A "a", id));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_0),        cmocka_unit_test(version_2),  cmocka_unit_test(openings),
		cmocka_unit_test(hostile_openings), cmocka_unit_test(not_frames), cmocka_unit_test(hostile_packs),
		cmocka_unit_test(endless_names),    cmocka_unit_test(addresses),  cmocka_unit_test(silent_server),
		cmocka_unit_test(near_names),       cmocka_unit_test(ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
