#include "gen/explore/search.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "progress/log.h"

/* A batch is long enough that starting the next one costs little, and short enough that a failure is told soon. */
enum { ROUNDS = 2, LONG_MS = 20000, SHORT_MS = 8000, BATCH_MAX = 512 };

static void take_seed(struct search *s, const struct ruling *v, size_t i)
{
	struct failure f;
	const struct ruling one = { .seeds = &v->seeds[i], .n_seeds = 1, .checks = v->checks, .n_checks = v->n_checks };

	switch (v->seeds[i].verdict) {
	case JUDGED_PASS:
		s->passed++;
		return;
	case JUDGED_FAIL:
		break;
	case JUDGED_BROKEN:
		s->broken++;
		return;
	default:
		s->inconclusive++;
		return;
	}
	if (!failure_find(&f, &one, NULL))
		return;
	if (!s->n_failures)
		log_info("seed %llu fails: %s", (unsigned long long)f.seed, f.words);
	s->failures = xreallocarray(s->failures, s->n_failures + 1, sizeof(*s->failures));
	s->failures[s->n_failures++] = f;
}

static int take_batch(struct search *s, const struct attempt *t, int end, struct err *e)
{
	if (end == ATTEMPT_UNFIT)
		return err_set(e, X_USAGE, "%s", t->why);
	if (t->v.verdict == JUDGED_SKIP)
		return err_set(e, X_USAGE, "it cannot run there: %s",
			       t->v.n_seeds && t->v.seeds[0].words ? t->v.seeds[0].words : "something is missing");
	for (size_t i = 0; i < t->v.n_seeds; i++)
		take_seed(s, &t->v, i);
	if (!s->kernel && t->v.kernel)
		s->kernel = xstrdup(t->v.kernel);
	return 0;
}

/* With none that says anything, others will say no more. */
static int nothing_said(const struct search *s, struct err *e)
{
	if (s->passed || s->n_failures || s->inconclusive || !s->broken)
		return 0;
	return err_set(e, X_VM, "no guest of the first %zu came to a run; ktstr run tells more about one of them",
		       s->broken);
}

/* `ktstr run` takes SEEDS_MAX. */
static uint64_t at_most(uint64_t batch)
{
	return batch < BATCH_MAX ? batch : BATCH_MAX;
}

int search_seeds(struct search *s, const struct attempts *a, const char *file, const char *text, struct err *e)
{
	uint64_t batch = at_most((uint64_t)s->jobs * ROUNDS);

	for (s->next = s->first; s->next <= s->last;) {
		auto_attempt struct attempt t = { 0 };
		uint64_t left = s->last - s->next + 1, n = batch < left ? batch : left;
		long long began = now_ms();
		int end = attempt_run(&t, a, file, text, s->next, n, e);

		if ((end < 0 && e->code == X_INTERRUPTED) || end == ATTEMPT_OVER) {
			s->interrupted = true;
			return 0;
		}
		if (end < 0 || take_batch(s, &t, end, e) < 0 || nothing_said(s, e) < 0)
			return -1;
		s->next += n;
		log_info("seeds %llu to %llu: %zu pass, %zu fail", (unsigned long long)s->first,
			 (unsigned long long)s->next - 1, s->passed, s->n_failures);
		if (s->n_failures && s->until_fail)
			return 0;
		long long took = now_ms() - began;

		if (took < SHORT_MS)
			batch = at_most(batch * 2);
		else if (took > LONG_MS && batch > s->jobs)
			batch = (batch + 1) / 2;
	}
	return 0;
}

void search_free(struct search *s)
{
	for (size_t i = 0; i < s->n_failures; i++)
		failure_free(&s->failures[i]);
	free(s->failures);
	free(s->kernel);
	*s = (struct search){ 0 };
}
