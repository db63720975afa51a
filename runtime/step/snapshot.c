/* snapshot: a guest booted up to its init's hello, kept as device state and memory. */
#include "base/err.h"
#include "base/mem.h"
#include "base/opt.h"
#include "step/guest.h"
#include "step/step.h"
#include "step/steps.h"
#include "vm/vm.h"

static struct guest_opts guest;

static const struct opt opts[] = { GUEST_OPTS(guest), { 0 } };

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	return guest_recipe(&guest, r, h, e);
}

static int run(int dir, const char *path, struct err *e)
{
	auto_vm struct vm vm = { 0 };

	(void)dir;
	step_progress(0, 0, "booting");
	if (vm_start(&vm, &guest.machine, guest.kernel, guest.initrd, path, NULL, e) < 0)
		return -1;
	return vm_save(&vm, path, e);
}

const struct step step_snapshot = {
	.name = "snapshot",
	.format = 2,
	.summary = "boot a guest and keep it",
	.opts = opts,
	.recipe = recipe,
	.run = run,
};
