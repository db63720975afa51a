/* clone: one commit of a repository. What is stored is what it is; the tree lies in the store's "sources".
 *
 * The address is part of the result, because the tree may have to be fetched again. The version is not asked of a tree
 * twice: it is a result of its own, of the commit alone. */
#include "fetch/git/clone.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "text/url.h"
#include "kernel/build/build.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"
#include "store/store.h"

enum { VERSION_MAX = 64 };

static struct {
	const char *url, *ref, *commit;
} o;

static const struct opt opts[] = {
	{ .name = "url", .type = OPT_STR, .out = &o.url, .arg = "URL", .help = "of the repository, or its path" },
	{ .name = "ref",
	  .type = OPT_STR,
	  .out = &o.ref,
	  .arg = "REF",
	  .help = "what the commit was asked for by; helps with servers that give out names only" },
	{ .name = "commit", .type = OPT_STR, .out = &o.commit, .arg = "ID", .help = "40 or 64 hex digits" },
	{ 0 },
};

static void show(unsigned long done, unsigned long total, const char *note)
{
	step_progress(done, total, note);
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	auto_free char *url = NULL;

	(void)h;
	if (!o.url || !o.commit)
		return err_set(e, X_USAGE, "--url and --commit are required");
	if (strpbrk(o.url, "\n") || (o.ref && strpbrk(o.ref, "\n")))
		return err_set(e, X_USAGE, "--url and --ref are one line each");
	recipe_str(r, "commit", o.commit);
	url = url_shown(o.url);
	recipe_str(r, "url", url);
	recipe_str(r, "ref", o.ref);
	return 0;
}

static int read_version(struct work *w, struct err *e)
{
	auto_free char *tree = NULL;
	char version[VERSION_MAX];
	struct err ignored;

	if (clone_tree(step_store(), o.url, o.ref, o.commit, &tree, show, e) < 0)
		return -1;
	if (kbuild_version(tree, version, sizeof(version), e) < 0) {
		auto_free char *shown = url_shown(o.url);

		(void)clone_drop_tree(step_store(), o.commit, &ignored);
		return err_set(e, X_NO_INPUT,
			       "commit %s of %s is no kernel source tree: there is no version in its Makefile",
			       o.commit, shown);
	}
	return file_write(w->dir, "version", version, strlen(version), e) < 0 ? -1 : 0;
}

static int version_of(char **version, struct err *e)
{
	auto_recipe struct recipe r;
	auto_work struct work w = { .lock = -1, .dir = -1 };
	size_t n;
	int rc;

	recipe_open(&r, "clone-version", 1);
	recipe_str(&r, "commit", o.commit);
	rc = store_begin(step_store(), &r, false, &w, e);
	if (rc < 0)
		return -1;
	if (rc == STORE_MISS && (read_version(&w, e) < 0 || work_publish(&w, &r, e) < 0))
		return -1;
	return file_read(w.dir, "version", VERSION_MAX, version, &n, e) < 0 ? -1 : 0;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *version = NULL, *facts = NULL;
	auto_free char *url = url_shown(o.url); /* nobody's password is to be stored */

	(void)path;
	if (version_of(&version, e) < 0)
		return -1;
	facts = xasprintf("kind git\nidentity git:%s\nversion %s\ncommit %s\nref %s\nurl %s\n", o.commit, version,
			  o.commit, o.ref && *o.ref ? o.ref : "-", url);
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_clone = {
	.name = "clone",
	.format = 1,
	.summary = "one commit of a repository, without its history",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.costly = true,
	.run = run,
};
