/* initramfs: ktstr-init as the root every guest starts from. */
#include "guest/initramfs.h"
#include "base/err.h"
#include "options/opt.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"

static struct {
	const char *init;
} o;

static const struct opt opts[] = {
	{ .name = "init", .type = OPT_STR, .out = &o.init, .arg = "FILE", .help = "ktstr-init" },
	{ 0 },
};

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	return recipe_file(r, "init", o.init, h, e);
}

static int run(int dir, const char *path, struct err *e)
{
	(void)path;
	return initramfs_write(dir, "initramfs.cpio", o.init, e);
}

const struct step step_initramfs = {
	.name = "initramfs",
	.format = 1,
	.summary = "pack the guest's init",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.run = run,
};
