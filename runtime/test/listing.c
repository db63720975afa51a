#include "test/listing.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "test/budget.h"
#include "test/check.h"
#include "test/variant.h"

struct making {
	FILE *f;
	enum listing_form form;
	bool ignored;
	struct budget *budget;              /* NULL: all are listed */
	const struct ktstr_scheduler *told; /* that its flags are not known */
};

static void put(const struct making *m, const struct variant *v)
{
	const char *summary = v->d->t.summary ? v->d->t.summary : "";

	if (m->budget) {
		budget_add(m->budget, v);
	} else if (m->ignored && !variant_ignored(v)) {
		return;
	} else if (m->form == LISTING_NAMES) {
		fprintf(m->f, "%-32s %s%s\n", v->d->name, declared_ignored(v->d) ? "(ignored) " : "", summary);
	} else {
		auto_free char *name = variant_name(v);

		fprintf(m->f, "%s: test\n", name);
	}
}

static void put_all(const struct making *m, const struct declared *d, const struct profiles *profiles)
{
	auto_free char *base = variant_base_profile(d);
	struct variant v = { .d = d, .profile = base };

	put(m, &v);
	/* Profiles that are not known cannot be named. */
	bool named = m->form == LISTING_TERSE && !(d->unasked && d->t.flags_required && *d->t.flags_required);

	for (size_t i = 0; named && i < PRESETS; i++) {
		v.preset = &presets[i];
		if (!variant_preset(d, v.preset))
			continue;
		for (size_t k = 0; k < (profiles->n ? profiles->n : 1); k++) {
			v.profile = profiles->n ? profiles->v[k].name : NULL;
			put(m, &v);
		}
	}
}

static bool list_one(struct making *m, FILE *errors, const struct declared *d)
{
	auto_profiles struct profiles p = { 0 };
	struct err e = { 0 };

	if (declared_check(d, &e) < 0 || (d->flags.n && variant_profiles(&p, d, &e) < 0) ||
	    (!d->t.host && check_test(d, &p, &e) < 0)) {
		fprintf(errors, "error: %s\n", e.msg);
		return false;
	}
	put_all(m, d, &p);
	if (m->form == LISTING_NAMES && d->unasked && d->t.scheduler != m->told) {
		m->told = d->t.scheduler;
		fprintf(errors,
			"note: which flags scheduler %s has is asked when one of its tests runs first; until then variants have the "
			"profile default alone\n",
			declared_scheduler(d));
	}
	return true;
}

static void put_chosen(const struct making *m, double seconds, FILE *errors)
{
	budget_choose(m->budget, seconds, errors);
	for (size_t i = 0; i < m->budget->n; i++) {
		const struct budget_test *t = &m->budget->v[i];

		if (t->chosen && (!m->ignored || t->ignored))
			fprintf(m->f, "%s: test\n", t->name);
	}
}

bool listing(FILE *f, FILE *errors, const struct declarations *d, enum listing_form form, bool ignored)
{
	double seconds = form == LISTING_TERSE ? budget_seconds(errors) : 0;
	auto_free char *text = NULL;
	struct budget budget = { 0 };
	struct err e = { 0 };
	bool good = true;
	size_t n;
	struct making m = { xmemstream(&text, &n), form, ignored, seconds > 0 ? &budget : NULL, NULL };

	for (size_t i = 0; i < d->n; i++)
		good &= list_one(&m, errors, &d->v[i]);
	if (good && declared_names(d, &e) < 0) {
		fprintf(errors, "error: %s\n", e.msg);
		good = false;
	}
	if (good && m.budget)
		put_chosen(&m, seconds, errors);
	fclose(m.f);
	if (good)
		fwrite(text, 1, n, f);
	budget_free(&budget);
	return good;
}
