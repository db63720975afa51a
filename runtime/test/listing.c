#include "test/listing.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "test/check.h"
#include "test/variant.h"

static void put(FILE *f, const struct variant *v, enum listing_form form)
{
	const char *profile = v->profile ? v->profile : PROFILE_DEFAULT;

	if (form == LISTING_TERSE && v->preset)
		fprintf(f, VARIANT_PREFIX "%s/%s/%s: test\n", v->d->name, v->preset->name, profile);
	else if (form == LISTING_TERSE)
		fprintf(f, "%s: test\n", v->d->name);
	else if (!v->preset)
		fprintf(f, "%-32s %s%s\n", v->d->name, declared_ignored(v->d) ? "(ignored) " : "",
			v->d->t.summary ? v->d->t.summary : "");
}

static void put_all(FILE *f, const struct declared *d, const struct profiles *profiles, enum listing_form form,
		    bool ignored)
{
	struct variant v = { .d = d };

	if (!ignored || declared_ignored(d))
		put(f, &v, form);
	for (size_t i = 0; form == LISTING_TERSE && i < PRESETS; i++) {
		v.preset = &presets[i];
		if (!variant_preset(d, v.preset))
			continue;
		for (size_t k = 0; k < (profiles->n ? profiles->n : 1); k++) {
			v.profile = profiles->n ? profiles->v[k].name : NULL;
			put(f, &v, form);
		}
	}
}

static bool list_one(FILE *f, FILE *errors, const struct declared *d, enum listing_form form, bool ignored)
{
	auto_profiles struct profiles p = { 0 };
	struct err e = { 0 };

	if (declared_check(d, &e) < 0 || (d->flags.n && variant_profiles(&p, d, &e) < 0) ||
	    (!d->t.host && check_test(d, &p, &e) < 0)) {
		fprintf(errors, "error: %s\n", e.msg);
		return false;
	}
	put_all(f, d, &p, form, ignored);
	return true;
}

bool listing(FILE *f, FILE *errors, const struct declarations *d, enum listing_form form, bool ignored)
{
	auto_free char *text = NULL;
	struct err e = { 0 };
	bool good = true;
	size_t n;
	FILE *to = xmemstream(&text, &n);

	for (size_t i = 0; i < d->n; i++)
		good &= list_one(to, errors, &d->v[i], form, ignored);
	fclose(to);
	if (good && declared_names(d, &e) < 0) {
		fprintf(errors, "error: %s\n", e.msg);
		good = false;
	}
	if (good)
		fwrite(text, 1, n, f);
	return good;
}
