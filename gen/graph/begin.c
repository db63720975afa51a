#include "gen/graph/begin.h"
#include <stdbool.h>
#include <stdlib.h>

#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "launch/command.h"
#include "store/store.h"
#include "vm/admit.h"

enum { LAUNCHED_SLOTS = 1024 };

/* Whether steps with guests have other machines. */
static int guests_go(bool *go, struct err *e)
{
	const char *text = getenv(LAUNCHER_VARIABLE);
	auto_launcher struct launcher l = { 0 };

	*go = false;
	if (!text || !*text)
		return 0;
	if (launcher_parse(&l, text, e) < 0)
		return -1;
	*go = launcher_for(&l, "run") || launcher_for(&l, "verify");
	return 0;
}

/* Guests of this size that the host takes side by side, by the same rule as vm/admit.h has for all of its processes. */
static int vm_slots(uint64_t guest_mb, unsigned guest_cpus, uint64_t *slots, struct err *e)
{
	struct admit_size room;
	bool go;

	if (guests_go(&go, e) < 0 || admit_room(&room, e) < 0)
		return -1;
	uint64_t fit = room.cpus / (guest_cpus ? guest_cpus : 1);
	uint64_t held = guest_mb ? room.mb / (guest_mb + ADMIT_QEMU_MB) : fit;

	fit = held < fit ? held : fit;
	*slots = fit ? fit : 1;
	/* Other machines have room of their own; how many there are is said by --jobs. */
	if (go)
		*slots = LAUNCHED_SLOTS;
	return 0;
}

int plan_begin(struct plan *p, const struct home *home, const char *rules, uint64_t guest_mb, unsigned guest_cpus,
	       struct err *e)
{
	auto_store struct store st = { .dir = -1 };
	uint64_t slots;

	if (vm_slots(guest_mb, guest_cpus, &slots, e) < 0 || store_open(&st, NULL, e) < 0)
		return -1;
	auto_free char *file = xasprintf("%s/%s", home->rules, rules);

	plan_text(p, "launcher", "%s", "");
	plan_word(p, "step", home->step);
	plan_word(p, "source_step", home->source);
	plan_word(p, "store", st.path);
	plan_text(p, "vm_slots", "%llu", (unsigned long long)slots);
	if (guest_mb) {
		auto_free char *guest = xasprintf("%s/guest.ninja", home->rules);

		plan_include(p, guest);
	}
	plan_include(p, file);
	return 0;
}
