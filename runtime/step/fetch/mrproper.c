/* mrproper: takes out of a source tree what a build in place left there. */
#include "base/err.h"
#include "base/file.h"
#include "options/opt.h"
#include "kernel/build/build.h"
#include "step/step.h"
#include "step/steps.h"
#include <string.h>
#include <sys/utsname.h>

static struct {
	const char *source, *arch;
} o;

static const struct opt opts[] = {
	{ .name = "source", .type = OPT_STR, .out = &o.source, .arg = "DIR", .help = "kernel source tree" },
	{ .name = "arch",
	  .type = OPT_STR,
	  .out = &o.arch,
	  .arg = "ARCH",
	  .help = "it was configured for, instead of this machine's",
	  .choices = "x86_64 aarch64" },
	{ 0 },
};

static int run(int dir, const char *path, struct err *e)
{
	static const char facts[] = "clean yes\n";
	struct utsname host;
	char version[64];

	(void)path;
	if (!o.source)
		return err_set(e, X_USAGE, "--source is required");
	uname(&host);
	step_progress(0, 0, "make mrproper");
	if (kbuild_version(o.source, version, sizeof(version), e) < 0 ||
	    kbuild_clean(o.source, o.arch ? o.arch : host.machine, e) < 0)
		return -1;
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_mrproper = {
	.name = "mrproper",
	.format = 1,
	.summary = "make mrproper in a kernel source tree",
	.opts = opts,
	.run = run,
};
