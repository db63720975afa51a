/* audit: a snapshot of virtual time made anew from nothing beside the one that is kept, and held against it. Not stored: --out is the
 * new one, "recipe" and all, and "audit" says how they compare:
 *
 *   memory equal | differs | damaged   damaged: the kept one is not what its "ram.sha256" says
 *   where …                            the first difference; "-" when there is none */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "options/opt.h"
#include "step/guest.h"
#include "step/snapshot.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/digest.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include "store/store.h"
#include "vm/ram.h"

enum { SUMS_MAX = 64 << 10, PART = 1 << 20 };

static struct guest_opts guest = GUEST_OPTS_INIT;
static const char *kept;

static const struct opt opts[] = {
	GUEST_OPTS(guest),
	{ .name = "kept", .type = OPT_STR, .out = &kept, .arg = "DIR", .help = "output of the snapshot step" },
	{ 0 },
};

/* The same text as the snapshot step's, so that steps which go on from this one take it for one. */
static int state_recipe(char **text, struct err *e)
{
	auto_recipe struct recipe r = { 0 };
	struct hashes *h;

	if (hashes_open(&h, step_store()->path, "steps", e) < 0)
		return -1;
	recipe_open(&r, step_snapshot.name, step_snapshot.format);
	r.hashes = h;
	int rc = guest_recipe(&guest, &r, h, e);

	if (rc == 0)
		*text = xstrdup(recipe_text(&r));
	hashes_close(h);
	return rc;
}

/* What an earlier audit left. */
static int clear(int dir, const char *path, struct err *e)
{
	static const char *const all[] = { "state",       "machine",    "hello",  "topology",
					   "console.log", "ram.sha256", "recipe", "audit" };

	for (size_t i = 0; i < countof(all); i++)
		if (unlinkat(dir, all[i], 0) < 0 && errno != ENOENT)
			return err_sys(e, "remove %s", all[i]);
	return ram_forget(path, guest.machine.topo.nodes, e);
}

struct difference {
	unsigned node;
	uint64_t at; /* the first byte */
	uint64_t pages;
};

/* Of one node. Returns whether there is one. */
static int compare_files(const char *one, const char *two, struct difference *d, struct err *e)
{
	auto_close int a = open(one, O_RDONLY | O_CLOEXEC), b = open(two, O_RDONLY | O_CLOEXEC);
	auto_free char *x = xmalloc(PART), *y = xmalloc(PART);
	uint64_t offset = 0;
	ssize_t n = 0, m = 0;

	d->pages = 0;
	if (a < 0 || b < 0)
		return err_sys(e, "open %s", a < 0 ? one : two);
	while ((n = read_full(a, x, PART)) > 0 && (m = read_full(b, y, PART)) == n) {
		for (ssize_t at = 0, end; at < n; at = end) {
			end = at + 4096 < n ? at + 4096 : n;
			if (!memcmp(x + at, y + at, (size_t)(end - at)))
				continue;
			for (ssize_t byte = at; !d->pages && byte < end; byte++)
				if (x[byte] != y[byte]) {
					d->at = offset + (uint64_t)byte;
					break;
				}
			d->pages++;
		}
		offset += (uint64_t)n;
		if (stop_pending())
			return stop_err(e);
	}
	if (n < 0 || m < 0)
		return err_sys(e, "read %s", n < 0 ? one : two);
	return d->pages != 0;
}

/* Whether the kept memory is what it was when it was made. */
static int is_damaged(const char *sums, bool *damaged, struct err *e)
{
	for (unsigned i = 0; i < guest.machine.topo.nodes; i++) {
		auto_free char *path = xasprintf("%s/ram%u", kept, i);
		auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
		char hex[KEY_LEN + 1];

		if (fd < 0 || digest_fd(fd, path, hex, NULL, e) < 0)
			return fd < 0 ? err_sys(e, "open %s", path) : -1;
		auto_free char *line = xasprintf("%s  ram%u\n", hex, i);

		*damaged |= !strstr(sums, line);
	}
	return 0;
}

static int compare(const char *path, char **where, struct err *e)
{
	for (unsigned i = 0; i < guest.machine.topo.nodes; i++) {
		auto_free char *one = xasprintf("%s/ram%u", kept, i), *two = xasprintf("%s/ram%u", path, i);
		struct difference d = { .node = i };
		int r = compare_files(one, two, &d, e);

		if (r < 0)
			return -1;
		if (!r)
			continue;
		*where = xasprintf("node %u, byte %#" PRIx64 " of its memory; %" PRIu64 " pages differ there", i, d.at,
				   d.pages);
		return 0;
	}
	return 0;
}

static int audit(int dir, const char *path, struct err *e)
{
	auto_free char *kept_sums = xasprintf("%s/ram.sha256", kept), *before = NULL, *after = NULL, *where = NULL;
	bool damaged = false, differs;

	if (file_read(AT_FDCWD, kept_sums, SUMS_MAX, &before, NULL, e) < 0 ||
	    file_read(dir, "ram.sha256", SUMS_MAX, &after, NULL, e) < 0 || is_damaged(before, &damaged, e) < 0)
		return -1;
	differs = strcmp(before, after) != 0;
	if ((differs || damaged) && compare(path, &where, e) < 0)
		return -1;
	auto_free char *text = xasprintf("memory %s\nwhere %s\n",
					 damaged   ? "damaged"
					 : differs ? "differs"
						   : "equal",
					 where ? where : "-");

	return file_write(dir, "audit", text, strlen(text), e) < 0 ? -1 : 0;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *text = NULL;

	if (!kept)
		return err_set(e, X_USAGE, "--kept is required");
	if (state_recipe(&text, e) < 0)
		return -1;
	if (!guest.machine.clock.virtual)
		return err_set(e, X_USAGE, "only guests in virtual time can be made twice");
	if (clear(dir, path, e) < 0 || snapshot_make(&guest, dir, path, e) < 0 || audit(dir, path, e) < 0)
		return -1;
	return file_write(dir, "recipe", text, strlen(text), e) < 0 ? -1 : 0;
}

const struct step step_audit = {
	.name = "audit",
	.format = 1,
	.summary = "make a snapshot anew and compare it with the one that is kept",
	.opts = opts,
	.costly = true,
	.run = run,
};
