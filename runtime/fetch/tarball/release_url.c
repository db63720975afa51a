/* release_url.c: where a version is published, and what its bytes must be. */
#include "fetch/tarball/tarball.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "text/url.h"
#include "text/kver.h"
#include "fetch/http/get.h"
#include "fetch/tarball/sums.h"
#include "text/name.h"
#include "store/error.h"
#include "store/store.h"

enum { NOTE_LEN = 256 };

static int base_url(char **out, const char *variable, const char *usual, struct err *e)
{
	const char *url = getenv(variable);

	if (!url || !*url)
		url = usual;
	if (strncasecmp(url, "https://", 8) != 0 && strncasecmp(url, "http://", 7) != 0 &&
	    strncasecmp(url, "file://", 7) != 0)
		return err_set(e, X_USAGE, "%s=%s is not an https, http or file URL", variable, url);
	*out = xstrdup(url);
	for (size_t n = strlen(url); n && url[n - 1] == '/'; n--)
		(*out)[n - 1] = '\0';
	return 0;
}

int tarball_where(struct tarball *t, const char *version, struct err *e)
{
	auto_free char *base = NULL;
	struct kver v;

	if (!kver_parse(&v, version))
		return err_set(e, X_USAGE, "'%s' is not a kernel version like 6.12.43 or 6.15-rc3", version);
	if (v.rc) {
		if (base_url(&base, "KTSTR_RC_MIRROR", "https://git.kernel.org/torvalds/t", e) < 0)
			return -1;
		*t = (struct tarball){ .url = xasprintf("%s/linux-%s.tar.gz", base, version) };
	} else {
		if (base_url(&base, "KTSTR_KERNEL_MIRROR", "https://cdn.kernel.org/pub/linux/kernel", e) < 0)
			return -1;
		*t = (struct tarball){ .url = xasprintf("%s/v%u.x/linux-%s.tar.xz", base, v.major, version),
				       .sums = xasprintf("%s/v%u.x/sha256sums.asc", base, v.major) };
	}
	t->version = xstrdup(version);
	return 0;
}

void tarball_free(struct tarball *t)
{
	free(t->version);
	free(t->url);
	free(t->sums);
	*t = (struct tarball){ 0 };
}

static char *list_path(const struct tarball *t)
{
	char hex[NAME_LEN + 1];

	name_hex(t->sums, strlen(t->sums), hex);
	return xasprintf("sums/%s.asc", hex);
}

/* As sums_find, in the signed part when there is a keyring to check it with. */
static int look(struct tarball *t, const char *list, size_t n, char note[NOTE_LEN], struct err *e)
{
	const char *name = strrchr(t->url, '/') + 1;
	auto_free char *keyring = NULL, *body = NULL;
	auto_free char *gpgv = spawn_find("gpgv");
	int have = sums_keyring(&keyring, e);

	if (have < 0)
		return -1;
	snprintf(note, NOTE_LEN, "%s",
		 have != SUMS_KEYRING ? "the signature of the checksums was not checked: there is no keyring"
		 : !gpgv              ? "the signature of the checksums was not checked: gpgv is not installed"
				      : "");
	if (!*note) {
		size_t n_body;

		if (sums_verify(list, n, keyring, &body, &n_body, e) < 0)
			return -1;
		return sums_find(body, n_body, name, t->sha256, e);
	}
	return sums_find(list, n, name, t->sha256, e);
}

static int keep(struct store *st, const char *path, const char *list, size_t n, struct err *e)
{
	if (mkdir_p(st->dir, "sums", 0777, e) < 0 || file_write(st->dir, path, list, n, e) < 0)
		return store_err(st, e);
	return 0;
}

static int no_release(const struct tarball *t, const char *list, size_t n, const char *shown, struct err *e)
{
	char newest[32];

	sums_newest(list, n, t->version, newest);
	if (*newest)
		return err_set(e, X_NO_INPUT,
			       "there is no release %s: %s does not have it; the newest of that series is %s",
			       t->version, shown, newest);
	return err_set(e, X_NO_INPUT,
		       "there is no release %s: %s does not have it, nor another of that series (ktstr kernel build "
		       "without a version takes the latest stable one)",
		       t->version, shown);
}

static int look_anew(struct store *st, struct tarball *t, const char *path, char note[NOTE_LEN], struct err *e)
{
	auto_free char *list = NULL;
	auto_free char *shown = url_shown(t->sums);
	size_t n;
	int r = http_text(t->sums, SUMS_MAX, &list, &n, e);

	if (r < 0 && e->code == X_NO_INPUT) {
		struct err cause = *e;

		return err_set(e, X_NO_INPUT,
			       "the list of checksums, without which nothing is unpacked: %s\n  There are no releases "
			       "of that number yet, or this mirror lacks its list.",
			       cause.msg);
	}
	if (r < 0)
		return -1;
	r = look(t, list, n, note, e);
	if (r < 0)
		return err_in(e, "%s", shown);
	if (keep(st, path, list, n, e) < 0)
		return -1;
	return r == SUMS_ABSENT ? no_release(t, list, n, shown, e) : 0;
}

int tarball_checksum(struct store *st, struct tarball *t, char note[NOTE_LEN], struct err *e)
{
	auto_free char *path = NULL, *list = NULL;
	struct err known;
	size_t n;

	if (!t->sums) {
		snprintf(note, NOTE_LEN, "%s", "release candidates are published without checksums");
		return 0;
	}
	path = list_path(t);
	if (file_read(st->dir, path, SUMS_MAX, &list, &n, &known) == 0) {
		int r = look(t, list, n, note, &known);

		if (r == SUMS_FOUND)
			return 0;
		if (r < 0 && known.code != X_CHECKSUM && known.code != X_NETWORK) {
			*e = known;
			return -1;
		}
	}
	return look_anew(st, t, path, note, e);
}

int tarball_checksum_forget(struct store *st, const struct tarball *t, struct err *e)
{
	auto_free char *path = t->sums ? list_path(t) : NULL;

	if (path && unlinkat(st->dir, path, 0) < 0 && errno != ENOENT) {
		err_sys(e, "remove %s", path);
		return store_err(st, e);
	}
	return 0;
}
