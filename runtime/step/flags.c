/* flags: the flags a scheduler says it has. */
#include "verifier/flags.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "step/guest.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"
#include "store/store.h"
#include "verifier/ask.h"

static struct guest_opts guest;
static struct {
	const char *snapshot, *payload;
	uint64_t timeout;
	bool cold;
} o;

static const struct opt opts[] = {
	GUEST_OPTS(guest),
	{ .name = "snapshot",
	  .type = OPT_STR,
	  .out = &o.snapshot,
	  .arg = "DIR",
	  .help = "output of the snapshot step" },
	{ .name = "payload", .type = OPT_STR, .out = &o.payload, .arg = "FILE", .help = "output of the payload step" },
	{ .name = "timeout",
	  .type = OPT_U64,
	  .out = &o.timeout,
	  .arg = "SECONDS",
	  .min = 1,
	  .max = 86400,
	  .help = "how long the scheduler may take to answer" },
	{ .name = "cold", .type = OPT_FLAG, .out = &o.cold, .help = "boot instead of restoring a snapshot" },
	{ 0 },
};

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	auto_free char *base = xasprintf("%s/recipe", o.snapshot ? o.snapshot : ".");

	if (!guest.boot || !guest.initrd || !o.payload || o.cold == (o.snapshot != NULL))
		return err_set(e, X_USAGE, "--boot, --initrd, --payload and one of --snapshot and --cold are required");
	guest_kernel(&guest);
	if (o.cold ? guest_recipe(&guest, r, h, e) < 0 : recipe_file(r, "snapshot", base, h, e) < 0)
		return -1;
	return recipe_file(r, "payload", o.payload, h, e);
}

static int write_answer(int dir, const struct flags *f, const char *why, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *out = xmemstream(&text, &n);

	flags_write(out, f);
	fclose(out);
	if (file_write(dir, "flags.json", text, n, e) < 0)
		return -1;
	auto_free char *facts = why ? xasprintf("answered no\nwhy %s\n", why) : xstrdup("answered yes\n");

	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_flags struct flags f = { 0 };
	auto_free char *why = NULL, *fallback = NULL;
	const struct ask ask = {
		.snapshot = o.snapshot,
		.machine = guest.machine,
		.kernel = guest.kernel,
		.initrd = guest.initrd,
		.pack = o.payload,
		.seconds = (unsigned)o.timeout,
	};

	(void)path;
	if ((o.snapshot ? guest_admit_restored(o.snapshot, e) : guest_admit(&guest.machine, e)) < 0)
		return -1;
	int r = ask_flags(&ask, &f, &why, &fallback, e);

	if (fallback)
		store_spoil(step_store(), o.snapshot, "state");
	return r < 0 ? -1 : write_answer(dir, &f, why, e);
}

const struct step step_flags = {
	.name = "flags",
	.format = 1,
	.summary = "ask a scheduler in a guest for its flags",
	.opts = opts,
	.recipe = recipe,
	.run = run,
};
