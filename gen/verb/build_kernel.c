/* build-kernel: the old name of `kernel build --source`. */
#include "base/err.h"
#include "progress/log.h"
#include "gen/verb/kernel_build.h"
#include "gen/verb/verbs.h"

static struct {
	const char *kernel;
	bool clean;
} o;

static const struct opt opts[] = {
	{ .name = "kernel", .type = OPT_STR, .out = &o.kernel, .arg = "DIR", .help = "kernel source tree to build" },
	{ .name = "clean", .type = OPT_FLAG, .out = &o.clean, .help = "run make mrproper there first" },
	{ 0 },
};

static int run(int n, const char *const *args, struct err *e)
{
	(void)n;
	(void)args;
	if (!o.kernel)
		return err_set(e, X_USAGE, "--kernel DIR is required"), X_USAGE;
	log_warn("build-kernel is deprecated, use `cargo ktstr kernel build --source %s` instead", o.kernel);
	return kernel_build_tree(o.kernel, o.clean, e);
}

const struct verb verb_build_kernel = {
	.name = "build-kernel",
	.args = "",
	.summary = "deprecated: kernel build --source",
	.opts = opts,
	.hidden = true,
	.run = run,
};
