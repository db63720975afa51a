#include "test/verdict.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "judge/expect/expectation.h"
#include "judge/figure.h"
#include "judge/judge.h"
#include "text/argv.h"

struct ktstr_verdict {
	const struct declared *d;
	const struct verdict_run *run; /* NULL: of a host test */
	FILE *f;
	bool failed;
	size_t faults; /* how many there were */
	char *skip;    /* why; NULL: it is not skipped */
};

/* How many bytes of it are told; no character is cut. */
static int told(const char *words)
{
	size_t n = strlen(words);

	if (n <= OWN_WORDS_MAX)
		return (int)n;
	for (n = OWN_WORDS_MAX; n > OWN_WORDS_MAX - 4 && ((unsigned char)words[n] & 0xc0) == 0x80; n--)
		;
	return (int)n;
}

static void tell(struct ktstr_verdict *v, const char *words)
{
	if (v->run && v->run->faults) {
		argv_fmt(v->run->faults, "%.*s", told(words), words);
		return;
	}
	fprintf(v->f, "  %.*s\n", told(words), words);
}

/* The last place is for how many more there were. */
static void fault(struct ktstr_verdict *v, const char *file, uint32_t line, const char *words)
{
	bool first = !v->failed;

	v->failed = true;
	if (++v->faults >= OWN_FAULTS_MAX)
		return;
	if (first && !(v->run && v->run->faults) && v->run)
		fprintf(v->f, "FAIL %s  seed %llu\n", v->d->name, (unsigned long long)v->run->seed);
	else if (first && !v->run)
		fprintf(v->f, "FAIL %s\n", v->d->name);
	auto_free char *whole = xasprintf("%s:%u: %s", file, line, words);

	tell(v, whole);
}

void ktstr_check_at(struct ktstr_verdict *v, const char *file, uint32_t line, bool ok, const char *fmt, ...)
{
	va_list ap;

	if (ok)
		return;
	va_start(ap, fmt);
	auto_free char *words = xvasprintf(fmt, ap);

	va_end(ap);
	fault(v, file, line, words);
}

void ktstr_skip(struct ktstr_verdict *v, const char *fmt, ...)
{
	va_list ap;

	if (v->failed || v->skip)
		return;
	va_start(ap, fmt);
	v->skip = xvasprintf(fmt, ap);
	va_end(ap);
	v->skip[told(v->skip)] = '\0';
}

/* In the unit in which the metric is written. */
static double figure_of(const struct ktstr_verdict *v, const struct expect_side *side, double def)
{
	const struct selection s = { .facts = v->run->facts, .group = side->group, .phase = side->phase };
	struct figure f = figure(side->metric, side->name, &s);
	size_t n;

	return f.has ? f.v / metric_unit(side->metric, "", &n) : def;
}

double ktstr_figure(struct ktstr_verdict *v, const char *metric, double def)
{
	auto_expectations struct expectations x = { 0 };
	auto_free char *line = xasprintf("%s <= 0", metric);
	struct err e = { 0 };

	if (!v->run || !v->run->facts)
		err_set(&e, X_USAGE, "a test of the host has no figures");
	else if (strchr(metric, '\n'))
		err_set(&e, X_USAGE, "a metric has no line feed in it");
	else if (metric[strspn(metric, " \t")] == '#')
		err_set(&e, X_USAGE, "that is a comment, and no metric");
	else if (expectations_add(&x, LAYER_TEST, line, strlen(line), NULL, &e) == 0 && x.n)
		return figure_of(v, &x.v[0].left, def);
	auto_free char *words = xasprintf("ktstr_figure(\"%s\"): %s", metric, e.msg);

	fault(v, v->d->t.file, v->d->t.line, words);
	return def;
}

uint64_t ktstr_run_seed(const struct ktstr_verdict *v)
{
	return v->run ? v->run->seed : 0;
}

const char *ktstr_run_json(const struct ktstr_verdict *v)
{
	return v->run ? v->run->json : NULL;
}

static enum judgement end(struct ktstr_verdict *v)
{
	enum judgement j = v->failed ? JUDGED_FAIL : v->skip ? JUDGED_SKIP : JUDGED_PASS;

	if (v->faults >= OWN_FAULTS_MAX) {
		auto_free char *more = xasprintf("and %zu more faults", v->faults - OWN_FAULTS_MAX + 1);

		tell(v, more);
	}
	if (j == JUDGED_SKIP && v->run && v->run->skip)
		*v->run->skip = TAKE(v->skip);
	else if (j == JUDGED_SKIP)
		fprintf(v->f, "SKIP: %s\n", v->skip);
	free(v->skip);
	return j;
}

enum judgement verdict_host(FILE *f, const struct declared *d)
{
	struct ktstr_verdict v = { .d = d, .f = f };

	d->t.host(&v);
	enum judgement j = end(&v);

	if (j == JUDGED_PASS)
		fprintf(f, "PASS %s\n", d->name);
	return j;
}

enum judgement verdict_host_to(struct argv *faults, char **skip, const struct declared *d)
{
	const struct verdict_run none = { .faults = faults, .skip = skip };
	struct ktstr_verdict v = { .d = d, .run = &none };

	d->t.host(&v);
	return end(&v);
}

enum judgement verdict_judge(FILE *f, const struct declared *d, const struct verdict_run *run)
{
	struct ktstr_verdict v = { .d = d, .run = run, .f = f };

	d->t.judge(&v);
	return end(&v);
}
