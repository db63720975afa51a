/* What is read of people and of git: addresses, names, progress, reasons, tree objects. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "text/url.h"
#include "fetch/git/address.h"
#include "fetch/git/entries.h"
#include "fetch/git/refs.h"
#include "fetch/git/said.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define LONG_A A "aaaaaaaaaaaaaaaaaaaaaaaa"

static void addresses(void **state)
{
	static const struct {
		const char *url, *shown, *path, *site, *user, *password;
	} good[] = {
		{ "git://host/a/b.git", "git://host/a/b.git", NULL, NULL, NULL, NULL },
		{ "git://[::1]:9/~me/x", "git://[::1]:9/~me/x", NULL, NULL, NULL, NULL },
		{ "git://me:pw@host/x", "git://host/x", NULL, NULL, NULL, NULL },
		{ "ssh://me:pw@host:22/x", "ssh://me@host:22/x", NULL, NULL, NULL, NULL },
		{ "me@host:x/y", "me@host:x/y", NULL, NULL, NULL, NULL },
		{ "me@[::1]:/x", "me@[::1]:/x", NULL, NULL, NULL, NULL },
		{ "HTTPS://host/x//", "HTTPS://host/x", NULL, NULL, NULL, NULL },
		{ "http://u:p%40%3a@host:8/x", "http://host:8/x", NULL, "http://host:8", "u", "p@:" },
		{ "https://to:k:en@host/x", "https://host/x", NULL, "https://host", "to", "k:en" },
		{ "https://token@host/x", "https://host/x", NULL, "https://host", "token", NULL },
		{ "https://a@b@host/x", "https://host/x", NULL, "https://host", "a@b", NULL },
		{ "file:///a%41", "file:///a%41", "/aA", NULL, NULL, NULL },
		{ "file://localhost/a", "file://localhost/a", "/a", NULL, NULL, NULL },
		{ "/a:b", "/a:b", "/a:b", NULL, NULL, NULL },
		{ "./a::b", "./a::b", "./a::b", NULL, NULL, NULL },
		{ "linux", "linux", "linux", NULL, NULL, NULL },
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
					   "-u://h/x",
					   "--upload-pack=x",
					   "-",
					   "ext::true",
					   "http://h/x?y",
					   "http:///x",
					   "http://a%0ab:c@h/x",
					   "http://a:b%00@h/x",
					   "file://h/x",
					   "git://h%0ax/y" };

	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		auto_git_address struct git_address a = { 0 };
		struct err e = { 0 };

		if (git_address(&a, good[i].url, &e) < 0)
			fail_msg("%s: %s", good[i].url, e.msg);
		assert_string_equal(a.shown, good[i].shown);
		assert_int_equal(a.local, good[i].path != NULL);
		assert_string_equal(a.path ? a.path : "-", good[i].path ? good[i].path : "-");
		assert_string_equal(a.site ? a.site : "-", good[i].site ? good[i].site : "-");
		assert_string_equal(a.user ? a.user : "-", good[i].user ? good[i].user : "-");
		assert_string_equal(a.password ? a.password : "-", good[i].password ? good[i].password : "-");
	}
	for (size_t i = 0; i < countof(bad); i++) {
		struct git_address a;
		struct err e = { 0 };

		if (git_address(&a, bad[i], &e) == 0)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(e.code, X_USAGE);
	}
}

static int parse(struct git_refs *r, const char *text, struct err *e)
{
	return git_refs_parse(r, text, strlen(text), e);
}

static void names(void **state)
{
	auto_refs struct git_refs r = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(parse(&r,
			       "ref: refs/heads/x\tHEAD\n" A "\tHEAD\n" A "\trefs/heads/x\n" B "\trefs/tags/v1\n" A
			       "\trefs/tags/v1^{}\n" LONG_A " refs/heads/long",
			       &e),
			 0);
	assert_int_equal(r.n, 4);
	assert_string_equal(r.head, "refs/heads/x");
	assert_string_equal(git_ref_commit(git_refs_find(&r, "v1")), A);
	assert_string_equal(git_refs_find(&r, "v1")->oid, B);
	assert_string_equal(git_refs_find(&r, "long")->oid, LONG_A);
	assert_string_equal(git_refs_with(&r, A)->name, "HEAD");
	assert_null(git_refs_find(&r, "v2"));
}

static void hostile_names(void **state)
{
	static const char *const cases[] = {
		"nonsense",
		A,
		A "\t",
		"x" A "\trefs/heads/x",
		A "a\trefs/heads/x",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\trefs/heads/x",
		A "\trefs/heads/\033[2J",
		A "\trefs/heads/a b",
		A "\trefs/heads/\xc2\x9b",
		A "\trefs/heads/\xff",
		A "\trefs/tags/v1^{}",
		A "\trefs/tags/v1\n" B "\trefs/tags/v2^{}",
		A "\trefs/tags/v1\nshort\trefs/tags/v1^{}",
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_refs struct git_refs r = { 0 };
		struct err e = { 0 };

		if (parse(&r, cases[i], &e) == 0)
			fail_msg("%s: was taken", cases[i]);
		assert_int_equal(e.code, X_NETWORK);
	}
	auto_refs struct git_refs r = { 0 };
	auto_free char *text = xasprintf(A "\trefs/heads/%01500d", 7);
	struct err e = { 0 };

	assert_true(parse(&r, text, &e) < 0);
	assert_true(git_refs_parse(&r, A "\trefs/heads/a\0b", 54, &e) < 0);
}

static void near_names(void **state)
{
	static const char all[] =
		"ref: refs/heads/master\tHEAD\n" A "\tHEAD\n" A "\trefs/heads/master\n" A
		"\trefs/heads/sched_ext/for-6.20\n" A "\trefs/tags/v6.12\n" A "\trefs/tags/v6.12-rc1\n" A
		"\trefs/heads/next\n" A "\trefs/tags/next\n" A "\trefs/pull/1/head\n";
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
	auto_refs struct git_refs r = { 0 }, other = { 0 };
	struct err e = { 0 };

	(void)state;
	assert_int_equal(parse(&r, all, &e), 0);
	for (size_t i = 0; i < countof(cases); i++) {
		git_refs_none(&r, cases[i].ref, "url", &e);
		assert_int_equal(e.code, X_NO_INPUT);
		if (!strstr(e.msg, cases[i].text))
			fail_msg("%s", e.msg);
	}
	/* A branch before a tag of the same name. */
	assert_string_equal(git_refs_find(&r, "next")->name, "refs/heads/next");
	assert_string_equal(git_refs_find(&r, "tags/next")->name, "refs/tags/next");
	assert_int_equal(parse(&other, LONG_A "\trefs/heads/x", &e), 0);
	git_refs_none(&other, A, "url", &e);
	assert_non_null(strstr(e.msg, "all its 64 digits"));
}

static void ids(void **state)
{
	char id[GIT_ID];

	(void)state;
	assert_true(git_full_id("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", id));
	assert_string_equal(id, A);
	assert_true(git_full_id(LONG_A, id));
	assert_string_equal(id, LONG_A);
	assert_false(git_full_id("aaaa", id));
	assert_false(git_full_id("gaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", id));
	assert_false(git_full_id(A "a", id));
	assert_false(git_full_id(LONG_A "a", id));
}

static void progress(void **state)
{
	static const struct {
		const char *line, *what;
		unsigned long done, total;
		uint64_t bytes;
	} good[] = {
		{ "Receiving objects:  45% (450/1000), 1.50 MiB | 2.00 MiB/s", "Receiving objects", 450, 1000,
		  3 << 19 },
		{ "Receiving objects: 100% (7/7), 512 bytes | 512.00 KiB/s, done.", "Receiving objects", 7, 7, 512 },
		{ "Resolving deltas:   0% (0/12)", "Resolving deltas", 0, 12, 0 },
		{ "Receiving objects:   1% (1/100), 2.00 GiB | 1 KiB/s", "Receiving objects", 1, 100,
		  (uint64_t)2 << 30 },
	};
	static const char *const bad[] = { "",
					   "remote: Counting objects:  45% (450/1000)",
					   "Receiving objects:  45%",
					   "Receiving objects: 45% (x/y)",
					   "Receiving objects: 45% (9/3)",
					   "Receiving\033 objects: 45% (1/3)",
					   ": 45% (1/3)",
					   "fatal: early EOF" };

	(void)state;
	for (size_t i = 0; i < countof(good); i++) {
		struct git_progress p;

		assert_true(git_progress_parse(good[i].line, strlen(good[i].line), &p));
		assert_string_equal(p.what, good[i].what);
		assert_int_equal(p.done, good[i].done);
		assert_int_equal(p.total, good[i].total);
		assert_int_equal(p.bytes, good[i].bytes);
	}
	for (size_t i = 0; i < countof(bad); i++) {
		struct git_progress p;

		if (git_progress_parse(bad[i], strlen(bad[i]), &p))
			fail_msg("%s: was taken", bad[i]);
	}
}

static void reasons(void **state)
{
	static const struct {
		const char *said; /* lines */
		int code;
		const char *text;
	} cases[] = {
		{ "", X_NETWORK, "otherwise" },
		{ "fatal: repository 'http://h/x/' not found", X_NO_INPUT, "repository 'http://h/x/' not found" },
		{ "fatal: unable to connect to h:\nh[0: 127.0.0.1]: errno=Connection refused\n", X_NETWORK,
		  "unable to connect to h: h[0: 127.0.0.1]: errno=Connection refused" },
		{ "Welcome\nPermission denied (publickey).\nfatal: Could not read from remote repository.\n\n"
		  "Please make sure you have the correct access rights\nand the repository exists.",
		  X_NETWORK, "Permission denied (publickey)." },
		{ "fatal: Could not read from remote repository.\n\nPlease make sure", X_NETWORK,
		  "Could not read from remote repository." },
		{ "fatal: remote error: upload-pack: not our ref " A, X_NO_INPUT, "not our ref " A },
		{ "error: Server does not allow request for unadvertised object " A, X_NO_INPUT,
		  "unadvertised object" },
		{ "error: cannot run /x: No such file or directory\nfatal: unable to fork", X_NO_TOOL,
		  "cannot run /x" },
		{ "error: RPC failed; curl 18 x\nfetch-pack: unexpected disconnect while reading sideband packet\n"
		  "fatal: early EOF\nfatal: fetch-pack: invalid index-pack output",
		  X_NETWORK, "disconnect" },
		{ "error: object " A ": hasDotgit: contains '.git'\nfatal: fsck error in packed object\n"
		  "fatal: fetch-pack: invalid index-pack output",
		  X_BAD_ARCHIVE, "fsck error" },
		{ "fatal: write error: No space left on device\nfatal: early EOF", X_DISK_FULL, "No space left" },
		{ "remote: No space left on device\nfatal: the remote end hung up unexpectedly", X_NETWORK,
		  "No space left" },
		{ "fatal: transport 'ext' not allowed", X_USAGE, "transport 'ext' not allowed" },
		{ "fatal: could not read Username for 'https://me:pw@h': x", X_NETWORK, "for 'https://h': x" },
		{ "fatal: \033]0;x\007\xc2\x9b", X_NETWORK, "]0;x" },
		{ "fatal: \xa0  ", X_NETWORK, "otherwise" },
		{ "error: why\nfatal: remote error: ", X_NETWORK, "why" },
		{ "hint: use this\nfatal: x\nhint: and that", X_NETWORK, "x" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct git_said s = { .n = 0 };
		struct err e = { 0 };

		for (const char *p = cases[i].said, *end; *p; p = *end ? end + 1 : end) {
			end = p + strcspn(p, "\n");
			git_said_add(&s, p, (size_t)(end - p));
		}
		assert_int_equal(git_said_err(&s, X_NETWORK, "otherwise", &e), -1);
		if (e.code != cases[i].code || !strstr(e.msg, cases[i].text))
			fail_msg("%s: %d %s", cases[i].said, e.code, e.msg);
		assert_null(strpbrk(e.msg, "\033\007\n"));
		assert_null(strstr(e.msg, "pw"));
	}
}

static void tree_objects(void **state)
{
	static const char good[] =
		"100644 a\0aaaaaaaaaaaaaaaaaaaa40000 b\0bbbbbbbbbbbbbbbbbbbb120000 c\0cccccccccccccccccccc"
		"160000 d\0dddddddddddddddddddd100755 e\0eeeeeeeeeeeeeeeeeeee";
	static const struct {
		const char *data;
		size_t n;
	} bad[] = {
		{ "x", 1 },
		{ "100644", 6 },
		{ "100644 ", 7 },
		{ "100644 a", 8 },
		{ "100644 a\0aaaaaaaaaaaaaaaaaaa", 28 },
		{ "100644 \0aaaaaaaaaaaaaaaaaaaa", 28 },
		{ "100644 .GiT\0aaaaaaaaaaaaaaaaaaaa", 32 },
		{ "100644 a/b\0aaaaaaaaaaaaaaaaaaaa", 31 },
		{ "1000644444 a\0aaaaaaaaaaaaaaaaaaaa", 33 },
		{ " a\0aaaaaaaaaaaaaaaaaaaa", 23 },
	};
	struct git_entries t = { .at = good, .end = good + sizeof(good) - 1, .id = 20 };
	struct git_entry entry;
	struct err e = { 0 };
	enum git_entry_kind kinds[] = { GIT_ENTRY_FILE, GIT_ENTRY_FOLDER, GIT_ENTRY_LINK, GIT_ENTRY_MODULE,
					GIT_ENTRY_PROGRAM };

	(void)state;
	for (size_t i = 0; i < countof(kinds); i++) {
		assert_int_equal(git_entries_next(&t, &entry, &e), 1);
		assert_int_equal(entry.kind, kinds[i]);
		assert_int_equal(entry.name[0], 'a' + (int)i);
		assert_int_equal(strlen(entry.id), 40);
	}
	assert_int_equal(git_entries_next(&t, &entry, &e), 0);
	for (size_t i = 0; i < countof(bad); i++) {
		t = (struct git_entries){ .at = bad[i].data, .end = bad[i].data + bad[i].n, .id = 20 };
		if (git_entries_next(&t, &entry, &e) >= 0)
			fail_msg("%zu: was taken", i);
		assert_int_equal(e.code, X_BAD_ARCHIVE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses),  cmocka_unit_test(names),        cmocka_unit_test(hostile_names),
		cmocka_unit_test(near_names), cmocka_unit_test(ids),          cmocka_unit_test(progress),
		cmocka_unit_test(reasons),    cmocka_unit_test(tree_objects),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
