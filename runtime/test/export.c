#include "test/export.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "json/write.h"
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

	if (!d->under) {
		jsonw_kstr(w, "scheduler", NULL);
		return;
	}
	jsonw_kobj(w, "scheduler");
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
	jsonw_ku64(w, "attach_ms", s->attach_ms);
	jsonw_kstr(w, "expect", s->expect);
	jsonw_end_obj(w);
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
		put_scheduler(w, d);
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
		jsonw_end_obj(&w);
		jsonw_done(&w);
	}
	fclose(to);
	if (r == 0)
		fwrite(text, 1, n, f);
	return r;
}
