#include "store/parcel/pack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "kernel/cache/blob.h"
#include "store/content.h"
#include "store/parcel/list.h"
#include "store/store.h"
#include "tar/write.h"

/* Where it goes, and packed kernels beside it, which is where there is room: nothing of them stays. */
struct place {
	const char *path;
	struct draft *kernels;
	size_t n_kernels;
};

static void place_drop(struct place *p)
{
	for (size_t i = 0; i < p->n_kernels; i++)
		draft_drop(&p->kernels[i]);
	free(p->kernels);
}
#define auto_place __attribute__((unused, cleanup(place_drop)))

/* *recipe and *content are the caller's. */
static int open_result(struct store *st, const char *key, struct work *w, char **recipe, size_t *n, char **content,
		       struct err *e)
{
	int rc = store_find(st, key, w, e);

	if (rc < 0)
		return -1;
	if (rc == STORE_MISS)
		return err_set(e, X_NO_INPUT,
			       "result %s is not in the store %s any more, or damaged; cache verify tells", key,
			       st->path);
	if (file_read(w->dir, "recipe", PARCEL_RECIPE_MAX, recipe, n, e) < 0 ||
	    file_read(w->dir, "content", PARCEL_RECIPE_MAX, content, NULL, e) < 0)
		return err_in(e, "result %s", key);
	return 0;
}

static int list_results(struct parcel *list, const struct packing *p, struct err *e)
{
	for (size_t i = 0; i < p->n; i++) {
		auto_work struct work w = { .lock = -1, .dir = -1 };
		auto_free char *recipe = NULL, *content = NULL;
		size_t n;

		if (open_result(p->st, p->keys[i], &w, &recipe, &n, &content, e) < 0)
			return -1;
		parcel_add_result(list, p->keys[i], n, TAKE(content));
		if (stop_pending())
			return stop_err(e);
	}
	return 0;
}

static int pack_kernels(struct place *to, struct parcel *list, const struct packing *p, struct err *e)
{
	to->kernels = xcalloc(p->n_kernels + 1, sizeof(*to->kernels));
	for (size_t i = 0; i < p->n_kernels; i++) {
		const struct kernel_entry *k = p->kernels[i];
		auto_close int dir = open(k->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		char hex[KEY_LEN + 1];
		uint64_t bytes;

		if (dir < 0) {
			err_sys(e, "open %s", k->dir);
			return err_as(e, X_NO_INPUT, "kernel %s", k->key);
		}
		if (draft_open(&to->kernels[i], AT_FDCWD, to->path, e) < 0)
			return -1;
		to->n_kernels++;
		int fd = fileno(to->kernels[i].f);

		if (blob_pack(dir, &k->meta, fd, &bytes, e) < 0 || digest_fd(fd, k->key, hex, &bytes, e) < 0)
			return err_in(e, "kernel %s", k->key);
		parcel_add_kernel(list, xstrdup(k->key), hex, bytes);
	}
	return 0;
}

static int put_file(struct tar_out *t, const struct work *w, const struct content_file *f, struct err *e)
{
	auto_close int fd = openat(w->dir, f->name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	auto_free char *what = xasprintf("%s/%s", w->path, f->name);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", what);
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size != f->size)
		return err_set(e, X_NO_INPUT, "%s is not what was stored; cache verify tells", what);
	return tar_file(t, "file", fd, f->size, st.st_mode & 0100, what, e);
}

static int put_result(struct tar_out *t, struct store *st, const struct parcel_result *r, struct err *e)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_free char *recipe = NULL, *content = NULL;
	auto_content struct content c = { 0 };
	size_t n;

	if (open_result(st, r->key, &w, &recipe, &n, &content, e) < 0)
		return -1;
	/* A forced run may have put another one in its place. */
	if (strcmp(content, r->content) != 0)
		return err_set(e, X_NO_INPUT, "result %s was made anew while it was packed; try again", r->key);
	if (content_parse(&c, content, e) < 0 || tar_text(t, "recipe", recipe, n, e) < 0)
		return -1;
	for (size_t i = 0; i < c.n; i++)
		if (put_file(t, &w, &c.v[i], e) < 0)
			return -1;
	return 0;
}

static int put_all(struct tar_out *t, const struct place *to, const struct parcel *list, const struct packing *p,
		   struct err *e)
{
	size_t n;
	auto_free char *text = parcel_write(list, &n);

	if (n > PARCEL_LIST_MAX)
		return err_set(e, X_FAIL, "it would have too many files");
	if (tar_text(t, "list", text, n, e) < 0)
		return -1;
	for (size_t i = 0; i < list->n; i++)
		if (put_result(t, p->st, &list->results[i], e) < 0)
			return -1;
	for (size_t i = 0; i < list->n_kernels; i++) {
		int fd = fileno(to->kernels[i].f);

		if (lseek(fd, 0, SEEK_SET) < 0)
			return err_sys(e, "read the packed kernel");
		if (tar_file(t, "kernel", fd, list->kernels[i].bytes, false, "the packed kernel", e) < 0)
			return -1;
	}
	return 0;
}

int parcel_pack(const char *path, const struct packing *p, struct parcel_tally *t, struct err *e)
{
	auto_place struct place to = { .path = path };
	auto_parcel struct parcel list = { 0 };
	auto_draft struct draft d = { 0 };
	struct tar_out *tar = NULL;

	*t = (struct parcel_tally){ .results = p->n, .kernels = p->n_kernels };
	if (draft_open(&d, AT_FDCWD, path, e) < 0 || list_results(&list, p, e) < 0 ||
	    pack_kernels(&to, &list, p, e) < 0)
		return -1;
	int r = tar_begin(&tar, fileno(d.f), e);

	if (r == 0)
		r = put_all(tar, &to, &list, p, e);
	if (r == 0)
		r = tar_end(tar, &t->bytes, e);
	tar_free(tar);
	if (r < 0)
		return err_in(e, "write %s", path);
	return draft_publish(&d, path, true, e);
}
