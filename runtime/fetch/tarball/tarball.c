/* tarball.c: from a published address to a tree, over a file that is hashed, kept and unpacked while it grows.
 *
 * Whoever holds the lock of a tarball owns its ".part", its draft and the moment its tree appears; all three have names
 * that follow from the lock's, so the next holder finds what a dead one left. */
#include "fetch/tarball/tarball.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/room.h"
#include "base/stop.h"
#include "text/url.h"
#include "fetch/tarball/unpack_thread.h"
#include "fetch/http/get.h"
#include "fetch/tarball/drafts.h"
#include "fetch/rate.h"
#include "fetch/tarball/sha256.h"
#include "store/boot.h"
#include "store/lock.h"
#include "text/name.h"
#include "store/error.h"
#include "store/store.h"
#include <errno.h>
#include <strings.h>
#include <sys/stat.h>

#define MB ((uint64_t)1000000)

enum { PIECE = 256 << 10, WAIT_MS = 100 };

/* The largest so far is a quarter of it. */
static const uint64_t tarball_max = (uint64_t)1 << 30;
/* When the server does not say: a bit more than Linux 6.12. */
static const uint64_t tarball_usual = 160 * MB;

/* How much disk a tree and its objects take per byte of its tarball (ext4). Linux 6.12: 151.9 MB of xz, 1.78 GB of tree,
 * 1.7 GB of objects with ktstr.kconfig. */
static const struct {
	const char *suffix;
	unsigned times;
} kinds[] = { { ".tar.xz", 25 }, { ".tar.gz", 17 }, { ".tar.zst", 23 }, { ".tar.bz2", 21 } };

struct job {
	struct store *st;
	struct tarball *t;
	source_progress *progress;
	char *key;   /* of the lock */
	char *draft; /* below the store */
	char *file;  /* what is read: a ".part", or a kept tarball */
	int fd, dir; /* of file and draft */
	struct unpack_thread *feed;
	struct sha256 *sha;
	uint64_t have, total; /* bytes hashed and in file; what there will be, 0 unknown */
	uint64_t before;      /* bytes an earlier run left */
	bool network;         /* bytes come from outside */
	struct rate in, out;
	struct err bad; /* unpacking failed and we go on for the checksum; code 0: it did not */
};

static void job_end(struct job *j)
{
	unpack_thread_stop(&j->feed);
	if (j->fd >= 0)
		close(TAKE_FD(j->fd));
	if (j->dir >= 0)
		close(TAKE_FD(j->dir));
	sha256_free(&j->sha);
	free(TAKE(j->file));
	free(TAKE(j->draft));
	free(TAKE(j->key));
}
#define auto_job __attribute__((unused, cleanup(job_end)))

static const char *suffix(const struct tarball *t, unsigned *times)
{
	size_t n = strlen(t->url);

	for (size_t i = 0; i < countof(kinds); i++) {
		size_t len = strlen(kinds[i].suffix);

		if (n > len && !strcmp(t->url + n - len, kinds[i].suffix)) {
			*times = kinds[i].times;
			return kinds[i].suffix;
		}
	}
	*times = kinds[0].times;
	return kinds[0].suffix;
}

static char *lock_key(const struct tarball *t)
{
	char hex[NAME_LEN + 1];

	if (*t->sha256)
		return xasprintf("tarball-%s", t->sha256);
	name_hex(t->url, strlen(t->url), hex);
	return xasprintf("tarball-url-%s", hex);
}

static char *kept_name(const struct tarball *t)
{
	unsigned times;

	return xasprintf("tarballs/%s%s", t->sha256, suffix(t, &times));
}

static char *tree_name(const struct tarball *t)
{
	return xasprintf("sources/%s", t->sha256);
}

static char *draft_of(const char *key)
{
	return xasprintf("sources/.%s.draft", key);
}

/* The bar is the unpacker's, who is never ahead; its end is the end. */
static void tell(struct job *j)
{
	char text[96], note[128];
	uint64_t bytes = 0, members = 0;
	long long now = now_ms(), in, out;

	if (!j->progress)
		return;
	unpack_thread_progress(j->feed, &bytes, &members);
	rate_add(&j->out, now, bytes);
	out = rate_left(&j->out, bytes, j->total);
	if (j->network && j->have != j->total) {
		rate_add(&j->in, now, j->have);
		in = rate_left(&j->in, j->have, j->total);
		rate_text(text, sizeof(text), j->have, j->total, rate_per_second(&j->in), in > out ? in : out);
		snprintf(note, sizeof(note), "%s", text);
	} else {
		rate_text(text, sizeof(text), bytes, j->total, rate_per_second(&j->out), out);
		snprintf(note, sizeof(note), "unpacking %s", text);
	}
	j->progress(bytes, j->total, note);
}

static void say(struct job *j, const char *text)
{
	if (j->progress)
		j->progress(0, 0, text);
}

static int unpack_begin(struct job *j, struct err *e)
{
	unpack_thread_stop(&j->feed);
	if (j->dir >= 0)
		close(TAKE_FD(j->dir));
	j->bad.code = 0;
	if (rmtree(j->st->dir, j->draft, e) < 0)
		return store_err(j->st, e);
	if (mkdirat(j->st->dir, j->draft, 0777) < 0 ||
	    (j->dir = openat(j->st->dir, j->draft, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)) < 0) {
		err_sys(e, "make folder %s", j->draft);
		return store_err(j->st, e);
	}
	return unpack_thread_start(&j->feed, j->fd, j->dir, e);
}

/* Whether the unpacker still lives. What comes may be damaged rather than hostile, and then its checksum says more than
 * the unpacker can; so one that gave up does not end a transfer whose end is known. */
static int unpack_goes_on(struct job *j, struct err *e)
{
	struct err why;

	if (j->bad.code || unpack_thread_wait(j->feed, 0, &why) >= 0)
		return 0;
	if (why.code == X_BAD_ARCHIVE && *j->t->sha256 && j->total) {
		j->bad = why;
		return 0;
	}
	*e = why;
	return -1;
}

static int unpack_finish(struct job *j, struct err *e)
{
	int r;

	if (j->bad.code) {
		*e = j->bad;
		return -1;
	}
	unpack_thread_have(j->feed, j->have, true);
	do {
		r = unpack_thread_wait(j->feed, WAIT_MS, e);
		tell(j);
	} while (r == UNPACK_THREAD_RUNS);
	return r;
}

static int enough_space(struct job *j, struct err *e)
{
	uint64_t size = j->total ? j->total : tarball_usual;
	uint64_t coming = size > j->have ? size - j->have : 0;
	unsigned times;
	uint64_t need, free_bytes;

	(void)suffix(j->t, &times);
	need = coming + size * times;
	if (!room_fd(j->st->dir, &free_bytes) || free_bytes >= need)
		return 0;
	return err_set(
		e, X_DISK_FULL,
		"about %ju MB are needed for its tarball, its tree and its build, and %s has %ju MB free; make room there "
		"or name another folder by KTSTR_STORE",
		(uintmax_t)(need / MB), j->st->path, (uintmax_t)(free_bytes / MB));
}

static int web_page(const struct job *j, struct err *e)
{
	auto_free char *url = url_shown(j->t->url);

	return err_set(e, X_NETWORK,
		       "%s gave a web page instead of a tarball: the address may be wrong, or a proxy wants a login",
		       url);
}

static int empty(const struct job *j, struct err *e)
{
	auto_free char *url = url_shown(j->t->url);

	return err_set(e, X_NETWORK, "%s is empty", url);
}

static int on_head(void *arg, const struct http_head *head, struct err *e)
{
	return strcasestr(head->type, "text/html") ? web_page(arg, e) : 0;
}

/* Forgets all bytes so far. */
static int start_over(struct job *j, struct err *e)
{
	unpack_thread_stop(&j->feed);
	if (ftruncate(j->fd, 0) < 0 || lseek(j->fd, 0, SEEK_SET) < 0) {
		err_sys(e, "empty %s", j->file);
		return store_err(j->st, e);
	}
	j->have = j->before = 0;
	return sha256_begin(&j->sha, e) < 0 ? -1 : unpack_begin(j, e);
}

static int on_start(void *arg, uint64_t offset, uint64_t total, struct err *e)
{
	struct job *j = arg;

	if (offset == 0 && j->have && start_over(j, e) < 0)
		return -1;
	if (offset != j->have)
		return err_set(e, X_NETWORK, "the server goes on at byte %ju instead of %ju", (uintmax_t)offset,
			       (uintmax_t)j->have);
	j->total = total;
	return enough_space(j, e);
}

/* These bytes are in the file now. */
static int take(struct job *j, const void *data, size_t n, struct err *e)
{
	if (sha256_add(j->sha, data, n, e) < 0)
		return -1;
	j->have += n;
	unpack_thread_have(j->feed, j->have, false);
	tell(j);
	return 0;
}

static bool markup(const char *data, size_t n)
{
	size_t i = 0;

	while (i < n && strchr(" \t\r\n", data[i]) && data[i])
		i++;
	return i < n && data[i] == '<';
}

static int on_body(void *arg, const void *data, size_t n, struct err *e)
{
	struct job *j = arg;

	if (!j->have && markup(data, n))
		return web_page(j, e);
	if (write_all(j->fd, data, n, j->file, e) < 0)
		return store_err(j->st, e);
	if (take(j, data, n, e) < 0)
		return -1;
	return unpack_goes_on(j, e);
}

static void on_note(void *arg, const char *text)
{
	say(arg, text);
}

/* What is in the file already. */
static int read_back(struct job *j, struct err *e)
{
	auto_free char *buf = xmalloc(PIECE);
	ssize_t n;

	while ((n = read(j->fd, buf, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(e, "read %s", j->file);
			return store_err(j->st, e);
		}
		if (stop_pending())
			return stop_err(e);
		if (take(j, buf, (size_t)n, e) < 0)
			return -1;
	}
	j->before = j->have;
	return 0;
}

static int not_there(struct job *j, struct err *e)
{
	struct err cause = *e;

	if (strstr(j->t->version, "-rc"))
		return err_set(e, X_NO_INPUT,
			       "%s\n  Release candidates are taken away there once their release is out; ask for that.",
			       cause.msg);
	return err_set(e, X_NO_INPUT,
		       "%s\n  It was never released, or this mirror does not have it (yet): the folder of that address "
		       "shows what there is.",
		       cause.msg);
}

static int download(struct job *j, struct err *e)
{
	const struct http h = {
		.url = j->t->url,
		.max = tarball_max,
		.have = j->have,
		.head = on_head,
		.start = on_start,
		.body = on_body,
		.note = on_note,
		.arg = j,
	};

	j->network = true;
	if (http_get(&h, e) < 0)
		return e->code == X_NO_INPUT ? not_there(j, e) : -1;
	return j->have ? 0 : empty(j, e);
}

static int open_file(struct job *j, int flags, struct err *e)
{
	struct stat st;

	j->fd = openat(j->st->dir, j->file, flags | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (j->fd < 0)
		return errno == ENOENT ? -ENOENT : err_sys(e, "open %s", j->file);
	if (fstat(j->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return err_set(e, X_STORE, "%s is not a file", j->file);
	j->have = j->before = 0;
	j->total = 0;
	return sha256_begin(&j->sha, e) < 0 ? -1 : unpack_begin(j, e);
}

static void close_file(struct job *j)
{
	unpack_thread_stop(&j->feed);
	if (j->fd >= 0)
		close(TAKE_FD(j->fd));
	free(TAKE(j->file));
}

/* The tree was complete in the page cache only; a folder renamed before its files are on disk would be taken for one
 * after a power failure. */
static int publish(struct job *j, struct err *e)
{
	auto_free char *tree = tree_name(j->t);

	/* What is there is of another boot, or a stranger's: see present(). */
	if (!boot_is_ours(j->st, j->t->sha256) && rmtree(j->st->dir, tree, e) < 0)
		return -1;
	if (boot_note(j->st, j->t->sha256, e) < 0)
		return -1;
	if (renameat(j->st->dir, j->draft, j->st->dir, tree) == 0)
		return 0;
	/* Another made it under the lock of its address, which is not ours. */
	if (errno == EEXIST || errno == ENOTEMPTY)
		return rmtree(j->st->dir, j->draft, e);
	return err_sys(e, "put %s in place", tree);
}

enum { INTACT = 0, DAMAGED = 1, ABSENT = 2 };

static int from_kept(struct job *j, struct err *e)
{
	char sum[SHA256_HEX + 1];
	struct stat st;
	int r;

	j->file = kept_name(j->t);
	if (fstatat(j->st->dir, j->file, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return ABSENT;
	r = open_file(j, O_RDONLY, e);
	if (r < 0)
		return r;
	j->total = j->have = (uint64_t)st.st_size;
	if (enough_space(j, e) < 0)
		return -1;
	j->have = 0;
	if (read_back(j, e) < 0 || sha256_hex(j->sha, sum, e) < 0)
		return -1;
	if (strcmp(sum, j->t->sha256) != 0) {
		unlinkat(j->st->dir, j->file, 0);
		return DAMAGED;
	}
	return unpack_finish(j, e) < 0 ? -1 : publish(j, e);
}

static int keep(struct job *j, struct err *e)
{
	char *kept = kept_name(j->t);

	if (fsync(j->fd) < 0 || fchmod(j->fd, 0444) < 0 || renameat(j->st->dir, j->file, j->st->dir, kept) < 0) {
		err_sys(e, "keep %s", kept);
		free(kept);
		return store_err(j->st, e);
	}
	free(j->file);
	j->file = kept;
	return 0;
}

/* Nothing is kept of it. */
static int mismatch(struct job *j, const char *sum, struct err *e)
{
	auto_free char *url = url_shown(j->t->url);
	struct err ignored;

	unlinkat(j->st->dir, j->file, 0);
	if (!j->before)
		(void)tarball_checksum_forget(j->st, j->t, &ignored);
	return err_set(
		e, X_CHECKSUM,
		"%s is not what was published: its SHA-256 is %s, the published one is %s; nothing of it was kept", url,
		sum, j->t->sha256);
}

static int check(struct job *j, struct err *e)
{
	char sum[SHA256_HEX + 1];

	if (sha256_hex(j->sha, sum, e) < 0)
		return -1;
	if (*j->t->sha256 && strcmp(sum, j->t->sha256) != 0)
		return mismatch(j, sum, e);
	strcpy(j->t->sha256, sum);
	return keep(j, e);
}

static int from_network(struct job *j, struct err *e)
{
	/* Without a checksum nothing could say later that two halves belong together. */
	int flags = O_RDWR | O_CREAT | (*j->t->sha256 ? 0 : O_TRUNC);
	char sum[SHA256_HEX + 1] = "";

	j->file = xasprintf("tarballs/%s.part", j->key);
	if (open_file(j, flags, e) < 0 || read_back(j, e) < 0 || sha256_hex(j->sha, sum, e) < 0)
		return -1;
	if (strcmp(sum, j->t->sha256) != 0 && download(j, e) < 0)
		return -1;
	j->total = j->have;
	if (check(j, e) < 0 || unpack_finish(j, e) < 0)
		return -1;
	return publish(j, e);
}

/* What nobody can go on with. */
static void forget(struct job *j, const struct err *e)
{
	if (j->file && (!j->have || !*j->t->sha256 || e->code == X_BAD_ARCHIVE))
		unlinkat(j->st->dir, j->file, 0);
}

/* A first part from an earlier run may be the wrong half (power failure, another file at that address); so a mismatch
 * counts only for bytes that came in one piece. */
static int fetch(struct job *j, struct err *e)
{
	int r = *j->t->sha256 ? from_kept(j, e) : ABSENT;

	close_file(j);
	if (r <= 0)
		return r;
	if (r == DAMAGED)
		say(j, "the kept tarball is damaged, it is fetched again");
	r = from_network(j, e);
	if (r < 0 && e->code == X_CHECKSUM && j->before) {
		close_file(j);
		say(j, "what an earlier run had fetched does not fit, it is fetched again");
		r = from_network(j, e);
	}
	if (r < 0)
		forget(j, e);
	return r;
}

static bool present(const struct store *st, const struct tarball *t)
{
	auto_free char *tree = tree_name(t);
	struct stat there;

	return *t->sha256 && fstatat(st->dir, tree, &there, AT_SYMLINK_NOFOLLOW) == 0 && boot_is_ours(st, t->sha256);
}

static int lock_job(struct job *j, int *lock, struct err *e)
{
	int r = lock_try(j->st, j->key, lock, e);

	if (r != LOCK_BUSY)
		return r;
	say(j, "waiting for another process that fetches the same");
	return lock_take(j->st, j->key, lock, e);
}

static int make_tree(struct job *j, struct err *e)
{
	struct err ignored;
	int lock = -1, r = 0;

	if (lock_job(j, &lock, e) < 0)
		return -1;
	if (!present(j->st, j->t)) {
		r = fetch(j, e);
		close_file(j);
		if (r < 0)
			(void)rmtree(j->st->dir, j->draft, &ignored);
	}
	lock_drop(j->st, j->key, &lock);
	return r;
}

int tarball_tree(struct store *st, struct tarball *t, char **tree, source_progress *progress, struct err *e)
{
	auto_job struct job j = { .st = st, .t = t, .progress = progress, .fd = -1, .dir = -1 };

	if (!present(st, t)) {
		if (mkdir_p(st->dir, "sources", 0777, e) < 0 || mkdir_p(st->dir, "tarballs", 0777, e) < 0)
			return store_err(st, e);
		drafts_collect(st);
		j.key = lock_key(t);
		j.draft = draft_of(j.key);
		if (make_tree(&j, e) < 0)
			return err_in(e, "Linux %s", t->version);
	}
	*tree = xasprintf("%s/sources/%s", st->path, t->sha256);
	return 0;
}

/* Under another name first, so that there is never half a tree. */
int tarball_drop_tree(struct store *st, const struct tarball *t, struct err *e)
{
	auto_free char *key = lock_key(t);
	auto_free char *draft = draft_of(key);
	auto_free char *tree = tree_name(t);
	int lock = -1, r;

	if (!present(st, t))
		return 0;
	if (lock_take(st, key, &lock, e) < 0)
		return -1;
	r = rmtree(st->dir, draft, e);
	if (r == 0 && renameat(st->dir, tree, st->dir, draft) < 0 && errno != ENOENT)
		r = err_sys(e, "remove %s", tree);
	boot_forget(st, t->sha256);
	if (r == 0)
		r = rmtree(st->dir, draft, e);
	lock_drop(st, key, &lock);
	return r < 0 ? store_err(st, e) : 0;
}
