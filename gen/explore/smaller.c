#include "gen/explore/smaller.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/shrink/shrink.h"
#include "progress/log.h"
#include "scenario/scenario.h"

/* Of the findings of a seed, the one that began first is what it failed by. */
static const struct verdict_check *finding(const struct ruling *v, uint64_t seed, const char *metric)
{
	const struct verdict_check *first = NULL;

	for (size_t i = 0; i < v->n_checks; i++) {
		const struct verdict_check *c = &v->checks[i];

		if (c->seed != seed || c->verdict != JUDGED_FAIL || (metric && strcmp(c->metric, metric) != 0))
			continue;
		if (!first || (c->at_known && (!first->at_known || c->at_ns < first->at_ns)))
			first = c;
	}
	return first;
}

bool failure_find(struct failure *f, const struct ruling *v, const char *metric)
{
	for (size_t i = 0; i < v->n_seeds; i++) {
		const struct verdict_check *c = NULL;

		if (v->seeds[i].verdict == JUDGED_FAIL)
			c = finding(v, v->seeds[i].seed, metric);
		if (!c)
			continue;
		*f = (struct failure){ v->seeds[i].seed, xstrdup(c->metric), xstrdup(c->words) };
		return true;
	}
	return false;
}

void failure_free(struct failure *f)
{
	free(f->metric);
	free(f->words);
	*f = (struct failure){ 0 };
}

static bool parse(struct scenario *s, const char *text)
{
	struct scenario_error why = { 0 };

	return scenario_parse(s, text, strlen(text), &why) == SCENARIO_OK;
}

/* The text of it with m carried out; NULL: that is no test. words: what was done; the caller's, as the text is. */
static char *carried_out(const char *text, const struct shrink_move *m, uint64_t seed, char **words)
{
	struct scenario s = { 0 }, again = { 0 };
	struct extent x;
	char *smaller = NULL;
	size_t n;

	if (parse(&s, text)) {
		FILE *f = xmemstream(words, &n);

		shrink_words(f, &s, m);
		fclose(f);
		if (shrink_apply(&s, m))
			smaller = whole_text(&s, seed);
	}
	if (smaller && (!strcmp(smaller, text) || !parse(&again, smaller) || !whole_extent(&x, &again))) {
		free(smaller);
		smaller = NULL;
	}
	scenario_free(&s);
	scenario_free(&again);
	return smaller;
}

/* Whether it fails the same way, on the seed that failed or on others. A guest that comes to nothing is no such failure. */
static int fails(struct failure *f, const struct attempts *a, const char *file, const char *text,
		 const struct failure *as, size_t n_seeds, struct err *e)
{
	const struct {
		uint64_t first;
		size_t n;
	} parts[] = { { as->seed, 1 }, { as->seed + 1, n_seeds - 1 } };

	for (size_t i = 0; i < countof(parts) && parts[i].n; i++) {
		auto_attempt struct attempt t = { 0 };
		int r = attempt_run(&t, a, file, text, parts[i].first, parts[i].n, e);

		if (r < 0 && e->code == X_INTERRUPTED)
			return -1;
		if (r == ATTEMPT_OVER)
			return ATTEMPT_OVER;
		if (r != ATTEMPT_JUDGED)
			return 0;
		if (failure_find(f, &t.v, as->metric))
			return 1;
	}
	return 0;
}

static void take(struct smaller *s, char **text, struct failure *f)
{
	free(s->text);
	s->text = *text;
	*text = NULL;
	failure_free(&s->failure);
	s->failure = *f;
	*f = (struct failure){ 0 };
}

static bool read_extent(struct extent *x, const char *text)
{
	struct scenario s = { 0 };
	bool ok = parse(&s, text) && whole_extent(x, &s);

	scenario_free(&s);
	return ok;
}

/* With its seed in the text. */
static void settle_seed(struct smaller *s)
{
	struct scenario parsed = { 0 };

	if (parse(&parsed, s->text)) {
		free(s->text);
		s->text = whole_text(&parsed, s->failure.seed);
	}
	scenario_free(&parsed);
}

/* 1: it is taken, 0: not, ATTEMPT_OVER or negative: no more. */
static int try_move(struct smaller *s, const struct attempts *a, const char *file, const struct shrink_move *m,
		    size_t n_seeds, struct err *e)
{
	auto_free char *words = NULL;
	auto_free char *text = carried_out(s->text, m, s->failure.seed, &words);
	struct failure f = { 0 };

	if (!text)
		return 0;
	s->tries++;
	int r = fails(&f, a, file, text, &s->failure, n_seeds, e);

	if (r == 1) {
		log_info("smaller: %s: fails (seed %llu)", words, (unsigned long long)f.seed);
		take(s, &text, &f);
		settle_seed(s);
	} else if (r == 0) {
		log_info("not smaller: %s: does not fail so", words);
	}
	return r;
}

int smaller_find(struct smaller *s, const struct attempts *a, const char *file, const char *text,
		 const struct failure *f, size_t n_seeds, struct err *e)
{
	struct scenario now = { 0 };
	struct shrink_move m;
	struct shrink k;

	*s = (struct smaller){ .text = xstrdup(text), .failure = { f->seed, xstrdup(f->metric), xstrdup(f->words) } };
	settle_seed(s);
	if (!read_extent(&s->from, s->text))
		return err_set(e, X_FAIL, "the scenario cannot be read again");
	shrink_begin(&k);
	while (parse(&now, s->text) && shrink_next(&k, &now, &m)) {
		int r = try_move(s, a, file, &m, n_seeds, e);

		scenario_free(&now);
		now = (struct scenario){ 0 };
		if (r < 0 || r == ATTEMPT_OVER) {
			s->interrupted = true;
			break;
		}
		shrink_took(&k, r == 1);
	}
	scenario_free(&now);
	(void)read_extent(&s->to, s->text);
	return 0;
}

void smaller_free(struct smaller *s)
{
	free(s->text);
	failure_free(&s->failure);
	*s = (struct smaller){ 0 };
}
