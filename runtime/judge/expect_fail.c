#include "judge/expect_fail.h"
#include "base/err.h"
#include "base/mem.h"
#include "judge/expect/expectation.h"
#include "judge/expect/metric.h"
#include "text/text.h"

#define BLANKS " \t"

/* The classes' end, and where the text behind them begins; *text NULL: there is none. */
static size_t classes(const char *all, const char **text)
{
	size_t n = strcspn(all, ":");

	*text = all[n] ? all + n + 1 + strspn(all + n + 1, BLANKS) : NULL;
	if (*text && !**text)
		*text = NULL;
	return n;
}

/* The next class before end; NULL: that was the last. The caller frees. */
static char *next_class(const char **at, const char *end)
{
	const char *from;
	size_t n;

	*at += strspn(*at, BLANKS ",");
	if (*at >= end)
		return NULL;
	from = *at;
	n = strcspn(from, BLANKS ",");
	n = from + n > end ? (size_t)(end - from) : n;
	*at = from + n;
	return xstrndup(from, n);
}

static bool is_outcome(const char *class)
{
	for (int i = OUTCOME_EJECTED; i <= OUTCOME_REFUSED; i++) {
		if (!strcmp(class, facts_outcome_names[i]))
			return true;
	}
	return false;
}

int expect_fail_check(const char *text, struct err *e)
{
	const char *words, *at = text, *end = text + classes(text, &words);
	size_t n = 0;

	for (;; n++) {
		auto_free char *class = next_class(&at, end), *name = NULL;
		char shown[80];

		if (!class)
			break;
		if (metric_find(class, &name) || is_outcome(class) || !strcmp(class, "log"))
			continue;
		const char *near = metric_near(class);

		return err_set(
			e, X_USAGE,
			"expect_fail: \"%s\" is neither a metric nor one of ejected, ended, stalled and refused%s%s%s",
			text_short(shown, sizeof(shown), class), near ? "; did you mean " : "", near ? near : "",
			near ? "?" : "");
	}
	return n ? 0 : err_set(e, X_USAGE, "expect_fail: what is to fail is missing, as in \"expect_fail gap.max\"");
}

static bool is_class(const char *class, const struct verdict_check *c, const struct facts *f)
{
	if (!strcmp(class, c->metric))
		return true;
	return !strcmp(c->metric, metric_get(METRIC_ATTACHED)->name) && !strcmp(class, facts_outcome_names[f->outcome]);
}

static bool any_class(const char *text, size_t n, const struct verdict_check *c, const struct facts *f)
{
	const char *at = text;

	for (;;) {
		auto_free char *class = next_class(&at, text + n);

		if (!class)
			return false;
		if (is_class(class, c, f))
			return true;
	}
}

static struct verdict_check told(uint64_t seed, enum judgement verdict, char *words)
{
	return (struct verdict_check){
		.metric = xstrdup("expect_fail"), .words = words, .phase = PHASE_ALL, .seed = seed, .verdict = verdict
	};
}

struct verdict_check expect_fail_judge(const char *text, const struct facts *f, const struct verdict_check *v, size_t n,
				       uint64_t seed)
{
	const struct verdict_check *met = NULL, *foreign = NULL, *near = NULL, *open = NULL;
	const char *words;
	size_t end = classes(text, &words);

	for (size_t i = 0; i < n; i++) {
		if (v[i].verdict == JUDGED_INCONCLUSIVE && any_class(text, end, &v[i], f))
			open = &v[i];
		if (v[i].verdict != JUDGED_FAIL)
			continue;
		if (!any_class(text, end, &v[i], f))
			foreign = foreign ? foreign : &v[i];
		else if (words && !strstr(v[i].words, words))
			near = near ? near : &v[i];
		else
			met = met ? met : &v[i];
	}
	if (foreign)
		return told(seed, JUDGED_FAIL,
			    xasprintf("expected to fail with %s, and failed otherwise: %s", text, foreign->words));
	if (met)
		return told(seed, JUDGED_PASS, xasprintf("failed as expected: %s", met->words));
	if (near)
		return told(
			seed, JUDGED_FAIL,
			xasprintf("expected to fail with \"%s\", and these words are not in: %s", words, near->words));
	if (open)
		return told(seed, JUDGED_INCONCLUSIVE, xasprintf("expected to fail with %s: %s", text, open->words));
	return told(seed, JUDGED_FAIL, xasprintf("expected to fail with %s, and did not fail", text));
}
