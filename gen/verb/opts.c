#include "gen/verb/opts.h"

#include "text/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/guest.h"
#include "launch/command.h"
#include "process/spawn.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

int clock_asked_plan(struct guest_plan *g, const struct clock_asked *v, struct err *e)
{
	struct clock c;

	/* Each topology has the shift of its own CPUs; one will do to see whether the words agree. */
	if (clock_choose(&c, v->clock, v->shift, v->seed, 1, e) < 0)
		return -1;
	if (c.virtual && g->perf_mode)
		return err_set(e, X_USAGE,
			       "--perf-mode and --clock virtual exclude each other: in virtual time nothing depends on "
			       "the CPUs of the host");
	if (c.virtual && !strcmp(g->accel, "kvm"))
		return err_set(e, X_USAGE,
			       "virtual time is made by QEMU's emulation, KVM has none: --clock virtual goes with "
			       "--accel auto or tcg");
	g->virtual = c.virtual;
	g->seed = c.seed;
	g->shift = v->shift;
	return 0;
}

void clock_asked_words(struct argv *a, const struct clock_asked *v)
{
	if (v->clock)
		argv_opt(a, "--clock", "%s", v->clock);
	if (v->seed != CLOCK_UNSAID)
		argv_opt(a, "--seed", "%llu", (unsigned long long)v->seed);
	if (v->shift != CLOCK_UNSAID)
		argv_opt(a, "--shift", "%llu", (unsigned long long)v->shift);
}

/* Told before anything is looked for, and not by the first step that needs it. */
static int check_launcher(const char *text, struct err *e)
{
	auto_launcher struct launcher l = { 0 };

	if (launcher_parse(&l, text, e) < 0)
		return -1;
	for (size_t i = 0; i < l.n; i++) {
		const struct argv *words = &l.v[i].words;
		auto_free char *found = words->n ? spawn_find(words->v[0]) : NULL;

		if (words->n && !found)
			return err_set(e, X_NO_TOOL, "the launcher \"%s\" is no program that is there", words->v[0]);
	}
	return 0;
}

int launcher_asked(const struct opt_list *list, struct err *e)
{
	auto_free char *text = NULL;
	const char *said = getenv(LAUNCHER_VARIABLE);
	size_t n;

	if (!list->n)
		return said ? check_launcher(said, e) : 0;
	FILE *f = xmemstream(&text, &n);

	for (size_t i = 0; i < list->n; i++)
		fprintf(f, "%s\n", list->v[i]);
	fclose(f);
	if (check_launcher(text, e) < 0)
		return -1;
	return setenv(LAUNCHER_VARIABLE, text, 1) < 0 ? err_sys(e, "set " LAUNCHER_VARIABLE) : 0;
}

enum kernels_build build_asked(const struct build_asked *v)
{
	return v->build ? KERNELS_BUILD_YES : v->no_build ? KERNELS_BUILD_NO : KERNELS_BUILD_ASK;
}

int scheduler_binary(const char *given, char **path, struct err *e)
{
	struct stat st;

	*path = realpath(given, NULL);
	if (!*path || stat(*path, &st) < 0) {
		err_sys(e, "scheduler binary \"%s\"", given);
		e->code = X_NO_INPUT;
		return -1;
	}
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_BAD_SCHED, "scheduler binary \"%s\": not a regular file", given);
	return 0;
}
