/* remote-ref: the commit that a branch or tag of a remote repository stands at now. Asked each time. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "fetch/git/remote.h"
#include "step/step.h"
#include "step/steps.h"

static struct {
	const char *url, *ref;
} o;

static const struct opt opts[] = {
	{ .name = "url", .type = OPT_STR, .out = &o.url, .arg = "URL", .help = "of the repository, or its path" },
	{ .name = "ref",
	  .type = OPT_STR,
	  .out = &o.ref,
	  .arg = "REF",
	  .help = "branch, tag, full name, HEAD or full commit id" },
	{ 0 },
};

static int run(int dir, const char *path, struct err *e)
{
	auto_remote_ref struct remote_ref r = { 0 };
	auto_free char *facts = NULL;

	(void)path;
	if (!o.url || !o.ref)
		return err_set(e, X_USAGE, "--url and --ref are required");
	step_progress(0, 0, "asking");
	if (remote_ref_find(o.url, o.ref, &r, e) < 0)
		return -1;
	facts = xasprintf("commit %s\nname %s\n", r.commit, r.name ? r.name : "-");
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_remote_ref = {
	.name = "remote-ref",
	.format = 1,
	.summary = "the commit of a branch or tag of a remote repository",
	.opts = opts,
	.run = run,
};
