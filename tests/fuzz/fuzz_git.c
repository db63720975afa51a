/* fuzz_git.c: what git prints, which servers have a say in, and tree objects: names that stay harmless, text that a terminal
 * does not obey. The first byte chooses. */
#include "fuzz.h"

#include "text/utf8.h"
#include "fetch/git/entries.h"
#include "fetch/git/refs.h"
#include "fetch/git/said.h"

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char refs[] =
		"rref: refs/heads/master\tHEAD\n" ID "\tHEAD\n" ID "\trefs/tags/v6.12\n" ID "\trefs/tags/v6.12^{}\n";
	static const char said[] =
		"sremote: Counting objects: 1, done.\nReceiving objects:  45% (450/1000), 1.20 MiB | 2.00 MiB/s\n"
		"fatal: unable to access 'https://u:p@host/x/': The requested URL returned error: 503\n";
	static const char tree[] = "t100644 a\0aaaaaaaaaaaaaaaaaaaa40000 b\0bbbbbbbbbbbbbbbbbbbb";

	(void)argc, (void)argv;
	fuzz_seed("refs", refs, sizeof(refs) - 1);
	fuzz_seed("said", said, sizeof(said) - 1);
	fuzz_seed("tree", tree, sizeof(tree) - 1);
	return 0;
}

static bool plain(const char *s)
{
	for (size_t n = strlen(s), len; n; s += len, n -= len) {
		len = utf8_len(s, n);
		if (!len || (unsigned char)*s < ' ' || *s == 127 ||
		    (len == 2 && (unsigned char)s[0] == 0xc2 && (unsigned char)s[1] < 0xa0))
			return false;
	}
	return true;
}

static void refs(const char *text, size_t n)
{
	auto_refs struct git_refs r = { 0 };
	struct err e = { 0 };

	if (git_refs_parse(&r, text, n, &e) < 0)
		must_say_why(&e);
	MUST(!r.head || plain(r.head));
	for (size_t i = 0; i < r.n; i++) {
		MUST(git_is_oid(r.v[i].oid, strlen(r.v[i].oid)) && plain(r.v[i].name));
		MUST(!*r.v[i].peeled || git_is_oid(r.v[i].peeled, strlen(r.v[i].peeled)));
	}
	MUST(git_refs_none(&r, "v6.13", "url", &e) < 0);
	must_say_why(&e);
}

static void said(const char *text, size_t n)
{
	struct git_said s = { .n = 0 };
	struct err e = { 0 };

	for (size_t at = 0, len; at < n; at += len + 1) {
		const char *end = memchr(text + at, '\n', n - at);
		struct git_progress p;

		len = end ? (size_t)(end - text) - at : n - at;
		if (git_progress_parse(text + at, len, &p))
			MUST(p.done <= p.total && plain(p.what));
		else
			git_said_add(&s, text + at, len);
	}
	MUST(git_said_err(&s, X_NETWORK, "otherwise", &e) == -1);
	must_say_why(&e);
	MUST(plain(e.msg));
}

static void tree(const char *data, size_t n)
{
	struct git_entries t = { .at = data, .end = data + n, .id = n % 2 ? 20 : 32 };
	struct git_entry entry;
	struct err e = { 0 };
	int r;

	while ((r = git_entries_next(&t, &entry, &e)) > 0)
		MUST(git_is_oid(entry.id, strlen(entry.id)) && *entry.name && !strchr(entry.name, '/') &&
		     strcmp(entry.name, ".."));
	if (r < 0)
		must_say_why(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	auto_free char *text = n ? xmemdup(data + 1, n - 1) : NULL;

	if (!n)
		return 0;
	(*data == 'r' ? refs : *data == 's' ? said : tree)(text, n - 1);
	return 0;
}
