#include "step/attached.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "attach/attach.h"
#include "base/env.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "progress/log.h"
#include "step/step.h"
#include "store/content.h"
#include "store/digest.h"
#include "store/gc.h"
#include "store/hashes.h"
#include "vm/snapshot.h"
#include "vm/vm.h"

/* Each takes 15 to 50 MB, more with a large scheduler. */
enum { LIMIT_MB = 4096, TRIES = 10, MACHINE_MAX = 1 << 20, FORMAT = 1 };
#define LIMIT_MAX_MB (1ull << 30)
#define STEP "attached"

static int limit_mb(uint64_t *mb, struct err *e)
{
	return env_u64("KTSTR_ATTACHED_MB", "MB for all guests with an attached scheduler together", LIMIT_MB, 0,
		       LIMIT_MAX_MB, mb, e);
}

static int is_virtual(const char *snapshot, bool *virtual, struct err *e)
{
	auto_free char *path = xasprintf("%s/machine", snapshot), *text = NULL;
	struct machine m;
	size_t n;

	if (file_read(AT_FDCWD, path, MACHINE_MAX, &text, &n, e) < 0 || machine_read(&m, text, n, e) < 0)
		return err_in(e, "snapshot %s", snapshot);
	*virtual = m.clock.virtual;
	return 0;
}

static int state_recipe(struct attached *a, struct hashes *h, struct err *e)
{
	auto_free char *base = xasprintf("%s/recipe", a->snapshot);
	auto_free char *memory = xasprintf("%s/ram.sha256", a->snapshot);

	recipe_open(&a->recipe, STEP, FORMAT);
	if (recipe_file(&a->recipe, "snapshot", base, h, e) < 0 ||
	    recipe_file(&a->recipe, "memory", memory, h, e) < 0 ||
	    recipe_file(&a->recipe, "payload", a->pack, h, e) < 0)
		return -1;
	for (size_t i = 0; i < a->n_args; i++)
		recipe_str(&a->recipe, "arg", a->args[i]);
	if (a->groups)
		recipe_str(&a->recipe, "groups", a->groups);
	if (a->watchdog_ms)
		recipe_u64(&a->recipe, "watchdog", a->watchdog_ms);
	recipe_u64(&a->recipe, "seed", a->seed);
	recipe_u64(&a->recipe, "seconds", a->seconds);
	return 0;
}

/* STORE_HIT, or STORE_MISS with a draft to fill. */
static int look_up(struct attached *a, struct err *e)
{
	struct hashes *h;

	if (hashes_open(&h, step_store()->path, "steps", e) < 0)
		return -1;
	int rc = state_recipe(a, h, e);

	if (rc == 0)
		rc = store_begin(step_store(), &a->recipe, a->anew || !a->mb, &a->work, e);
	hashes_close(h);
	return rc;
}

/* "pages" has a hash of its own. */
static bool is_whole(int dir)
{
	auto_content struct content c = { 0 };
	char hex[KEY_LEN + 1];
	struct err ignored;

	if (content_read(&c, dir, &ignored) < 0)
		return false;
	for (size_t i = 0; i < c.n; i++) {
		auto_close int fd = openat(dir, c.v[i].name, O_RDONLY | O_CLOEXEC);

		if (!strcmp(c.v[i].name, "pages"))
			continue;
		if (fd < 0 || digest_fd(fd, c.v[i].name, hex, NULL, &ignored) < 0 || strcmp(hex, c.v[i].hex) != 0)
			return false;
	}
	return true;
}

static int go_on(struct attached *a, struct vm *vm, struct err *e)
{
	if (!is_whole(a->work.dir))
		return err_set(e, X_VM, "its content is not what was stored");
	return attach_restore(vm, a->snapshot, a->work.dir, a->seed, 0, e);
}

/* One that turns out to be damaged goes, and is made again. */
static int find(struct attached *a, struct vm *vm, struct err *e)
{
	for (;;) {
		struct err why = { 0 };
		int rc = look_up(a, e);

		if (rc != STORE_HIT)
			return rc < 0 ? -1 : ATTACHED_BASE;
		work_touch(&a->work);
		if (go_on(a, vm, &why) == 0)
			return ATTACHED_GO;
		vm_close(vm);
		if (!vm_snapshot_blamed(why.code)) {
			*e = why;
			return -1;
		}
		log_debug("the guest with its scheduler attached cannot be continued: %s", why.msg);
		store_spoil(step_store(), a->work.path, "state");
		attached_end(a);
	}
}

int attached_begin(struct attached *a, struct vm *vm, struct err *e)
{
	bool virtual = false;
	int r = ATTACHED_BASE;

	a->given = a->again = false;
	if (a->work.lock < 0)
		attached_end(a);
	if (is_virtual(a->snapshot, &virtual, e) < 0)
		return -1;
	if (!virtual)
		return ATTACHED_REAL;
	if (limit_mb(&a->mb, e) < 0)
		return -1;
	/* Behind a try that failed the draft is still ours. */
	if (a->work.lock < 0)
		r = find(a, vm, e);
	a->given = r == ATTACHED_GO;
	return r == ATTACHED_BASE && vm_restore_own(vm, a->snapshot, a->seed, e) < 0 ? -1 : r;
}

static int clear(int dir, struct err *e)
{
	static const char *const all[] = { "state", "pages", "heard", "ram.sha256" };

	for (size_t i = 0; i < countof(all); i++)
		if (unlinkat(dir, all[i], 0) < 0 && errno != ENOENT)
			return err_sys(e, "remove %s", all[i]);
	return 0;
}

static int write_sum(int dir, struct err *e)
{
	auto_close int fd = openat(dir, "pages", O_RDONLY | O_CLOEXEC);
	char hex[KEY_LEN + 1];

	if (fd < 0 || digest_fd(fd, "pages", hex, NULL, e) < 0)
		return fd < 0 ? err_sys(e, "open pages") : -1;
	auto_free char *line = xasprintf("%s  pages\n", hex);

	return file_write(dir, "ram.sha256", line, strlen(line), e) < 0 ? -1 : 0;
}

static int inexact(struct attached *a, struct err *e)
{
	a->again = ++a->tries < TRIES;
	step_progress(0, 0, "loading again: the guest did not stop where all do");
	return err_set(
		e, X_VM,
		"the guest never stopped where all guests with this scheduler attached do, in %u tries; let ktstr trace "
		"QEMU (ptrace), docs/troubleshooting.md",
		a->tries);
}

int attached_settle(struct attached *a, struct vm *vm, struct err *e)
{
	size_t from;

	if (a->work.lock < 0)
		return 0;
	if (clear(a->work.dir, e) < 0)
		return -1;
	int r = attach_save(vm, a->snapshot, a->work.dir, &from, e);

	if (r != ATTACH_SAVED)
		return r < 0 ? -1 : inexact(a, e);
	vm_close(vm);
	if (write_sum(a->work.dir, e) < 0)
		return -1;
	if (!a->anew && a->mb &&
	    (work_publish(&a->work, &a->recipe, e) < 0 || gc_bound(step_store(), STEP, a->mb << 20, e) < 0))
		return -1;
	return attach_restore(vm, a->snapshot, a->work.dir, a->seed, from, e);
}

void attached_end(struct attached *a)
{
	work_drop(&a->work);
	recipe_close(&a->recipe);
}
