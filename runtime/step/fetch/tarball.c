/* tarball: a released kernel's source. What is stored is what it is; the tree lies in the store's "sources". */
#include "fetch/tarball/tarball.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "text/url.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"

static struct {
	const char *version;
	struct tarball tarball;
	char note[256]; /* what could not be checked */
} o;

static const struct opt opts[] = {
	{ .name = "version",
	  .type = OPT_STR,
	  .out = &o.version,
	  .arg = "VERSION",
	  .help = "of the kernel: 6.14.2, 6.15-rc3" },
	{ 0 },
};

static void show(unsigned long done, unsigned long total, const char *note)
{
	step_progress(done, total, note);
}

/* Without a published checksum the address must do; what came from there once is what it stands for. */
static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	auto_free char *url = NULL;

	(void)h;
	if (!o.version)
		return err_set(e, X_USAGE, "--version is required");
	if (tarball_where(&o.tarball, o.version, e) < 0)
		return -1;
	step_progress(0, 0, "asking for its checksum");
	if (tarball_checksum(step_store(), &o.tarball, o.note, e) < 0)
		return err_in(e, "Linux %s", o.version);
	recipe_str(r, "version", o.version);
	url = url_shown(o.tarball.url);
	if (*o.tarball.sha256)
		recipe_str(r, "sha256", o.tarball.sha256);
	else
		recipe_str(r, "url", url);
	return 0;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *url = url_shown(o.tarball.url); /* nobody's password is to be stored */
	auto_free char *tree = NULL, *facts = NULL;
	const struct tarball *t = &o.tarball;

	(void)path;
	if (tarball_tree(step_store(), &o.tarball, &tree, show, e) < 0)
		return -1;
	facts = xasprintf("kind tarball\nidentity sha256:%s\nversion %s\nurl %s\nunchecked %s\n", t->sha256, t->version,
			  url, *o.note ? o.note : "-");
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_tarball = {
	.name = "tarball",
	.format = 1,
	.summary = "a released kernel's source: downloaded, checked, unpacked",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.costly = true,
	.run = run,
};
