/* probe: whether KVM works on this host, and its TSC rate; asked again after every boot. Not stored by content: the host
 * is the input. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/store.h"
#include "host/accel.h"

static bool again;

static const struct opt opts[] = {
	{ .name = "again",
	  .type = OPT_FLAG,
	  .out = &again,
	  .help = "also when it was found out since this host booted" },
	{ 0 },
};

static int run(int dir, const char *path, struct err *e)
{
	static const char *const kvm[] = {
		[KVM_WORKS] = "works", [KVM_MISSING] = "missing", [KVM_FORBIDDEN] = "forbidden", [KVM_BROKEN] = "broken"
	};
	struct accel_probe p;

	(void)path;
	if ((again ? accel_renewed : accel_cached)(&p, step_store()->path, e) < 0)
		return -1;
	auto_free char *text = xasprintf("kvm %s\nwhy %s\ntsc_khz %lu\n", kvm[p.kvm], p.why, p.tsc_khz);

	return file_write(dir, "probe", text, strlen(text), e) < 0 ? -1 : 0;
}

const struct step step_probe = {
	.name = "probe",
	.format = 1,
	.summary = "ask the host whether KVM works",
	.opts = opts,
	.run = run,
};
