#include "gen/replay/stand.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/replay/again.h"
#include "gen/replay/cell.h"
#include "gen/replay/looks.h"
#include "judge/facts/facts.h"
#include "text/argv.h"

enum { TEXT_MAX = 256 << 20 };

static int read_facts(struct facts *f, const struct replay_cell *c, struct err *e)
{
	auto_free char *path = xasprintf("%s/seed-%" PRIu64 "/run.json", c->dir, c->seed), *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "the run that is kept");
	return facts_read(f, text, n, e) < 0 ? err_in(e, "%s", path) : 0;
}

static int lay(struct stand *s, const struct again *a, const struct facts *f, struct err *e)
{
	auto_free char *path = xasprintf("%s/watch.json", a->dir), *text = NULL;
	auto_looks struct looks l = { 0 };
	size_t n;

	if (file_read(AT_FDCWD, path, TEXT_MAX, &text, &n, e) < 0)
		return err_in(e, "what was seen");
	if (looks_add(&l, text, n, e) < 0)
		return err_in(e, "%s", path);
	looks_lay(&l, f);
	s->go = l.go;
	s->go_known = l.go_known;
	return 0;
}

static int settle(struct stand *s, struct err *e)
{
	if (s->at.ns == MOMENT_GONE) {
		s->halt = UINT64_MAX;
		return 0;
	}
	if (!s->go_known)
		return err_set(
			e, X_FAIL,
			"%s: looked into, it did not show when its scenario began, so that moment is not known; a quieter host "
			"sees more: try once more",
			replay_name(s->cell->dir));
	if (s->at.ns > INT64_MAX / 2 || s->go > INT64_MAX / 2)
		return err_set(e, X_FAIL, "%s: no clock gets there", replay_name(s->cell->dir));
	s->halt = s->go + (int64_t)s->at.ns > 0 ? (uint64_t)(s->go + (int64_t)s->at.ns) : 0;
	return 0;
}

int stand_find(struct stand *s, const struct replay_cell *c, const uint64_t *at_ns, struct err *e)
{
	auto_facts struct facts f = { 0 };
	auto_again struct again a = { 0 };
	auto_argv struct argv more = { 0 };

	*s = (struct stand){ .cell = c };
	if (read_facts(&f, c, e) < 0)
		return -1;
	moment_find(&s->at, c, &f);
	if (at_ns) {
		free(s->at.words);
		s->at = (struct moment){ *at_ns, xstrdup("as asked for") };
	}
	argv_add(&more, "--spy");
	int r = again_run(&a, c, &more, e);

	if (r < 0 || lay(s, &a, &f, e) < 0)
		return -1;
	s->differs = r == AGAIN_DIFFERS;
	return settle(s, e);
}

static int read_halted(struct stand_core *out, const struct stand *s, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/halted", dir), *text = NULL;
	uint64_t now;
	size_t n;

	int r = file_read(AT_FDCWD, path, 4096, &text, &n, e);

	if (r == -ENOENT)
		return err_set(e, X_VM,
			       "the guest was gone before it could be stopped; %s/console.log has its last words", dir);
	if (r < 0)
		return err_in(e, "where the guest stopped");
	auto_free char *clock = facts_get(text, n, "now"), *info = facts_get(text, n, "vmcoreinfo");

	if (!clock || !info || sscanf(clock, "%" SCNu64, &now) != 1 || now > INT64_MAX)
		return err_set(e, X_FAIL, "%s does not say where the guest stopped", path);
	out->at_ns = (int64_t)now - (s->go_known ? s->go : 0);
	out->vmcoreinfo = !strcmp(info, "yes");
	return 0;
}

int stand_core(struct stand_core *out, const struct stand *s, const char *path, struct err *e)
{
	auto_again struct again a = { 0 };
	auto_argv struct argv more = { 0 };
	struct stat st;

	argv_opt(&more, "--halt", "%" PRIu64, s->halt);
	argv_opt(&more, "--core", "%s", path);
	if (again_run(&a, s->cell, &more, e) < 0 || read_halted(out, s, a.dir, e) < 0)
		return -1;
	if (stat(path, &st) < 0)
		return err_sys(e, "%s", path);
	out->bytes = (uint64_t)st.st_size;
	return 0;
}

void stand_free(struct stand *s)
{
	moment_free(&s->at);
}

char *stand_vmlinux(const struct replay_cell *c)
{
	struct err ignored;
	auto_free char *cache = cache_path("KTSTR_CACHE_DIR", "kernels", &ignored);
	const char *name = replay_name(c->dir), *key = strchr(name, '/');

	if (!cache || name == c->dir || !key)
		return NULL;
	auto_free char *path = xasprintf("%s/%.*s/vmlinux", cache, (int)strcspn(key + 1, "/"), key + 1);

	return file_exists(path) ? TAKE(path) : NULL;
}
