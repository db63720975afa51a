/* snapshot: a guest booted up to its init's hello, kept as device state and memory. */
#include "base/env.h"
#include "base/err.h"
#include "base/mem.h"
#include "options/opt.h"
#include "step/again.h"
#include "step/guest.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/gc.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include <errno.h>
#include <unistd.h>

static struct guest_opts guest;

static const struct opt opts[] = { GUEST_OPTS(guest), { 0 } };

/* Each takes 60 to 150 MB, more with many CPUs. */
enum { LIMIT_MB = 8192 };
#define LIMIT_MAX_MB (1ull << 30)

static int limit_mb(uint64_t *mb, struct err *e)
{
	return env_u64("KTSTR_SNAPSHOT_MB", "MB for all snapshots together", LIMIT_MB, 0, LIMIT_MAX_MB, mb, e);
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	uint64_t mb;

	return limit_mb(&mb, e) < 0 ? -1 : guest_recipe(&guest, r, h, e);
}

static int tidy(struct store *st, struct err *e)
{
	uint64_t mb;

	return limit_mb(&mb, e) < 0 ? -1 : gc_bound(st, "snapshot", mb << 20, e);
}

static int boot(const char *initrd, const char *path, struct err *e)
{
	auto_vm struct vm vm = { 0 };

	if (vm_start(&vm, &guest.machine, guest.kernel, initrd, path, NULL, e) < 0)
		return -1;
	return vm_save(&vm, path, e);
}

static int forget(int dir, struct err *e)
{
	for (unsigned i = 0; i < guest.machine.topo.nodes; i++) {
		auto_free char *name = xasprintf("ram%u", i);

		if (unlinkat(dir, name, 0) < 0 && errno != ENOENT)
			return err_sys(e, "remove %s", name);
	}
	return 0;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *initrd = guest_initrd(guest.boot, guest.initrd, e);
	struct again again = { 0 };

	if (!initrd || guest_admit(&guest.machine, e) < 0)
		return -1;
	for (;;) {
		struct err why = { 0 };

		step_progress(0, 0, "booting");
		again_begin(&again);
		int r = boot(initrd, path, &why);
		int more = again_ask(&again, r == 0 || !again_accident(why.code), e);

		if (more < 0)
			return -1;
		if (more == AGAIN_NO && r < 0)
			*e = why;
		if (more == AGAIN_NO)
			return r;
		if (forget(dir, e) < 0)
			return -1;
	}
}

const struct step step_snapshot = {
	.name = "snapshot",
	.format = 3,
	.summary = "boot a guest and save it as a snapshot",
	.opts = opts,
	.recipe = recipe,
	.run = run,
	.tidy = tidy,
};
