#include "store/parcel/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "kernel/cache/blob.h"
#include "store/content.h"
#include "store/lock.h"
#include "store/parcel/list.h"
#include "store/store.h"
#include "text/text.h"

enum { PIECE = 256 << 10, PAGE = 4096, SHOWN_MAX = 200 };

/* Of one parcel. */
struct unpacking {
	const char *path;
	struct store *st;
	struct archive *a;
	struct parcel list;
	bool *new_results, *new_kernels; /* of the list, in its order: not there yet */
	struct kernel_meta *metas;       /* of new kernels */
	bool *vmlinux, *config;
	char id[KEY_LEN + 1]; /* of the list: whoever unpacks the same waits */
	int lock;
	char *draft; /* below the store */
};

static void unpacking_drop(struct unpacking *u)
{
	struct err ignored;

	archive_read_free(u->a);
	if (u->draft)
		(void)rmtree(u->st->dir, u->draft, &ignored);
	lock_drop(u->st, u->id, &u->lock);
	for (size_t i = 0; u->metas && i < u->list.n_kernels; i++)
		kernel_meta_free(&u->metas[i]);
	parcel_free(&u->list);
	free(u->new_results);
	free(u->new_kernels);
	free(u->metas);
	free(u->vmlinux);
	free(u->config);
	free(u->draft);
}
#define auto_unpacking __attribute__((unused, cleanup(unpacking_drop)))

static bool failed(int r)
{
	return r != ARCHIVE_OK && r != ARCHIVE_WARN;
}

static int damaged(const struct unpacking *u, struct err *e)
{
	const char *why = archive_error_string(u->a);
	char buf[SHOWN_MAX];

	return err_set(e, X_BAD_ARCHIVE, "it ends too early, or is damaged%s%s", why ? ": " : "",
		       why ? text_short(buf, sizeof(buf), why) : "");
}

/* Of exactly that size: PARCEL_… or what the list says. *executable may be NULL. */
static int next_member(struct unpacking *u, uint64_t least, uint64_t most, uint64_t *size, bool *executable,
		       struct err *e)
{
	struct archive_entry *entry;

	if (stop_pending())
		return stop_err(e);
	if (failed(archive_read_next_header(u->a, &entry)))
		return damaged(u, e);
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) || archive_entry_size(entry) < 0)
		return err_set(e, X_BAD_ARCHIVE, "a member of it is no regular file");
	*size = (uint64_t)archive_entry_size(entry);
	if (*size < least || *size > most)
		return err_set(e, X_BAD_ARCHIVE, "a member of it has another size than its list says");
	if (executable)
		*executable = archive_entry_perm(entry) & 0100;
	return 0;
}

typedef int take_piece(void *arg, const char *data, size_t n, uint64_t at, struct err *e);

/* What a tar says of holes is refused: sizes would mean nothing. */
static int take_content(struct unpacking *u, uint64_t size, take_piece *take, void *arg, struct err *e)
{
	uint64_t end = 0;
	const void *data;
	la_int64_t at;
	size_t n;
	int rc;

	while (!failed(rc = archive_read_data_block(u->a, &data, &n, &at))) {
		if ((uint64_t)at != end || n > size - end)
			return err_set(e, X_BAD_ARCHIVE, "a member of it has holes, or is longer than it says");
		if (take && n && take(arg, data, n, end, e) < 0)
			return -1;
		end += n;
		if (stop_pending())
			return stop_err(e);
	}
	return rc == ARCHIVE_EOF && end == size ? 0 : damaged(u, e);
}

static int take_text(void *arg, const char *data, size_t n, uint64_t at, struct err *e)
{
	(void)e;
	memcpy((char *)arg + at, data, n);
	return 0;
}

/* The caller's, with a NUL behind it and none in it. */
static int read_text(struct unpacking *u, uint64_t least, uint64_t most, char **text, size_t *n, struct err *e)
{
	uint64_t size;

	if (next_member(u, least, most, &size, NULL, e) < 0)
		return -1;
	*text = xcalloc(size + 1, 1);
	*n = size;
	if (take_content(u, size, take_text, *text, e) < 0)
		return -1;
	return strlen(*text) == size ? 0 : err_set(e, X_BAD_ARCHIVE, "a text of it has bytes that no text has");
}

/* Memory of guests is nearly all zeros, and takes no room for them. */
static int take_file(void *arg, const char *data, size_t n, uint64_t at, struct err *e)
{
	static const char zeros[PAGE];
	int fd = *(const int *)arg;

	while (n) {
		size_t part = PAGE - at % PAGE;

		part = part < n ? part : n;
		if (memcmp(data, zeros, part) != 0) {
			if (lseek(fd, (off_t)at, SEEK_SET) < 0)
				return err_sys(e, "unpack a file");
			if (write_all(fd, data, part, "unpack a file", e) < 0)
				return -1;
		}
		data += part;
		at += part;
		n -= part;
	}
	return 0;
}

static int write_file(struct unpacking *u, int dir, const char *name, uint64_t size, struct err *e)
{
	bool executable;
	uint64_t got;

	if (next_member(u, size, size, &got, &executable, e) < 0)
		return -1;
	auto_close int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0) {
		err_sys(e, "make a file of it");
		return e->code == X_DISK_FULL ? -1 : err_as(e, X_BAD_ARCHIVE, "unpack");
	}
	if (take_content(u, size, take_file, &fd, e) < 0)
		return -1;
	if (ftruncate(fd, (off_t)size) < 0 || fchmod(fd, executable ? 0700 : 0600) < 0)
		return err_sys(e, "unpack a file");
	return 0;
}

static int make_folder(struct unpacking *u, const char *name, char **path, struct err *e)
{
	*path = xasprintf("%s/%s", u->draft, name);
	if (mkdirat(u->st->dir, *path, 0777) < 0)
		return err_sys(e, "make folder %s", *path);
	int dir = openat(u->st->dir, *path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir < 0 ? err_sys(e, "open %s", *path) : dir;
}

static int take_files(struct unpacking *u, int dir, const struct content *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		const char *name = c->v[i].name, *slash = strrchr(name, '/');
		auto_free char *parent = slash ? xstrndup(name, (size_t)(slash - name)) : NULL;

		if (parent && mkdir_p(dir, parent, 0777, e) < 0)
			return e->code == X_DISK_FULL ? -1 : err_as(e, X_BAD_ARCHIVE, "unpack");
		if (write_file(u, dir, name, c->v[i].size, e) < 0)
			return -1;
	}
	return 0;
}

static int skip_files(struct unpacking *u, const struct content *c, struct err *e)
{
	for (size_t i = 0; i < c->n; i++) {
		uint64_t size;

		if (next_member(u, c->v[i].size, c->v[i].size, &size, NULL, e) < 0 ||
		    take_content(u, size, NULL, NULL, e) < 0)
			return -1;
	}
	return 0;
}

static int take_result(struct unpacking *u, size_t i, struct err *e)
{
	const struct parcel_result *r = &u->list.results[i];
	auto_work struct work there = { .lock = -1, .dir = -1 };
	auto_free char *recipe = NULL, *path = NULL;
	auto_content struct content c = { 0 };
	size_t n;
	int rc = store_find(u->st, r->key, &there, e);

	if (rc < 0 || content_parse(&c, r->content, e) < 0 || read_text(u, r->recipe, r->recipe, &recipe, &n, e) < 0)
		return -1;
	if (rc == STORE_HIT)
		return skip_files(u, &c, e);
	auto_close int dir = make_folder(u, r->key, &path, e);

	u->new_results[i] = true;
	if (dir < 0 || take_files(u, dir, &c, e) < 0)
		return -1;
	return store_seal(u->st, path, r->key, recipe, r->content, e);
}

static bool have_kernel(const char *key)
{
	struct err ignored;
	auto_free char *root = kernel_root(&ignored);
	auto_free char *path = root ? xasprintf("%s/%s", root, key) : NULL;
	struct kernel_entry k;

	if (!path)
		return false;
	kernel_entry_read(&k, path, NULL);
	bool there = !k.corrupt;

	kernel_entry_free(&k);
	return there;
}

struct packed_file {
	int fd;
	char piece[PIECE];
};

static int next_piece(void *arg, const void **data, size_t *n, struct err *e)
{
	struct packed_file *f = arg;
	ssize_t got;

	if (stop_pending())
		return stop_err(e);
	do
		got = read(f->fd, f->piece, sizeof(f->piece));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "read the packed kernel");
	*data = f->piece;
	*n = (size_t)got;
	return 0;
}

static int take_kernel(struct unpacking *u, size_t i, struct err *e)
{
	const struct parcel_kernel *k = &u->list.kernels[i];
	auto_free char *folder = xasprintf("kernel%zu", i), *path = NULL;
	auto_free struct packed_file *f = xmalloc(sizeof(*f));
	char hex[KEY_LEN + 1];
	uint64_t size;

	if (have_kernel(k->key))
		return next_member(u, k->bytes, k->bytes, &size, NULL, e) < 0 ? -1
									      : take_content(u, size, NULL, NULL, e);
	auto_close int dir = make_folder(u, folder, &path, e);

	if (dir < 0 || write_file(u, dir, "packed", k->bytes, e) < 0)
		return -1;
	auto_close int fd = openat(dir, "packed", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || digest_fd(fd, k->key, hex, NULL, e) < 0)
		return fd < 0 ? err_sys(e, "open the packed kernel") : -1;
	if (strcmp(hex, k->hex) != 0)
		return err_set(e, X_BAD_ARCHIVE, "kernel %s is not what its list says", k->key);
	struct blob b = { .read = next_piece, .arg = f };

	f->fd = fd;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read the packed kernel");
	if (blob_unpack(&b, dir, e) < 0)
		return err_in(e, "kernel %s", k->key);
	u->metas[i] = b.meta;
	u->vmlinux[i] = b.vmlinux;
	u->config[i] = b.config;
	u->new_kernels[i] = true;
	return unlinkat(dir, "packed", 0) < 0 ? err_sys(e, "remove the packed kernel") : 0;
}

static int take_list(struct unpacking *u, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (read_text(u, 0, PARCEL_LIST_MAX, &text, &n, e) < 0)
		return -1;
	hash_hex(text, n, u->id);
	if (parcel_parse(&u->list, text, n, e) < 0)
		return -1;
	u->new_results = xcalloc(u->list.n + 1, sizeof(bool));
	u->new_kernels = xcalloc(u->list.n_kernels + 1, sizeof(bool));
	u->vmlinux = xcalloc(u->list.n_kernels + 1, sizeof(bool));
	u->config = xcalloc(u->list.n_kernels + 1, sizeof(bool));
	u->metas = xcalloc(u->list.n_kernels + 1, sizeof(*u->metas));
	return 0;
}

/* Under a name that store_open() clears away when nobody has its lock. */
static int take_draft(struct unpacking *u, struct err *e)
{
	if (lock_take(u->st, u->id, &u->lock, e) < 0)
		return -1;
	u->draft = xasprintf("drafts/%s.%ld", u->id, (long)getpid());
	if (rmtree(u->st->dir, u->draft, e) < 0)
		return -1;
	return mkdirat(u->st->dir, u->draft, 0777) < 0 ? err_sys(e, "make folder %s", u->draft) : 0;
}

static int take_all(struct unpacking *u, struct err *e)
{
	struct archive_entry *entry;

	if (take_list(u, e) < 0 || take_draft(u, e) < 0)
		return -1;
	for (size_t i = 0; i < u->list.n; i++)
		if (take_result(u, i, e) < 0)
			return err_in(e, "result %s", u->list.results[i].key);
	for (size_t i = 0; i < u->list.n_kernels; i++)
		if (take_kernel(u, i, e) < 0)
			return -1;
	return archive_read_next_header(u->a, &entry) == ARCHIVE_EOF
		       ? 0
		       : err_set(e, X_BAD_ARCHIVE, "there is more in it than its list says");
}

static int adopt_kernel(struct unpacking *u, size_t i, struct parcel_tally *t, struct err *e)
{
	auto_free char *dir = xasprintf("%s/%s/kernel%zu", u->st->path, u->draft, i);
	auto_free char *image = xasprintf("%s/" BLOB_IMAGE, dir), *vmlinux = xasprintf("%s/" BLOB_VMLINUX, dir);
	auto_free char *config = xasprintf("%s/" BLOB_CONFIG, dir);
	const struct kernel_files files = { image, u->vmlinux[i] ? vmlinux : NULL, u->config[i] ? config : NULL };

	if (!u->new_kernels[i])
		return 0;
	t->new_kernels++;
	return kernel_store(u->list.kernels[i].key, &u->metas[i], &files, e);
}

static int adopt_result(struct unpacking *u, size_t i, struct parcel_tally *t, struct err *e)
{
	const char *key = u->list.results[i].key;
	auto_free char *path = xasprintf("%s/%s", u->draft, key);

	if (!u->new_results[i])
		return 0;
	int rc = store_adopt(u->st, path, key, e);

	t->new_results += rc == STORE_MISS;
	return rc < 0 ? -1 : 0;
}

static int open_parcel(struct unpacking *u, int fd, struct parcel_tally *t, struct err *e)
{
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0) {
		err_sys(e, "open %s", u->path);
		return err_as(e, X_NO_INPUT, "parcel");
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_NO_INPUT, "%s is not a regular file", u->path);
	t->bytes = (uint64_t)st.st_size;
	archive_read_support_filter_zstd(u->a);
	archive_read_support_format_tar(u->a);
	return failed(archive_read_open_fd(u->a, fd, PIECE)) ? damaged(u, e) : 0;
}

int parcel_unpack(const char *path, struct store *st, struct parcel_tally *t, struct err *e)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_unpacking struct unpacking u = { .path = path, .st = st, .a = archive_read_new(), .lock = -1 };

	*t = (struct parcel_tally){ 0 };
	if (open_parcel(&u, fd, t, e) < 0 || take_all(&u, e) < 0)
		return e->code == X_BAD_ARCHIVE ? err_in(e, "%s is not taken, and nothing of it", path) : -1;
	t->results = u.list.n;
	t->kernels = u.list.n_kernels;
	/* A kernel first: what was made of it is of no use without it. */
	for (size_t i = 0; i < u.list.n_kernels; i++)
		if (adopt_kernel(&u, i, t, e) < 0)
			return -1;
	for (size_t i = 0; i < u.list.n; i++)
		if (adopt_result(&u, i, t, e) < 0)
			return -1;
	return 0;
}
