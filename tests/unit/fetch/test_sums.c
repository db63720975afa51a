/* Lists of checksums: the parser, where they come from, whose signature is believed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "process/spawn.h"
#include "scratch.h"
#include "fetch/tarball/sums.h"
#include "fetch/tarball/tarball.h"
#include "store/store.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define LOW_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define BEGIN "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
#define SIGNATURE "-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\n"

static void lists(void **state)
{
	static const struct {
		const char *text;
		int r;
		const char *hex; /* or a word of the error */
	} cases[] = {
		{ A "  x\n", SUMS_FOUND, A },
		{ A "  x", SUMS_FOUND, A },
		{ B " *x\r\n", SUMS_FOUND, LOW_B },
		{ A "  xx\n" B "  x\n", SUMS_FOUND, LOW_B },
		{ A "  x\n" A "  x\n", SUMS_FOUND, A },
		{ A "  xy\n", SUMS_ABSENT, "" },
		{ BEGIN A "  x\n" SIGNATURE, SUMS_FOUND, A },
		{ BEGIN A "  x\n\n" SIGNATURE "\n", SUMS_FOUND, A },
		{ BEGIN A "  y\n" SIGNATURE, SUMS_ABSENT, "" },
		{ BEGIN A "  y\n" SIGNATURE A "  x\n", -1, "behind the signature" },
		{ A "  x\n" BEGIN A "  y\n" SIGNATURE, -1, "line 2 of" },
		{ BEGIN A "  x\n", -1, "without a signature" },
		{ BEGIN A "  x\n-----BEGIN PGP SIGNATURE-----\n", -1, "before its signature ends" },
		{ A "  x\n" SIGNATURE, -1, "line 2 of" },
		{ BEGIN SIGNATURE, -1, "without a checksum" },
		{ "-----BEGIN PGP SIGNED MESSAGE-----\n" A "  x\n" SIGNATURE, -1, "header" },
		{ "-----BEGIN PGP SIGNED MESSAGE-----", -1, "header" },
		{ A "  x\n" B "  x\n", -1, "another checksum" },
		{ "", -1, "without a checksum" },
		{ "\n\n", -1, "without a checksum" },
		{ "<html>\n", -1, "line 1 of" },
		{ A "  a/x\n", -1, "is none" },
		{ A "  a x\n", -1, "is none" },
		{ A "   x\n", -1, "is none" },
		{ A " x\n", -1, "is none" },
		{ A "  \n", -1, "is none" },
		{ A "a  x\n", -1, "is none" },
		{ "g" A "\n", -1, "is none" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		char hex[65] = "";
		struct err e = { 0 };
		int r = sums_find(cases[i].text, strlen(cases[i].text), "x", hex, &e);

		if (r != cases[i].r)
			fail_msg("%s: %d, '%s'", cases[i].text, r, e.msg);
		assert_int_equal(e.code, r < 0 ? X_NETWORK : 0);
		if (r >= 0)
			assert_string_equal(hex, cases[i].hex);
		else if (!strstr(e.msg, cases[i].hex))
			fail_msg("%s: %s", cases[i].text, e.msg);
	}
	char hex[65], nul[] = A "  x\n" A "  y\0z\n";
	struct err e = { 0 };

	assert_int_equal(sums_find(nul, sizeof(nul) - 1, "x", hex, &e), -1);
	assert_int_equal(sums_find("", SUMS_MAX + 1UL, "x", hex, &e), -1);
}

static void newest_of_a_series(void **state)
{
	static const char list[] =
		"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n" A "  linux-6.1.9.tar.xz\n" A
		"  linux-6.1.10.tar.xz\n" A "  linux-6.1.11.tar.gz\n" A "  linux-6.1.12-rc1.tar.xz\n" A
		"  linux-6.12.99.tar.xz\n" A "  linux-6.2.tar.xz\n" A "  linux-.tar.xz\n" A
		"  linux-6.1.111111111111111111111111111111111111.tar.xz\n" A "  x\n";
	static const char *const cases[][2] = {
		{ "6.1.99", "6.1.10" }, { "6.12", "6.12.99" }, { "6.2.7", "6.2" }, { "6.3.1", "" }, { "nonsense", "" },
	};
	char newest[32];

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		sums_newest(list, sizeof(list) - 1, cases[i][0], newest);
		assert_string_equal(newest, cases[i][1]);
	}
	sums_newest("", 0, "6.1.1", newest);
	assert_string_equal(newest, "");
}

static void places(void **state)
{
	static const struct {
		const char *version, *mirror, *rc, *url, *sums;
	} cases[] = {
		{ "6.12.117", NULL, NULL, "https://cdn.kernel.org/pub/linux/kernel/v6.x/linux-6.12.117.tar.xz",
		  "https://cdn.kernel.org/pub/linux/kernel/v6.x/sha256sums.asc" },
		{ "7.0", "", "", "https://cdn.kernel.org/pub/linux/kernel/v7.x/linux-7.0.tar.xz",
		  "https://cdn.kernel.org/pub/linux/kernel/v7.x/sha256sums.asc" },
		{ "6.15-rc3", "http://m", NULL, "https://git.kernel.org/torvalds/t/linux-6.15-rc3.tar.gz", NULL },
		{ "6.15-rc3", NULL, "file:///m/", "file:///m/linux-6.15-rc3.tar.gz", NULL },
		{ "6.12.1", "http://m/k//", NULL, "http://m/k/v6.x/linux-6.12.1.tar.xz",
		  "http://m/k/v6.x/sha256sums.asc" },
		{ "6.12.1", "/srv/mirror", NULL, NULL, "KTSTR_KERNEL_MIRROR" },
		{ "6.15-rc3", NULL, "ftp://m", NULL, "KTSTR_RC_MIRROR" },
		{ "6", NULL, NULL, NULL, "not a kernel version" },
		{ "6.12/../..", NULL, NULL, NULL, "not a kernel version" },
		{ "next-20260101", NULL, NULL, NULL, "not a kernel version" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_tarball struct tarball t = { 0 };
		struct err e = { 0 };

		unsetenv("KTSTR_KERNEL_MIRROR");
		unsetenv("KTSTR_RC_MIRROR");
		if (cases[i].mirror)
			setenv("KTSTR_KERNEL_MIRROR", cases[i].mirror, 1);
		if (cases[i].rc)
			setenv("KTSTR_RC_MIRROR", cases[i].rc, 1);
		int r = tarball_where(&t, cases[i].version, &e);

		if (!cases[i].url) {
			assert_int_equal(r, -1);
			assert_int_equal(e.code, X_USAGE);
			assert_non_null(strstr(e.msg, cases[i].sums));
			continue;
		}
		assert_int_equal(r, 0);
		assert_string_equal(t.version, cases[i].version);
		assert_string_equal(t.url, cases[i].url);
		assert_string_equal(t.sums ? t.sums : "", cases[i].sums ? cases[i].sums : "");
		assert_string_equal(t.sha256, "");
	}
}

/* A mirror in {dir}/m, a store in {dir}/st, no keyring but the one that is put into {dir}/config. */
struct site {
	const char *dir;
	struct store st;
	char note[256];
};

static void open_site(struct site *s, const char *dir)
{
	auto_free char *mirror = xasprintf("file://%s/m", dir), *config = xasprintf("%s/config", dir);
	auto_free char *store = xasprintf("%s/st", dir);
	struct err e;

	setenv("KTSTR_KERNEL_MIRROR", mirror, 1);
	setenv("XDG_CONFIG_HOME", config, 1);
	unsetenv("KTSTR_KERNEL_KEYRING");
	unsetenv("KTSTR_RC_MIRROR");
	*s = (struct site){ .dir = dir, .st.dir = -1 };
	assert_int_equal(store_open(&s->st, store, &e), 0);
}

/* The checksum's first digit; or 0, with the error checked. */
static char ask(struct site *s, const char *version, int code, const char *word)
{
	auto_tarball struct tarball t = { 0 };
	struct err e = { 0 };

	memset(s->note, 'x', sizeof(s->note));
	assert_int_equal(tarball_where(&t, version, &e), 0);
	int r = tarball_checksum(&s->st, &t, s->note, &e);

	if (r != (code ? -1 : 0) || (code && (e.code != code || !strstr(e.msg, word))))
		fail_msg("%s: %d, code %d, '%s' instead of code %d with '%s'", version, r, e.code, e.msg, code, word);
	return r ? '\0' : t.sha256[0];
}

static unsigned kept(const struct site *s)
{
	const char *const argv[] = { "find", ".", "-type", "f", NULL };
	auto_free char *dir = xasprintf("%s/st/sums", s->dir);
	struct spawn find = { .argv = argv, .cwd = dir };
	auto_free char *text = NULL;
	struct err e;
	unsigned n = 0;
	int status;

	if (!file_exists(dir))
		return 0;
	assert_int_equal(spawn_capture(&find, false, 4096, 10000, &text, NULL, &status, &e), 0);
	for (const char *p = text; (p = strchr(p, '\n')); p++)
		n++;
	return n;
}

static void cached_and_asked_again(void **state)
{
	auto_free char *mirror = xasprintf("%s/m", (char *)*state);
	struct site s;
	struct err e;

	open_site(&s, *state);
	ask(&s, "6.1.1", X_NO_INPUT, "list of checksums");
	assert_int_equal(kept(&s), 0);
	scratch_text(s.dir, "m/v6.x/sha256sums.asc", "<html>");
	ask(&s, "6.1.1", X_NETWORK, "what should be a list");
	assert_int_equal(kept(&s), 0);
	scratch_text(s.dir, "m/v6.x/sha256sums.asc", A "  linux-6.1.1.tar.xz\n");
	assert_int_equal(ask(&s, "6.1.1", 0, ""), 'a');
	assert_non_null(strstr(s.note, "no keyring"));
	assert_int_equal(kept(&s), 1);
	/* A newer one is not in the list we have. */
	scratch_text(s.dir, "m/v6.x/sha256sums.asc", A "  linux-6.1.1.tar.xz\n" B "  linux-6.1.2.tar.xz\n");
	assert_int_equal(ask(&s, "6.1.2", 0, ""), 'b');
	ask(&s, "6.1.3", X_NO_INPUT, "no release 6.1.3");
	ask(&s, "6.1.4", X_NO_INPUT, "the newest of that series is 6.1.2");
	ask(&s, "6.7.1", X_NO_INPUT, "nor another of that series");
	/* What is known needs no mirror; what is damaged is asked for again. */
	assert_int_equal(rmtree(AT_FDCWD, mirror, &e), 0);
	assert_int_equal(ask(&s, "6.1.1", 0, ""), 'a');
	ask(&s, "6.1.3", X_NO_INPUT, "No such file");
	assert_int_equal(ask(&s, "6.1.2", 0, ""), 'b');
	/* And a list that was wrong once as well. */
	auto_tarball struct tarball t = { 0 };

	assert_int_equal(tarball_where(&t, "6.1.1", &e), 0);
	assert_int_equal(tarball_checksum_forget(&s.st, &t, &e), 0);
	assert_int_equal(tarball_checksum_forget(&s.st, &t, &e), 0);
	ask(&s, "6.1.1", X_NO_INPUT, "No such file");
	assert_int_equal(ask(&s, "6.2-rc1", 0, ""), '\0');
	assert_non_null(strstr(s.note, "without checksums"));
	store_close(&s.st);
}

static void must_run(const char *dir, const char *const *argv, const char *input)
{
	auto_free char *home = xasprintf("GNUPGHOME=%s/gpg", dir);
	const char *const env[] = { home, NULL };
	auto_free char *text = NULL;
	auto_close int in = input ? open(input, O_RDONLY | O_CLOEXEC) : -1;
	struct spawn s = { .argv = argv, .env = env, .cwd = dir, .in = in >= 0 ? in : SPAWN_NULL };
	struct err e = { 0 };
	int status = -1;

	if (spawn_capture(&s, true, 65536, 120000, &text, NULL, &status, &e) < 0 || status)
		fail_msg("%s: %s%s", argv[0], e.msg, text ? text : "");
}

#define RUN(dir, ...) must_run(dir, (const char *const[]){ __VA_ARGS__, NULL }, NULL)

static void make_key(const char *dir, const char *name)
{
	auto_free char *ring = xasprintf("%s.gpg", name), *armor = xasprintf("%s.asc", name);

	RUN(dir, "gpg", "--batch", "--quiet", "--passphrase", "", "--quick-gen-key", name, "ed25519", "sign", "never");
	RUN(dir, "gpg", "--batch", "--quiet", "--output", ring, "--export", name);
	RUN(dir, "gpg", "--batch", "--quiet", "--armor", "--output", armor, "--export", name);
}

static void sign(const char *dir, const char *key, const char *text)
{
	scratch_text(dir, "list", text);
	RUN(dir, "gpg", "--batch", "--quiet", "--yes", "--local-user", key, "--output", "m/v6.x/sha256sums.asc",
	    "--clear-sign", "list");
}

static void edit(const char *dir, const char *before, const char *after)
{
	auto_free char *path = xasprintf("%s/m/v6.x/sha256sums.asc", dir), *text = NULL;
	struct err e;
	size_t n;

	assert_int_equal(file_read(AT_FDCWD, path, 65536, &text, &n, &e), 0);
	auto_free char *new = xasprintf("%s%s%s", before, text, after);

	scratch_text(dir, "m/v6.x/sha256sums.asc", new);
}

static void flip(const char *dir)
{
	auto_free char *path = xasprintf("%s/m/v6.x/sha256sums.asc", dir), *text = NULL;
	struct err e;
	size_t n;

	assert_int_equal(file_read(AT_FDCWD, path, 65536, &text, &n, &e), 0);
	*strchr(strstr(text, "\n\n"), 'a') = 'c';
	scratch_file(dir, "m/v6.x/sha256sums.asc", text, n);
}

static void copy_keyring(const char *dir, const char *name)
{
	auto_free char *to = xasprintf("%s/config/ktstr/kernel.org.gpg", dir);

	scratch_text(dir, "config/ktstr/x", "");
	RUN(dir, "cp", name, to);
}

/* One list after the other, each into an empty store. */
static void signatures(void **state)
{
	static const char one[] = A "  linux-6.1.1.tar.xz\n";
	const char *dir = *state;
	auto_free char *ring = xasprintf("%s/ours.gpg", dir), *path = NULL;
	auto_free char *gpg = xasprintf("%s/gpg", dir), *sums = xasprintf("%s/st/sums", dir);
	struct site s;
	struct err e;

	assert_int_equal(mkdir_p(AT_FDCWD, gpg, 0700, &e), 0);
	scratch_text(dir, "m/v6.x/x", "");
	make_key(dir, "ours");
	make_key(dir, "theirs");
	open_site(&s, dir);

	/* Without a keyring a signed list is a list. */
	sign(dir, "ours", one);
	assert_int_equal(ask(&s, "6.1.1", 0, ""), 'a');
	assert_non_null(strstr(s.note, "no keyring"));

	/* A keyring that comes later is used for the list that is there. */
	copy_keyring(dir, "ours.gpg");
	assert_int_equal(ask(&s, "6.1.1", 0, ""), 'a');
	assert_string_equal(s.note, "");
	copy_keyring(dir, "theirs.gpg");
	ask(&s, "6.1.1", X_CHECKSUM, "No public key");
	copy_keyring(dir, "ours.asc");
	ask(&s, "6.1.1", X_NO_INPUT, "--dearmor");
	copy_keyring(dir, "ours.gpg");

	flip(dir);
	assert_int_equal(ask(&s, "6.1.1", 0, ""), 'a'); /* the good one is still here */
	assert_int_equal(rmtree(AT_FDCWD, sums, &e), 0);
	ask(&s, "6.1.1", X_CHECKSUM, "BAD signature");
	assert_int_equal(kept(&s), 0);
	scratch_text(dir, "m/v6.x/sha256sums.asc", one);
	ask(&s, "6.1.1", X_CHECKSUM, "signature is refused");
	assert_int_equal(kept(&s), 0);

	/* Nothing counts that stands around what was signed. */
	sign(dir, "ours", one);
	edit(dir, B "  linux-6.1.2.tar.xz\n", B "  linux-6.1.3.tar.xz\n");
	ask(&s, "6.1.2", X_NO_INPUT, "no release 6.1.2");
	ask(&s, "6.1.3", X_NO_INPUT, "no release 6.1.3");
	assert_int_equal(ask(&s, "6.1.1", 0, ""), 'a');

	/* A keyring that is named has to be there. */
	setenv("KTSTR_KERNEL_KEYRING", "/nowhere/ring", 1);
	ask(&s, "6.1.1", X_NO_INPUT, "KTSTR_KERNEL_KEYRING=/nowhere/ring");
	setenv("KTSTR_KERNEL_KEYRING", ring, 1);
	assert_int_equal(sums_keyring(&path, &e), SUMS_KEYRING);
	assert_string_equal(path, ring);
	assert_int_equal(ask(&s, "6.1.1", 0, ""), 'a');

	/* Without gpgv that is said, and no more. */
	auto_free char *tools = xstrdup(getenv("PATH"));

	setenv("PATH", dir, 1);
	ask(&s, "6.1.1", X_NETWORK, "line 2 of what should be a list");
	setenv("PATH", tools, 1);
	sign(dir, "ours", one);
	setenv("PATH", dir, 1);
	assert_int_equal(ask(&s, "6.1.1", 0, ""), 'a');
	assert_non_null(strstr(s.note, "gpgv is not installed"));
	setenv("PATH", tools, 1);
	RUN(dir, "gpgconf", "--kill", "all");
	store_close(&s.st);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists),  cmocka_unit_test(newest_of_a_series),
		cmocka_unit_test(places), in_scratch(cached_and_asked_again),
		in_scratch(signatures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
