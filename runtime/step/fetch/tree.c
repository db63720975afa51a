/* tree: what a source tree on this machine is: the hash of its content, its version, what git says of it. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "kernel/build/build.h"
#include "fetch/git/local.h"
#include "fetch/tree/srctree.h"
#include "step/step.h"
#include "step/steps.h"
#include "text/name.h"
#include "store/recipe.h"
#include "store/store.h"
#include <stdint.h>
#include <sys/stat.h>

static struct {
	const char *source;
} o;

static const struct opt opts[] = {
	{ .name = "source", .type = OPT_STR, .out = &o.source, .arg = "DIR", .help = "kernel source tree" },
	{ 0 },
};

static void show(unsigned long done, unsigned long total, const char *note)
{
	step_progress(done, total, note);
}

struct git_facts {
	char commit[GIT_ID]; /* "" none */
	const char *dirty;
};

/* Whether a tree differs from its commit follows from its content, the commit and the index. Looking costs as much as
 * hashing the tree, so the last answer is kept, with what it was about. */
static char *dirty_about(struct localgit *git, const struct git_facts *g, const char *hex)
{
	struct stat st;

	if (stat(localgit_index(git), &st) < 0)
		return NULL;
	return xasprintf("%s %s %ju %jd %jd.%09ld ", hex, g->commit, (uintmax_t)st.st_ino, (intmax_t)st.st_size,
			 (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static int find_dirty(struct localgit *git, struct git_facts *g, const char *hex, struct err *e)
{
	char source[NAME_LEN + 1];
	auto_free char *about = dirty_about(git, g, hex);
	auto_free char *path = NULL, *last = NULL, *text = NULL;
	struct err ignored;
	bool dirty;

	name_hex(o.source, strlen(o.source), source);
	path = xasprintf("%s/hashes/dirty-%s", step_store()->path, source);
	if (about && file_read(AT_FDCWD, path, 4096, &last, NULL, &ignored) == 0 &&
	    !strncmp(last, about, strlen(about))) {
		g->dirty = strcmp(last + strlen(about), "no\n") ? "yes" : "no";
		return 0;
	}
	if (localgit_dirty(git, &dirty, e) < 0)
		return -1;
	g->dirty = dirty ? "yes" : "no";
	text = about ? xasprintf("%s%s\n", about, g->dirty) : NULL;
	if (text)
		(void)file_write(AT_FDCWD, path, text, strlen(text), &ignored); /* costs time only */
	return 0;
}

static int ask_git(struct git_facts *g, const char *hex, struct err *e)
{
	struct localgit *git;
	int r;

	*g = (struct git_facts){ .dirty = "-" };
	if (localgit_open(&git, o.source, e) < 0)
		return -1;
	if (!git)
		return 0;
	r = localgit_head(git, g->commit, e);
	if (r == 0)
		r = find_dirty(git, g, hex, e);
	localgit_close(git);
	return r;
}

static int run(int dir, const char *path, struct err *e)
{
	char hex[KEY_LEN + 1], version[64];
	auto_free char *facts = NULL, *shut = NULL;
	struct git_facts git;

	(void)path;
	if (!o.source)
		return err_set(e, X_USAGE, "--source is required");
	if (srctree_hash(step_store()->path, o.source, hex, &shut, show, e) < 0)
		return -1;
	if (shut) {
		auto_free char *note = xasprintf("%s may not be read by this user, and counts by size and time", shut);

		step_note(note);
	}
	if (kbuild_version(o.source, version, sizeof(version), e) < 0 || ask_git(&git, hex, e) < 0)
		return -1;
	facts = xasprintf("tree %s\nversion %s\ncommit %s\ndirty %s\n", hex, version, git.commit[0] ? git.commit : "-",
			  git.dirty);
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_tree = {
	.name = "tree",
	.format = 1,
	.summary = "hash a kernel source tree",
	.opts = opts,
	.run = run,
};
