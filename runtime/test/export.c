#include "test/export.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "json/write.h"
#include "scenario/scenario.h"
#include "test/ask.h"
#include "test/check.h"
#include "test/compose.h"
#include "test/variant.h"

static void put_list(struct jsonw *w, const char *key, const char *const *list)
{
	jsonw_karr(w, key);
	for (; list && *list; list++)
		jsonw_str(w, *list);
	jsonw_end_arr(w);
}

static void put_scheduler(struct jsonw *w, const struct declared *d)
{
	const struct ktstr_scheduler *s = &d->s;

	jsonw_kstr(w, "name", declared_scheduler(d));
	jsonw_kstr(w, "binary", s->binary);
	put_list(w, "args", s->args);
	jsonw_karr(w, "flags");
	for (size_t i = 0; i < d->flags.n; i++) {
		const struct flag *f = &d->flags.v[i];

		jsonw_obj(w);
		jsonw_kstr(w, "name", f->name);
		put_list(w, "args", (const char *const *)f->args);
		put_list(w, "requires", (const char *const *)f->needs);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
	put_list(w, "sysctls", s->sysctls);
	put_list(w, "kargs", s->kargs);
	jsonw_kstr(w, "cgroup_parent", s->cgroup_parent ? s->cgroup_parent : SCENARIO_PARENT);
	jsonw_ku64(w, "attach_ms", s->attach_ms);
	jsonw_kstr(w, "expect", s->expect);
}

static void put_own(struct jsonw *w, const struct declared *d)
{
	if (!d->under) {
		jsonw_kstr(w, "scheduler", NULL);
		return;
	}
	jsonw_kobj(w, "scheduler");
	put_scheduler(w, d);
	jsonw_end_obj(w);
}

/* Each declaration once, with where its program is, and whether it is known which flags that has. */
static void put_schedulers(struct jsonw *w, const struct declarations *all)
{
	jsonw_karr(w, "schedulers");
	for (size_t i = 0; i < all->n; i++) {
		const struct declared *d = &all->v[i];
		auto_free char *path = NULL;
		struct err ignored;
		size_t first = 0;

		while (all->v[first].t.scheduler != d->t.scheduler)
			first++;
		if (!d->under || !d->s.binary || first != i)
			continue;
		path = ask_scheduler(d, &ignored);
		jsonw_obj(w);
		put_scheduler(w, d);
		jsonw_kstr(w, "path", path);
		jsonw_kbool(w, "flags_known", !d->unasked);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void put_bounds(struct jsonw *w, const struct bounds *b)
{
	jsonw_ku64(w, "min_numa", b->min_numa);
	jsonw_ku64(w, "max_numa", b->max_numa);
	jsonw_ku64(w, "min_llcs", b->min_llcs);
	jsonw_ku64(w, "max_llcs", b->max_llcs);
	jsonw_ku64(w, "min_cpus", b->min_cpus);
	jsonw_ku64(w, "max_cpus", b->max_cpus);
	jsonw_kbool(w, "smt", b->smt);
}

static void put_numbers(struct jsonw *w, const struct ktstr_test *t)
{
	static const char *const clocks[] = { "virtual", "virtual", "real", "both" };

	jsonw_ku64(w, "memory_mb", t->memory_mb ? t->memory_mb : 1024);
	jsonw_ku64(w, "duration_ms", t->duration_ms ? t->duration_ms : 2000);
	jsonw_ku64(w, "settle_ms", t->settle_ms == KTSTR_NOW ? 0 : t->settle_ms ? t->settle_ms : 200);
	jsonw_ku64(w, "workers", t->workers ? t->workers : 2);
	jsonw_ku64(w, "seeds", t->seeds ? t->seeds : 1);
	jsonw_ku64(w, "first_seed", t->first_seed ? t->first_seed : 1);
	jsonw_kstr(w, "clock", clocks[t->clock]);
	jsonw_kbool(w, "perf_mode", t->perf_mode);
	jsonw_ku64(w, "watchdog_ms", t->watchdog_ms);
}

static void put_writes(struct jsonw *w, const struct declared *d)
{
	jsonw_karr(w, "map_write");
	for (size_t i = 0; i < d->n_writes; i++) {
		jsonw_obj(w);
		jsonw_kstr(w, "map", d->writes[i].map);
		jsonw_ku64(w, "offset", d->writes[i].offset);
		jsonw_ku64(w, "value", d->writes[i].value);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

/* Where it has variants. */
static void put_variants(struct jsonw *w, const struct declared *d, const struct profiles *profiles)
{
	jsonw_karr(w, "presets");
	for (size_t i = 0; i < PRESETS; i++)
		if (variant_preset(d, &presets[i]))
			jsonw_str(w, presets[i].name);
	jsonw_end_arr(w);
	jsonw_karr(w, "profiles");
	for (size_t i = 0; i < profiles->n; i++)
		jsonw_str(w, profiles->v[i].name);
	jsonw_end_arr(w);
}

/* What the base test runs. */
static int put_text(struct jsonw *w, const struct declared *d, struct err *e)
{
	auto_free char *profile = variant_base_profile(d);
	const struct variant v = { .d = d, .profile = profile };
	auto_free struct places *p = check_places(&v, e);
	auto_composed struct composed c = { 0 };

	if (!p || compose(&c, &v, p, NULL, "/proc/self/exe", e) < 0)
		return -1;
	jsonw_kstr(w, "text", c.text);
	return 0;
}

static int put_test(struct jsonw *w, const struct declared *d, struct err *e)
{
	auto_profiles struct profiles profiles = { 0 };
	const struct ktstr_test *t = &d->t;
	int r = 0;

	if (declared_check(d, e) < 0 || (d->flags.n && variant_profiles(&profiles, d, e) < 0) ||
	    (!t->host && check_test(d, &profiles, e) < 0))
		return -1;
	jsonw_obj(w);
	jsonw_kstr(w, "name", d->name);
	jsonw_kstr(w, "file", t->file);
	jsonw_ku64(w, "line", t->line);
	jsonw_kstr(w, "summary", t->summary);
	jsonw_kstr(w, "kind", t->host ? "host" : t->build ? "body" : "scenario");
	jsonw_kbool(w, "ignored", declared_ignored(d));
	put_list(w, "tags", t->tags);
	if (!t->host) {
		put_own(w, d);
		put_list(w, "args", t->args);
		put_list(w, "flags_required", t->flags_required);
		put_list(w, "flags_excluded", t->flags_excluded);
		jsonw_kstr(w, "topology", d->topology);
		put_bounds(w, &d->bounds);
		put_numbers(w, t);
		put_list(w, "needs", t->needs);
		put_writes(w, d);
		jsonw_kstr(w, "expect", t->expect);
		jsonw_kstr(w, "expect_fail", t->expect_fail);
		jsonw_kbool(w, "judge", t->judge != NULL);
		put_variants(w, d, &profiles);
		r = put_text(w, d, e);
	}
	jsonw_end_obj(w);
	return r;
}

int export_tests(FILE *f, const struct declarations *d, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *to = xmemstream(&text, &n);
	struct jsonw w;
	int r = declared_names(d, e);

	jsonw_init(&w, to);
	jsonw_obj(&w);
	jsonw_ku64(&w, "format", 1);
	jsonw_karr(&w, "tests");
	for (size_t i = 0; r == 0 && i < d->n; i++)
		r = put_test(&w, &d->v[i], e);
	if (r == 0) {
		jsonw_end_arr(&w);
		put_schedulers(&w, d);
		jsonw_end_obj(&w);
		jsonw_done(&w);
	}
	fclose(to);
	if (r == 0)
		fwrite(text, 1, n, f);
	return r;
}

/* What is asked for of all tests: which presets, and which profiles by their names; none of them: what a test says. */
struct wanted {
	bool preset[PRESETS], presets, profiles, all_profiles;
	struct argv named;
};

static void wanted_free(struct wanted *w)
{
	argv_free(&w->named);
}
#define auto_wanted __attribute__((unused, cleanup(wanted_free)))

static int want_preset(struct wanted *w, const char *name, struct err *e)
{
	const struct preset *p = preset_find(name, strlen(name));
	bool all = !strcmp(name, "all");

	if (!p && !all)
		return err_set(e, X_USAGE, "--preset %s: there is none such; ktstr topo shows those there are", name);
	for (size_t i = 0; i < PRESETS; i++)
		w->preset[i] |= all || p == &presets[i];
	w->presets = true;
	return 0;
}

static void want_profiles(struct wanted *w, const char *list)
{
	w->profiles = true;
	if (!strcmp(list, "all")) {
		w->all_profiles = true;
		return;
	}
	for (const char *at = list; *at; at += *at == ',') {
		size_t n = strcspn(at, ",");

		argv_fmt(&w->named, "%.*s", (int)n, at);
		at += n;
	}
}

static int want(struct wanted *w, const struct arguments *a, struct err *e)
{
	for (size_t i = 0; i < a->n_presets; i++)
		if (want_preset(w, a->presets[i], e) < 0)
			return -1;
	for (size_t i = 0; i < a->n_profiles; i++)
		want_profiles(w, a->profiles[i]);
	return 0;
}

static bool wants_profile(const struct wanted *w, const char *name)
{
	for (size_t i = 0; i < w->named.n; i++)
		if (!strcmp(w->named.v[i], name))
			return true;
	return w->all_profiles;
}

/* Those of a test that are wanted; without flags it has the one called "default". */
static int choose_profiles(struct argv *to, const struct wanted *w, const struct declared *d, struct err *e)
{
	auto_profiles struct profiles all = { 0 };
	auto_free char *base = variant_base_profile(d);

	if (!w->profiles) {
		argv_add(to, base ? base : PROFILE_DEFAULT);
		return 0;
	}
	if (!d->flags.n) {
		if (wants_profile(w, PROFILE_DEFAULT))
			argv_add(to, PROFILE_DEFAULT);
		return 0;
	}
	if (variant_profiles(&all, d, e) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++)
		if (wants_profile(w, all.v[i].name))
			argv_add(to, all.v[i].name);
	return 0;
}

/* Where a test is wanted, of what its bounds allow. {NULL, …}: where it says itself. */
static size_t choose_presets(const struct preset **to, const struct wanted *w, const struct declared *d)
{
	size_t n = 0;

	if (!w->presets)
		to[n++] = NULL;
	for (size_t i = 0; w->presets && i < PRESETS; i++)
		if (w->preset[i] && variant_preset(d, &presets[i]))
			to[n++] = &presets[i];
	return n;
}

static void put_topologies(struct jsonw *w, const struct declared *d, const struct preset *const *on, size_t n)
{
	jsonw_karr(w, "topologies");
	for (size_t i = 0; i < n; i++)
		jsonw_str(w, on[i] ? on[i]->name : d->topology);
	jsonw_end_arr(w);
}

/* The text of v, for these topologies and profiles. */
static int put_cells(struct jsonw *w, const struct variant *v, const struct preset *const *on, size_t n,
		     const char *const *profiles, struct err *e)
{
	const struct declared *d = v->d;
	auto_free char *file = NULL, *flags = NULL;
	auto_close int lock = -1;

	if (ask_text(&lock, &file, &flags, v, e) < 0)
		return -1;
	jsonw_obj(w);
	jsonw_kstr(w, "name", d->name);
	jsonw_kstr(w, "text", file);
	jsonw_kstr(w, "flags", flags);
	put_topologies(w, d, on, n);
	put_list(w, "profiles", flags ? profiles : NULL);
	jsonw_kbool(w, "virtual", d->t.clock != KTSTR_REAL);
	jsonw_kbool(w, "real", d->t.clock == KTSTR_REAL || d->t.clock == KTSTR_BOTH);
	jsonw_kbool(w, "perf_mode", d->t.perf_mode);
	jsonw_kbool(w, "judge", d->t.judge != NULL);
	jsonw_kbool(w, "body", d->t.build != NULL);
	jsonw_ku64(w, "attach_s", ask_attach_s(d));
	jsonw_end_obj(w);
	return 0;
}

/* A body makes a text of its own for each topology and profile. */
static int put_bodies(struct jsonw *w, struct variant *v, const struct preset *const *on, size_t n,
		      const struct argv *profiles, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < profiles->n; k++) {
			const char *const one[] = { profiles->v[k], NULL };

			v->preset = on[i];
			v->profile = v->d->flags.n ? profiles->v[k] : NULL;
			if (check_variant(v, e) < 0 || put_cells(w, v, &on[i], 1, one, e) < 0)
				return -1;
		}
	return 0;
}

static int put_cells_of(struct jsonw *w, const struct wanted *wanted, const struct declared *d, struct err *e)
{
	const struct preset *on[PRESETS + 1];
	auto_argv struct argv profiles = { 0 };
	auto_free char *base = variant_base_profile(d);
	struct variant v = { .d = d, .profile = base };
	size_t n = choose_presets(on, wanted, d);

	if (choose_profiles(&profiles, wanted, d, e) < 0)
		return -1;
	if (!n || !profiles.n)
		return 0;
	if (d->t.build)
		return put_bodies(w, &v, on, n, &profiles, e);
	for (size_t i = 0; i < n; i++) {
		v.preset = on[i];
		if (check_variant(&v, e) < 0)
			return -1;
	}
	v.preset = NULL;
	return put_cells(w, &v, on, n, (const char *const *)profiles.v, e);
}

/* Tests that have no cell on presets that are wanted, because this machine is too small for them. */
static void put_lacks(struct jsonw *w, const struct wanted *wanted, const struct declarations *d, bool ignored)
{
	jsonw_karr(w, "lacks");
	for (size_t i = 0; wanted->presets && i < d->n; i++) {
		auto_argv struct argv names = { 0 };

		for (size_t k = 0; k < PRESETS && (ignored || !declared_ignored(&d->v[i])); k++)
			if (wanted->preset[k] && variant_preset_lacks(&d->v[i], &presets[k]))
				argv_add(&names, presets[k].name);
		if (!names.n)
			continue;
		jsonw_obj(w);
		jsonw_kstr(w, "name", d->v[i].name);
		put_list(w, "presets", (const char *const *)names.v);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static int all_cells(struct jsonw *w, const struct declarations *d, const struct arguments *a, struct err *e)
{
	auto_wanted struct wanted wanted = { 0 };
	auto_argv struct argv hosts = { 0 };

	if (want(&wanted, a, e) < 0)
		return -1;
	jsonw_obj(w);
	jsonw_ku64(w, "format", 1);
	jsonw_karr(w, "tests");
	for (size_t i = 0; i < d->n; i++) {
		const struct declared *one = &d->v[i];

		if (declared_check(one, e) < 0)
			return -1;
		if (declared_ignored(one) && !a->include_ignored)
			continue;
		if (one->t.host)
			argv_add(&hosts, one->name);
		if (!one->t.host && put_cells_of(w, &wanted, one, e) < 0)
			return -1;
	}
	jsonw_end_arr(w);
	put_list(w, "hosts", (const char *const *)hosts.v);
	put_lacks(w, &wanted, d, a->include_ignored);
	jsonw_end_obj(w);
	jsonw_done(w);
	return 0;
}

int export_cells(FILE *f, const struct declarations *d, const struct arguments *a, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *to = xmemstream(&text, &n);
	struct jsonw w;

	jsonw_init(&w, to);
	int r = all_cells(&w, d, a, e);

	fclose(to);
	if (r == 0)
		fwrite(text, 1, n, f);
	return r;
}
