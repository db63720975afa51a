/* remote-get: an entry of the kernel cache from the cache of GitHub Actions, if it has one.
 *
 *   facts   found yes|no; problem TEXT, or "-"
 *
 * Whatever is wrong with the other side is a problem to be told, not a failure: the kernel can still be built. Asked each
 * time, so not stored. */
#include <errno.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "kernel/cache/blob.h"
#include "kernel/cache/remote.h"
#include "fetch/http/ghacache.h"
#include "step/fetch/remote.h"
#include "step/step.h"
#include "step/steps.h"

enum { PIECE = 256 << 10 };

static struct {
	const char *key, *identity, *tools;
} o;

static const struct opt opts[] = {
	{ .name = "key", .type = OPT_STR, .out = &o.key, .arg = "KEY", .help = "of the entry" },
	{ .name = "tools",
	  .type = OPT_STR,
	  .out = &o.tools,
	  .arg = "TEXT",
	  .help = "that were asked for by name, as the environment has them" },
	{ .name = "identity",
	  .type = OPT_STR,
	  .out = &o.identity,
	  .arg = "ID",
	  .help = "of the source it must be of; any unless given" },
	{ 0 },
};

struct file {
	int fd;
	char piece[PIECE];
};

static int next_piece(void *arg, const void **data, size_t *n, struct err *e)
{
	struct file *f = arg;
	ssize_t got;

	do
		got = read(f->fd, f->piece, sizeof(f->piece));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "read what came");
	*data = f->piece;
	*n = (size_t)got;
	return 0;
}

static int check_identity(const struct kernel_meta *m, struct err *e)
{
	if (!o.identity || (m->identity && !strcmp(m->identity, o.identity)))
		return 0;
	return err_set(e, X_BAD_ARCHIVE, "%s is there, but of another source: %.100s instead of %s", o.key,
		       m->identity ? m->identity : "none that it names", o.identity);
}

static int store_it(const struct blob *b, const char *path, struct err *e)
{
	auto_free char *image = xasprintf("%s/" BLOB_IMAGE, path);
	auto_free char *vmlinux = xasprintf("%s/" BLOB_VMLINUX, path);
	auto_free char *config = xasprintf("%s/" BLOB_CONFIG, path);
	const struct kernel_files files = { image, b->vmlinux ? vmlinux : NULL, b->config ? config : NULL };

	return kernel_store(o.key, &b->meta, &files, e);
}

/* Of the three, only the last can be in the way of others, and it puts all in place at once. */
static int unpack_and_store(int fd, int dir, const char *path, struct err *e)
{
	auto_free struct file *f = xmalloc(sizeof(*f));
	struct blob b = { .read = next_piece, .arg = f };
	int r;

	f->fd = fd;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return err_sys(e, "read what came");
	step_progress(0, 0, "unpacking");
	r = blob_unpack(&b, dir, e) < 0 || check_identity(&b.meta, e) < 0 || store_it(&b, path, e) < 0 ? -1 : 0;
	kernel_meta_free(&b.meta);
	return r;
}

static int fetch(const struct gha *g, int place, const char *path, char **problem, struct err *e)
{
	auto_close int fd = remote_file(place, e);
	int r;

	if (fd < 0)
		return remote_problem(problem, "remote cache read warning", e);
	r = gha_get(g, o.key, fd, e);
	if (r < 0)
		return remote_problem(problem, "remote cache read warning", e);
	if (r == GHA_MISS)
		return GHA_MISS;
	return unpack_and_store(fd, place, path, e) < 0 ? remote_problem(problem, "remote cache unpack warning", e)
							: GHA_HIT;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *problem = NULL, *folder = NULL, *facts = NULL;
	struct gha g = { .progress = step_progress };
	auto_close int place = -1;
	int r;

	if (remote_setup(&g, o.key, o.tools, &problem, e) < 0)
		return -1;
	if (!problem && (place = remote_place(dir, path, &folder, e)) < 0)
		remote_problem(&problem, "remote cache read warning", e);
	r = problem ? GHA_MISS : fetch(&g, place, folder, &problem, e);
	remote_leave(dir);
	if (r < 0)
		return -1;
	facts = xasprintf("found %s\nproblem %s\n", r == GHA_HIT ? "yes" : "no", problem ? problem : "-");
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_remote_get = {
	.name = "remote-get",
	.format = 1,
	.summary = "ask the cache of GitHub Actions for a kernel",
	.opts = opts,
	.costly = true,
	.run = run,
	.secrets = true,
};
