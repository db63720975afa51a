/* schedulers.c: which schedulers a request is about: one that is named, one that cargo builds, or those that test programs declare. */
#include "gen/verb/verifier/asked.h"

#include "base/err.h"
#include "base/mem.h"
#include "gen/cargo/cargo.h"
#include "gen/graph/plan.h"
#include "gen/sweep/workspace.h"
#include <stdlib.h>
#include <string.h>

static struct verifier_asked *const o = &verifier_asked;

static void part_free(struct part *p)
{
	sweep_free(&p->sweep);
	argv_free(&p->args);
	free(p->name);
	free(p->binary);
}

void schedulers_free(struct request *q)
{
	for (size_t i = 0; i < q->n; i++)
		part_free(&q->parts[i]);
	free(q->parts);
	q->parts = NULL;
	q->n = 0;
}

/* What is for one scheduler only is not for those that are declared. */
static int check_declared(struct err *e)
{
	const char *what = o->report.diff       ? "--diff"
			   : o->report.diff_bin ? "--diff-bin"
			   : o->profiles.file   ? "--flags-file"
						: NULL;

	return what ? err_set(e, X_USAGE,
			      "%s is about one scheduler: name it with --scheduler PKG or --scheduler-bin PATH", what)
		    : 0;
}

/* Nobody names a scheduler: test programs do, those that are named or those of the workspace. */
static int settle_declared(struct request *q, struct err *e)
{
	if (q->args[0] && !o->tests.n && !o->declared.n)
		return err_set(
			e, X_USAGE,
			"\"%s\" is an argument for the scheduler; name the scheduler itself with --scheduler-bin PATH "
			"or --scheduler PKG",
			q->args[0]);
	if (!o->tests.n && !workspace_here())
		return err_set(
			e, X_USAGE,
			"either --scheduler PKG or --scheduler-bin PATH is required; --tests PROGRAM takes the schedulers "
			"that a test program declares, and in a cargo workspace nothing is needed");
	if ((o->package.release || o->package.profile) && o->tests.n)
		return err_set(e, X_USAGE,
			       "--release and --profile are for cargo, which does not build what --tests names");
	for (size_t i = 0; i < o->tests.n; i++) {
		auto_free char *path = NULL;

		if (scheduler_binary(o->tests.v[i], &path, e) < 0)
			return err_set(e, X_NO_INPUT, "--tests %s: there is no such program", o->tests.v[i]);
	}
	auto_free char *cargo = o->tests.n ? NULL : cargo_program(e);

	if ((!o->tests.n && !cargo) || check_declared(e) < 0)
		return -1;
	q->declared = true;
	q->name = xstrdup("declared");
	return 0;
}

/* The absolute path of a scheduler. */
int schedulers_find(struct request *q, struct err *e)
{
	const char *named = getenv("KTSTR_SCHEDULER");

	if (!o->package.spec && !o->scheduler && !o->tests.n && !o->declared.n && named && *named)
		o->scheduler = named;
	if (!o->package.spec && !o->scheduler)
		return settle_declared(q, e);
	if (!o->package.spec && (o->package.release || o->package.profile))
		return err_set(e, X_USAGE, "the option '--%s' needs '--scheduler' as well",
			       o->package.release ? "release" : "profile");
	if ((o->scheduler && scheduler_binary(o->scheduler, &q->scheduler, e) < 0) ||
	    (o->report.diff_bin && scheduler_binary(o->report.diff_bin, &q->base, e) < 0))
		return -1;
	auto_free char *cargo = o->package.spec ? cargo_program(e) : NULL;

	q->name = plan_slug(o->package.spec ? o->package.spec : strrchr(q->scheduler, '/') + 1);
	return o->package.spec && !cargo ? -1 : 0;
}

static struct part *add_part(struct request *q, const char *name, const char *subject, const char *binary)
{
	struct part *p = &q->parts[q->n++];

	*p = (struct part){ .name = xstrdup(name), .subject = subject, .binary = xstrdup(binary), .guest = q->guest };
	return p;
}

/* Test programs are built, and asked. */
static int ask_programs(struct request *q, struct err *e)
{
	auto_argv struct argv programs = { 0 };

	if (o->tests.n)
		for (size_t i = 0; i < o->tests.n; i++)
			argv_add(&programs, o->tests.v[i]);
	else if (workspace_tests(&programs, &o->package, e) < 0)
		return -1;
	for (size_t i = 0; i < programs.n; i++)
		if (subjects_ask(&q->subjects, programs.v[i], e) < 0)
			return -1;
	return subjects_choose(&q->subjects, (const char *const *)o->declared.v, o->declared.n, e) < 0
		       ? -1
		       : subjects_check(&q->subjects, e);
}

static int find_declared(struct request *q, struct err *e)
{
	if (ask_programs(q, e) < 0)
		return -1;
	q->parts = xcalloc(q->subjects.n, sizeof(*q->parts));
	for (size_t i = 0; i < q->subjects.n; i++) {
		struct subject *s = &q->subjects.v[i];
		struct part *p = add_part(q, s->slug, s->name, s->path);

		argv_addv(&p->args, (const char *const *)s->args.v);
		p->guest.sysctls = (const char *const *)s->sysctls.v;
		p->guest.kargs = (const char *const *)s->kargs.v;
	}
	if (q->n == 1) {
		free(q->name);
		q->name = xstrdup(q->parts[0].name);
	}
	return 0;
}

int schedulers_build(struct request *q, const struct run_opts *ro, struct err *e)
{
	if (q->declared)
		return find_declared(q, e);
	if (o->package.spec) {
		if (package_build(&q->package, &o->package, &q->home, ro, e) < 0)
			return -1;
		free(q->name);
		q->name = plan_slug(q->package.name);
		q->scheduler = xstrdup(q->package.binary);
	}
	q->parts = xcalloc(1, sizeof(*q->parts));
	(void)add_part(q, q->name, q->name, q->scheduler);
	return 0;
}

/* Guests whose kernels are booted with words of their own are others. */
static void name_guests(struct sweep *s, const struct subject *subject)
{
	auto_free char *boot = sweep_boot_name(&subject->sysctls, &subject->kargs);

	for (size_t i = 0; *boot && i < s->n_guests; i++) {
		struct sweep_guest *g = &s->guests[i];
		auto_free char *name = g->name;

		g->name = xasprintf("%s%s", name, boot);
		g->plan.name = g->name;
	}
}

/* Profiles of one scheduler: by its declaration, or by what it says itself. */
static int settle_profiles(struct request *q, struct sweep *s, const struct subject *subject, bool ask,
			   const struct run_opts *ro, struct err *e)
{
	if (!ask)
		return sweep_profiles(s, &o->profiles, e);
	if (subject && subject->flags_known)
		return sweep_profiles_of(s, &o->profiles, &subject->flags, e);
	return sweep_ask(s, &o->profiles, &q->kernels, &q->how, ro, e);
}

static int settle_part(struct request *q, struct part *p, bool ask, const struct run_opts *ro, struct err *e)
{
	const struct subject *subject = q->declared ? &q->subjects.v[p - q->parts] : NULL;
	struct sweep *s = &p->sweep;

	*s = (struct sweep){
		.home = &q->home,
		.name = p->name,
		.scheduler = p->binary,
		.base = q->base,
		.kernels = &q->kernels,
		.apart = q->n > 1,
		.o = q->checked.o,
	};
	if (subject) {
		argv_addv(&p->args, q->args);
		if (p->args.n)
			s->o.args = (const char *const *)p->args.v;
		s->o.groups = subject->groups;
		s->o.timeout = o->timeout ? o->timeout : subject->attach_s;
		if (sweep_check_args(s->o.args, e) < 0)
			return -1;
	}
	if (sweep_topologies(s, &p->guest, o->topologies.v, o->topologies.n, e) < 0)
		return -1;
	if (subject)
		name_guests(s, subject);
	if (settle_profiles(q, s, subject, ask, ro, e) < 0 || sweep_cells(s, e) < 0)
		return -1;
	/* Folders have it for the kernel's words; a report of one topology does not. */
	for (size_t i = 0; s->n_guests == 1 && i < s->n; i++)
		s->cells[i].name.topology = NULL;
	return 0;
}

int schedulers_settle(struct request *q, bool ask, const struct run_opts *ro, struct err *e)
{
	for (size_t i = 0; i < q->n; i++)
		if (settle_part(q, &q->parts[i], ask, ro, e) < 0)
			return q->declared ? err_in(e, "scheduler %s", q->parts[i].subject) : -1;
	return 0;
}
