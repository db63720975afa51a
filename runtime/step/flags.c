/* flags: the flags a scheduler says it has. */
#include "verifier/flags.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "step/guest.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"
#include "store/store.h"
#include "verifier/ask.h"

static struct guest_opts guest = GUEST_OPTS_INIT;
static struct guest_run how;

static const struct opt opts[] = {
	GUEST_OPTS(guest),
	GUEST_RUN_OPTS(how, "answer"),
	{ 0 },
};

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	return guest_run_recipe(&guest, &how, r, h, e);
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
	auto_free char *why = NULL, *fallback = NULL, *initrd = guest_initrd(guest.boot, guest.initrd, e);
	const struct ask ask = {
		.snapshot = how.snapshot,
		.seed = how.seed,
		.machine = guest.machine,
		.kernel = guest.kernel,
		.initrd = initrd,
		.pack = how.payload,
		.note = step_note,
		.seconds = (unsigned)how.timeout,
	};

	(void)path;
	if (!initrd || guest_run_admit(&guest, &how, e) < 0)
		return -1;
	int r = ask_flags(&ask, &f, &why, &fallback, e);

	if (fallback)
		store_spoil(step_store(), how.snapshot, "state");
	return r < 0 ? -1 : write_answer(dir, &f, why, e);
}

static void size(struct step_size *s)
{
	guest_size(s, &guest, how.snapshot);
}

const struct step step_flags = {
	.name = "flags",
	.format = 1,
	.summary = "ask a scheduler in a guest for its flags",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.size = size,
	.costly = true,
	.run = run,
};
