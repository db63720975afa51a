/* remote-put: an entry of the kernel cache into the cache of GitHub Actions, unless it is there.
 *
 *   facts   stored yes|no (no: it was there, or there is a problem); problem TEXT, or "-"
 *
 * As remote-get, it does not fail for what is wrong with the other side. */
#include <fcntl.h>
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

static struct {
	const char *key, *tools;
} o;

static const struct opt opts[] = {
	{ .name = "key", .type = OPT_STR, .out = &o.key, .arg = "KEY", .help = "of the entry" },
	{ .name = "tools",
	  .type = OPT_STR,
	  .out = &o.tools,
	  .arg = "TEXT",
	  .help = "that were asked for by name, as the environment has them" },
	{ 0 },
};

/* Held open, so that all files are of one entry even when another takes its place meanwhile. */
static int open_entry(struct kernel_entry *k, struct err *e)
{
	auto_free char *root = kernel_root(e);
	auto_free char *dir = root ? xasprintf("%s/%s", root, o.key) : NULL;
	auto_close int fd = dir ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct stat st;

	if (!root)
		return -1;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", dir);
	kernel_entry_read(k, dir, NULL);
	if (k->corrupt)
		return err_set(e, X_FAIL, "%s: %s", o.key, k->corrupt);
	if (k->inode != st.st_ino)
		return err_set(e, X_FAIL, "%s was replaced just now", o.key);
	return TAKE_FD(fd);
}

static int pack(const struct kernel_meta *m, int entry, int place, uint64_t *size, struct err *e)
{
	auto_close int fd = remote_file(place, e);

	if (fd < 0)
		return -1;
	step_progress(0, 0, "packing");
	return blob_pack(entry, m, fd, size, e) < 0 ? -1 : TAKE_FD(fd);
}

/* Packing takes seconds, so the other side is asked first. */
static int store(const struct gha *g, const struct kernel_meta *m, int entry, int place, char **problem, struct err *e)
{
	auto_close int fd = -1;
	uint64_t size = 0;
	int r = gha_has(g, o.key, e);

	if (r < 0)
		return remote_problem(problem, "remote cache write warning", e) < 0 ? -1 : GHA_EXISTS;
	if (r == GHA_HIT)
		return GHA_EXISTS;
	if ((fd = pack(m, entry, place, &size, e)) < 0)
		return remote_problem(problem, "remote cache pack warning", e) < 0 ? -1 : GHA_EXISTS;
	r = gha_put(g, o.key, fd, size, e);
	if (r < 0)
		return remote_problem(problem, "remote cache write warning", e) < 0 ? -1 : GHA_EXISTS;
	return r;
}

static int try_to_store(const struct gha *g, int dir, const char *path, char **problem, struct err *e)
{
	auto_free char *folder = NULL;
	auto_close int entry = -1, place = -1;
	struct kernel_entry k = { 0 };
	int r = GHA_EXISTS;

	if ((entry = open_entry(&k, e)) < 0)
		r = remote_problem(problem, "remote cache store skipped", e) < 0 ? -1 : GHA_EXISTS;
	else if ((place = remote_place(dir, path, &folder, e)) < 0)
		r = remote_problem(problem, "remote cache pack warning", e) < 0 ? -1 : GHA_EXISTS;
	else
		r = store(g, &k.meta, entry, place, problem, e);
	kernel_entry_free(&k);
	remote_leave(dir);
	return r;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *problem = NULL, *facts = NULL;
	struct gha g = { .progress = step_progress };
	int r = GHA_EXISTS;

	if (remote_setup(&g, o.key, o.tools, &problem, e) < 0 ||
	    (!problem && (r = try_to_store(&g, dir, path, &problem, e)) < 0))
		return -1;
	facts = xasprintf("stored %s\nproblem %s\n", r == GHA_STORED ? "yes" : "no", problem ? problem : "-");
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_remote_put = {
	.name = "remote-put",
	.format = 1,
	.summary = "put a kernel into the cache of GitHub Actions",
	.opts = opts,
	.run = run,
	.secrets = true,
};
