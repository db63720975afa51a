#include "gen/sweep/flags.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/sweep/sweep.h"
#include "gen/graph/begin.h"
#include "verifier/flags.h"
#include <stdlib.h>

/* Each goes by the name that was asked for, however its flags are ordered in it. */
static int choose_others(struct sweep *s, const struct flags *f, struct err *e)
{
	for (const char *const *name = s->asked; name && *name; name++) {
		auto_profiles struct profiles one = { 0 };

		if (sweep_other(s, *name))
			continue;
		if (profiles_named(&one, f, name, 1, 1, e) < 0)
			return err_in(e, "scheduler replace %s", *name);
		free(one.v->name);
		one.v->name = xstrdup(*name);
		s->others.v = xreallocarray(s->others.v, s->others.n + 1, sizeof(*s->others.v));
		s->others.v[s->others.n++] = *one.v;
		one.n = 0;
	}
	return 0;
}

static int choose(struct sweep *s, const struct profile_opts *o, const struct flags *f, struct err *e)
{
	uint64_t max = o->max ? o->max : PROFILES_MAX;

	if (choose_others(s, f, e) < 0)
		return -1;
	if (!o->all && !o->named.n)
		return 0;
	if (o->all)
		return profiles_all(&s->profiles, f, max, e);
	return profiles_named(&s->profiles, f, o->named.v, o->named.n, max, e) < 0 ? err_in(e, "--profiles") : 0;
}

static int read_flags(struct flags *f, const char *path, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, path, FLAGS_TEXT, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "flags of the scheduler");
	return flags_parse(f, text, n, e) < 0 ? err_as(e, X_NO_INPUT, "flags of the scheduler: %s", path) : 0;
}

bool sweep_has_asked(const struct sweep *s)
{
	return s->asked && *s->asked;
}

int sweep_profiles_used(const struct profile_opts *o, bool asked, struct err *e)
{
	if (o->all || o->named.n)
		return 0;
	if (o->max)
		return err_set(e, X_USAGE, "--max-profiles is for --all-profiles or --profiles LIST");
	return o->file && !asked ? err_set(e, X_USAGE, "--flags-file is for --all-profiles or --profiles LIST") : 0;
}

int sweep_profiles(struct sweep *s, const struct profile_opts *o, struct err *e)
{
	auto_flags struct flags f = { 0 };

	if (!o->all && !o->named.n && !sweep_has_asked(s))
		return PROFILES_DONE;
	if (!o->file)
		return PROFILES_ASK;
	return read_flags(&f, o->file, e) < 0 || choose(s, o, &f, e) < 0 ? -1 : PROFILES_DONE;
}

int sweep_profiles_of(struct sweep *s, const struct profile_opts *o, const struct flags *f, struct err *e)
{
	return choose(s, o, f, e);
}

/* The guest of one kernel that asks. */
static int plan_ask(struct plan *p, const struct edge **asks, const struct sweep *s, struct kernels *one,
		    const struct kernels_opts *how, struct err *e)
{
	const struct kernel *k = &one->v[0].k;
	struct guest_plan guest = s->guests[0].plan;
	auto_free char *payload = sweep_payload(s, k);
	auto_argv struct argv args = { 0 };

	guest.name = NULL;
	if (plan_begin(p, s->home, "verifier.ninja", guest.memory_mb, s->guests[0].cpus, e) < 0 ||
	    kernels_plan(p, s->home, one, how, e) < 0 || guest_plan_allows(&guest, k, e) < 0)
		return -1;
	plan_guest_base(p, &guest);
	sweep_plan_payload(p, s, k);
	plan_guest_kernel(p, &guest, k);
	if (!s->o.cold)
		plan_guest_snapshot(p, &guest, k);
	struct edge *g = plan_edge(p, s->o.cold ? "flags-cold" : "flags", "flags of %s", s->name);

	edge_in(g, "%s", payload);
	if (s->o.cold)
		edge_guest(p, g, &guest, k);
	else
		edge_restore(g, &guest, k);
	edge_needs(g, "%s", s->home->step);
	edge_out(g, "flags/flags.json");
	edge_out(g, "flags/facts");
	edge_word(g, "outdir", "flags");
	edge_word(g, "payload", "%s", payload);
	guest_seed(&args, &guest);
	if (s->o.timeout)
		argv_opt(&args, "--timeout", "%llu", (unsigned long long)s->o.timeout);
	edge_words(g, "args", &args);
	*asks = g;
	return 0;
}

enum { ANSWERED = 0, UNKNOWN = 1, NO_GUEST = 2 };

/* NO_GUEST: it did not come to the question; another kernel may do better, and e says why this one did not. */
static int ask_on(struct flags *f, char **why, const struct sweep *s, struct kernels *one,
		  const struct kernels_opts *how, const struct run_opts *ro, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run r = { 0 };
	auto_free char *name = xasprintf("flags-%s", s->name);
	const struct edge *asks;
	auto_free char *answered = NULL;
	struct run_opts kept = *ro;

	kept.keep = true; /* until the answer is read */
	kept.brief = true;
	plan_init(&p, name);
	if (plan_ask(&p, &asks, s, one, how, e) < 0 || run_plan(&r, &p, &kept, e) < 0)
		return -1;
	if (run_first_failure(&r, &p, e) < 0)
		return run_step(&r, asks)->state == STEP_NOT_RUN ? NO_GUEST : -1;
	auto_free char *dir = xasprintf("%s/flags", r.dir), *path = xasprintf("%s/flags.json", dir);

	if (facts_file(dir, "facts", "answered", &answered, e) < 0)
		return -1;
	if (strcmp(answered, "yes") != 0)
		return facts_file(dir, "facts", "why", why, e) < 0 ? -1 : UNKNOWN;
	return read_flags(f, path, e) < 0 ? -1 : ANSWERED;
}

/* Those that are there before those that must be built. */
static int ask(struct flags *f, char **why, const struct sweep *s, struct kernels *kernels,
	       const struct kernels_opts *how, const struct run_opts *ro, struct err *e)
{
	int r = NO_GUEST;

	for (int built = 0; built < 2 && r == NO_GUEST; built++) {
		for (size_t i = 0; i < kernels->n && r == NO_GUEST; i++) {
			struct kernels one = { &kernels->v[i], 1 };

			if ((one.v->from != TARGET_READY) == built)
				r = ask_on(f, why, s, &one, how, ro, e);
		}
	}
	return r == NO_GUEST ? -1 : r;
}

static bool only_default(const struct opt_list *named)
{
	static const struct flags none;
	auto_profiles struct profiles p = { 0 };
	struct err ignored;

	return profiles_named(&p, &none, named->v, named->n, 1, &ignored) == 0;
}

int sweep_ask(struct sweep *s, const struct profile_opts *o, struct kernels *kernels, const struct kernels_opts *how,
	      const struct run_opts *ro, struct err *e)
{
	auto_flags struct flags f = { 0 };
	auto_free char *why = NULL;
	int r = ask(&f, &why, s, kernels, how, ro, e);

	if (r < 0)
		return -1;
	if (!f.n && o->named.n && !o->all && !only_default(&o->named))
		return err_set(
			e, X_USAGE,
			"--profiles cannot be honoured: scheduler %s %s%s%s; --flags-file FILE describes its flags",
			s->name,
			why ? "does not support " FLAGS_ARG " (" : "says by " FLAGS_ARG " that it has no flags",
			why ? why : "", why ? ")" : "");
	if (!f.n && (o->all || o->named.n))
		log_info("cargo-ktstr: scheduler does not support " FLAGS_ARG
			 "%s%s%s, running with default profile only",
			 why ? " (" : "", why ? why : "", why ? ")" : "");
	return choose(s, o, &f, e);
}

int sweep_list_flags(const struct sweep *s, struct kernels *kernels, const struct kernels_opts *how,
		     const struct run_opts *ro, struct err *e)
{
	auto_flags struct flags f = { 0 };
	auto_free char *why = NULL;

	if (ask(&f, &why, s, kernels, how, ro, e) < 0)
		return -1;
	if (why)
		log_info("scheduler %s does not support " FLAGS_ARG " (%s)", s->name, why);
	flags_write(stdout, &f);
	return 0;
}
