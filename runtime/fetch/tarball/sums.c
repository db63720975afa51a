#include "fetch/tarball/sums.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "base/syscalls.h"
#include "text/kver.h"

enum { HEX = 64, LINE_MAX_LEN = 512, SAID_MAX = 4096, GPGV_MS = 60 * 1000 };

struct line {
	const char *p;
	size_t n;
};

struct lines {
	const char *p, *end;
	unsigned no;
};

static bool next_line(struct lines *l, struct line *out)
{
	if (l->p == l->end)
		return false;
	const char *nl = memchr(l->p, '\n', (size_t)(l->end - l->p));

	*out = (struct line){ l->p, (size_t)((nl ? nl : l->end) - l->p) };
	l->p = nl ? nl + 1 : l->end;
	l->no++;
	while (out->n && strchr("\r \t", out->p[out->n - 1]))
		out->n--;
	return true;
}

static bool is(const struct line *l, const char *text)
{
	return l->n == strlen(text) && !memcmp(l->p, text, l->n);
}

static int no_list(const struct lines *l, const char *why, struct err *e)
{
	return err_set(e, X_NETWORK, "line %u of what should be a list of checksums %s", l->no, why);
}

/* From behind "BEGIN PGP SIGNED MESSAGE": headers up to an empty line. */
static int skip_headers(struct lines *l, struct err *e)
{
	struct line line;

	while (next_line(l, &line)) {
		if (!line.n)
			return 0;
		if (!memmem(line.p, line.n, ": ", 2))
			break;
	}
	return no_list(l, "is not a header of a signed text", e);
}

/* From behind "BEGIN PGP SIGNATURE" to the end; gpgv judges what is in it. */
static int skip_signature(struct lines *l, struct err *e)
{
	struct line line;
	bool ended = false;

	while (next_line(l, &line)) {
		if (ended && line.n)
			return no_list(l, "stands behind the signature", e);
		ended = ended || is(&line, "-----END PGP SIGNATURE-----");
	}
	return ended ? 0 : no_list(l, "ends it before its signature ends", e);
}

static bool is_sum(const struct line *l)
{
	if (l->n < HEX + 3 || l->n > LINE_MAX_LEN || l->p[HEX] != ' ' || !strchr(" *", l->p[HEX + 1]))
		return false;
	for (size_t i = 0; i < HEX; i++)
		if (!memchr("0123456789abcdefABCDEF", l->p[i], 22))
			return false;
	for (size_t i = HEX + 2; i < l->n; i++)
		if ((unsigned char)l->p[i] <= ' ' || l->p[i] == 0x7f || l->p[i] == '/')
			return false;
	return true;
}

static void copy_hex(char hex[65], const char *from)
{
	for (size_t i = 0; i < HEX; i++)
		hex[i] = from[i] >= 'A' && from[i] <= 'F' ? (char)(from[i] | 0x20) : from[i];
	hex[HEX] = '\0';
}

int sums_find(const void *text, size_t n, const char *name, char hex[65], struct err *e)
{
	struct lines l = { .p = text, .end = (const char *)text + n };
	char found[HEX + 1] = "", one[HEX + 1];
	bool is_signed = false;
	struct line line;
	unsigned sums = 0;

	if (n > SUMS_MAX)
		return err_set(e, X_NETWORK, "%zu bytes are more than a list of checksums can have", n);
	while (next_line(&l, &line)) {
		if (l.no == 1 && is(&line, "-----BEGIN PGP SIGNED MESSAGE-----")) {
			if (skip_headers(&l, e) < 0)
				return -1;
			is_signed = true;
			continue;
		}
		if (is_signed && is(&line, "-----BEGIN PGP SIGNATURE-----")) {
			if (skip_signature(&l, e) < 0)
				return -1;
			is_signed = false;
			break;
		}
		if (!line.n)
			continue;
		if (!is_sum(&line))
			return no_list(&l, "is none", e);
		sums++;
		if (line.n - HEX - 2 != strlen(name) || memcmp(line.p + HEX + 2, name, strlen(name)) != 0)
			continue;
		copy_hex(one, line.p);
		if (*found && strcmp(found, one) != 0)
			return no_list(&l, "has another checksum than a line before it for the same file", e);
		strcpy(found, one);
	}
	if (is_signed || !sums)
		return no_list(&l, is_signed ? "ends it without a signature" : "ends it without a checksum", e);
	if (*found)
		strcpy(hex, found);
	return *found ? SUMS_FOUND : SUMS_ABSENT;
}

void sums_newest(const void *text, size_t n, const char *version, char newest[32])
{
	static const char before[] = "linux-", behind[] = ".tar.xz";
	enum { BEFORE = sizeof(before) - 1, BEHIND = sizeof(behind) - 1 };
	struct lines l = { .p = text, .end = (const char *)text + n };
	struct kver series, best = { 0 }, v;
	struct line line;

	*newest = '\0';
	if (!kver_parse(&series, version))
		return;
	while (next_line(&l, &line)) {
		const char *name = line.p + HEX + 2;
		char one[32];
		size_t len;

		if (!is_sum(&line) || line.n <= HEX + 2 + BEFORE + BEHIND)
			continue;
		len = line.n - HEX - 2 - BEFORE - BEHIND;
		if (len >= sizeof(one) || memcmp(name, before, BEFORE) != 0 ||
		    memcmp(name + BEFORE + len, behind, BEHIND) != 0)
			continue;
		memcpy(one, name + BEFORE, len);
		one[len] = '\0';
		if (!kver_parse(&v, one) || v.rc || !kver_same_series(&v, &series) ||
		    (*newest && v.patch <= best.patch))
			continue;
		best = v;
		strcpy(newest, one);
	}
}

static char *usual_keyring(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	if (config && *config == '/')
		return xasprintf("%s/ktstr/kernel.org.gpg", config);
	return home && *home == '/' ? xasprintf("%s/.config/ktstr/kernel.org.gpg", home) : NULL;
}

int sums_keyring(char **path, struct err *e)
{
	const char *named = getenv("KTSTR_KERNEL_KEYRING");
	char real[PATH_MAX];

	if (named && *named) {
		if (!realpath(named, real) || access(real, R_OK) < 0) {
			err_sys(e, "KTSTR_KERNEL_KEYRING=%s", named);
			e->code = X_NO_INPUT;
			return -1;
		}
		*path = xstrdup(real);
		return SUMS_KEYRING;
	}
	auto_free char *usual = usual_keyring();

	if (!usual || access(usual, R_OK) < 0)
		return SUMS_NO_KEYRING;
	*path = TAKE(usual);
	return SUMS_KEYRING;
}

/* gpgv takes a file it cannot read as an empty keyring, and then every signature as one of a stranger. */
static int check_keyring(const char *keyring, struct err *e)
{
	char start[11] = "";
	auto_close int fd = open(keyring, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || read(fd, start, sizeof(start) - 1) < 0) {
		err_sys(e, "open the keyring %s", keyring);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (!strncmp(start, "-----BEGIN", 10))
		return err_set(e, X_NO_INPUT,
			       "the keyring %s is in the form for mails, which gpgv does not read; "
			       "gpg --dearmor makes the other one",
			       keyring);
	return 0;
}

static int file_holding(const char *name, const void *data, size_t n, struct err *e)
{
	auto_close int fd = memory_file(name, 0, n, e);

	if (fd < 0)
		return -1;
	if (write_all(fd, data, n, name, e) < 0)
		return -1;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "seek in %s", name);
	return TAKE_FD(fd);
}

/* The last line of what gpgv said is its reason; those before it tell date and key. */
static int refused(int said, const char *keyring, struct err *e)
{
	char text[SAID_MAX];
	ssize_t n = pread(said, text, sizeof(text) - 1, 0);
	const char *why = NULL, *next;

	text[n > 0 ? n : 0] = '\0';
	for (char *line = text; *line; line = (char *)next) {
		size_t len = strcspn(line, "\n");

		next = line + len + (line[len] == '\n');
		line[len] = '\0';
		if (!why || strstr(line, "BAD") || strstr(line, "No public key") || strstr(line, "no signature") ||
		    strstr(line, "no valid"))
			why = line;
	}
	if (why && !strncmp(why, "gpgv: ", 6))
		why += 6;
	return err_set(e, X_CHECKSUM, "its signature is refused: %s (keyring %s)", why ? why : "gpgv failed", keyring);
}

int sums_verify(const char *text, size_t n, const char *keyring, char **body, size_t *n_body, struct err *e)
{
	const char *const argv[] = { "gpgv", "--keyring", keyring, "--output", "-", NULL };
	static const char *const env[] = { "LC_ALL=C", "LANGUAGE", NULL };
	auto_close int in = -1, said = -1;
	auto_free char *out = NULL;
	size_t n_out;
	int status;

	if (check_keyring(keyring, e) < 0 || (in = file_holding("sums", text, n, e)) < 0 ||
	    (said = file_holding("gpgv", "", 0, e)) < 0)
		return -1;
	struct spawn s = { .argv = argv, .env = env, .in = in, .err = said };

	if (spawn_capture(&s, false, SUMS_MAX, GPGV_MS, &out, &n_out, &status, e) < 0)
		return -1;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return refused(said, keyring, e);
	*body = TAKE(out);
	*n_body = n_out;
	return 0;
}
