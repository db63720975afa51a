/* snapshot: a guest booted up to its init's hello, kept as device state and memory. */
#include "base/env.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "step/again.h"
#include "step/guest.h"
#include "step/snapshot.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/digest.h"
#include "store/gc.h"
#include "vm/ram.h"
#include "vm/snapshot.h"
#include "vm/vm.h"
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct guest_opts guest = GUEST_OPTS_INIT;

static const struct opt opts[] = { GUEST_OPTS(guest), { 0 } };

/* Each takes 60 to 150 MB, more with many CPUs. */
enum { LIMIT_MB = 8192 };
enum { BOOTS = 10 };
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

static int boot(const struct guest_opts *g, const char *initrd, const char *path, struct err *e)
{
	auto_vm struct vm vm = { 0 };

	if (vm_start(&vm, &g->machine, g->kernel, initrd, path, step_note, e) < 0)
		return -1;
	return vm_save(&vm, path, e);
}

static int forget(const struct guest_opts *g, const char *path, struct err *e)
{
	return ram_forget(path, g->machine.topo.nodes, e);
}

/* Until it stops where all guests in virtual time do; one with a real clock does at once. */
static int boot_exactly(const struct guest_opts *g, const char *initrd, const char *path, struct err *e)
{
	for (int i = 0; i < BOOTS; i++) {
		step_progress(0, 0, i ? "booting again: it did not stop where all do" : "booting");
		if (i && forget(g, path, e) < 0)
			return -1;
		int r = boot(g, initrd, path, e);

		if (r != SAVE_INEXACT)
			return r;
	}
	return err_set(e, X_VM,
		       "the guest never stopped where all guests in virtual time do, in %d boots; let ktstr trace QEMU "
		       "(ptrace), docs/troubleshooting.md",
		       BOOTS);
}

/* Guests of one recipe in virtual time are one guest: "ram.sha256" of two stores, or two hosts, tells whether they are. */
static int write_ram_hash(const struct guest_opts *g, int dir, struct err *e)
{
	auto_free char *text = NULL;
	char hex[KEY_LEN + 1];
	size_t n;
	FILE *f = xmemstream(&text, &n);
	int r = 0;

	for (unsigned i = 0; r == 0 && i < g->machine.topo.nodes; i++) {
		auto_free char *name = xasprintf("ram%u", i);
		auto_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

		r = fd < 0 ? err_sys(e, "open %s", name) : digest_fd(fd, name, hex, NULL, e);
		fprintf(f, "%s  %s\n", hex, name);
	}
	fclose(f);
	return r < 0 || file_write(dir, "ram.sha256", text, n, e) < 0 ? -1 : 0;
}

int snapshot_make(struct guest_opts *g, int dir, const char *path, struct err *e)
{
	auto_free char *initrd = guest_initrd(g->boot, g->initrd, e);
	struct again again = { 0 };

	if (!initrd || guest_admit(&g->machine, e) < 0)
		return -1;
	for (;;) {
		struct err why = { 0 };

		again_begin(&again);
		int r = boot_exactly(g, initrd, path, &why);
		int more = again_ask(&again, r == 0 || !again_accident(why.code), e);

		if (more < 0)
			return -1;
		if (more == AGAIN_NO && r < 0)
			*e = why;
		if (more == AGAIN_NO)
			return r < 0 || !g->machine.clock.virtual ? r : write_ram_hash(g, dir, e);
		if (forget(g, path, e) < 0)
			return -1;
	}
}

static int run(int dir, const char *path, struct err *e)
{
	return snapshot_make(&guest, dir, path, e);
}

static void size(struct step_size *s)
{
	guest_size(s, &guest, NULL);
}

const struct step step_snapshot = {
	.name = "snapshot",
	.format = 4,
	.summary = "boot a guest and save it as a snapshot",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.size = size,
	.costly = true,
	.run = run,
	.tidy = tidy,
};
