#include "gen/verb/opts.h"

#include "text/argv.h"
#include "base/err.h"
#include "gen/graph/guest.h"
#include <string.h>

int guest_asked_plan(struct guest_plan *g, const struct guest_asked *v, struct err *e)
{
	if (v->require_kvm && v->accel && !strcmp(v->accel, "tcg"))
		return err_set(e, X_USAGE, "--require-kvm and --accel tcg exclude each other");
	g->accel = v->require_kvm ? "kvm" : v->accel ? v->accel : "auto";
	g->memory_mb = v->memory_mb;
	g->perf_mode = v->perf_mode;
	return 0;
}

void guest_asked_words(struct argv *a, const struct guest_asked *v)
{
	if (v->accel)
		argv_opt(a, "--accel", "%s", v->accel);
	if (v->memory_mb)
		argv_opt(a, "--memory-mb", "%llu", (unsigned long long)v->memory_mb);
	if (v->require_kvm)
		argv_add(a, "--require-kvm");
	if (v->perf_mode)
		argv_add(a, "--perf-mode");
}

enum kernels_build build_asked(const struct build_asked *v)
{
	return v->build ? KERNELS_BUILD_YES : v->no_build ? KERNELS_BUILD_NO : KERNELS_BUILD_ASK;
}
