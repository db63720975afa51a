#include "gen/verbs.h"
#include "base/argv.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "gen/home.h"
#include "gen/plan.h"
#include "kernel/entry.h"
#include "store/store.h"
#include <sys/sysinfo.h>

/* QEMU's own memory beside the guest's RAM, generously. */
#define QEMU_MB 256u

static unsigned vm_slots(uint64_t guest_mb)
{
	unsigned cpus = run_cpus();
	struct sysinfo si;

	if (!guest_mb || sysinfo(&si) < 0)
		return cpus;
	uint64_t fit = (uint64_t)si.freeram * si.mem_unit / ((guest_mb + QEMU_MB) << 20);

	return fit < 1 ? 1 : fit < cpus ? (unsigned)fit : cpus;
}

int verb_plan(struct plan *p, const struct home *home, const char *rules, uint64_t guest_mb, struct err *e)
{
	auto_store struct store st = { .dir = -1 };

	if (store_open(&st, NULL, e) < 0)
		return -1;
	auto_free char *step = shell_quote(home->step);
	auto_free char *store = shell_quote(st.path);
	auto_free char *file = xasprintf("%s/%s", home->rules, rules);

	plan_var(p, "launcher", "%s", "");
	plan_var(p, "step", "%s", step);
	plan_var(p, "store", "%s", store);
	plan_var(p, "vm_slots", "%u", vm_slots(guest_mb));
	plan_include(p, file);
	return 0;
}

int verb_kconfig_hash(const struct home *home, char *hex, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, home->fragment, 1 << 20, &text, &n, e) < 0)
		return -1;
	crc_hex(text, n, hex);
	return 0;
}
