#include "gen/bisect/criterion.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/bisect/hunt.h"
#include "judge/verdict.h"
#include "text/text.h"

static char *one_line(const char *text)
{
	return text_plain(text, strlen(text), TEXT_LINE);
}

static void settle(struct tried *t, enum mark mark, int code, const char *words)
{
	t->mark = mark;
	t->code = code;
	free(t->words);
	t->words = words ? one_line(words) : NULL;
}

static const char *reason(const struct ruling *v)
{
	const struct verdict_check *check = verdict_first(v);
	const struct verdict_seed *seed = verdict_worst_seed(v);

	return check && v->verdict != JUDGED_PASS ? check->words
	       : seed && seed->words              ? seed->words
						  : judgement_names[v->verdict];
}

static void settle_verdict(struct tried *t, const struct attempt *a)
{
	switch (a->v.verdict) {
	case JUDGED_PASS:
		settle(t, MARK_GOOD, 0, NULL);
		return;
	case JUDGED_FAIL:
		settle(t, MARK_BAD, 0, reason(&a->v));
		return;
	case JUDGED_BROKEN:
		settle(t, MARK_SKIP, X_VM, reason(&a->v));
		return;
	default:
		settle(t, MARK_SKIP, JUDGED_EXIT_INCONCLUSIVE, reason(&a->v));
	}
}

/* Of this kernel or commit, and so another one may be told. */
static bool is_its_own(int code)
{
	static const int codes[] = { X_REJECTED,   X_DIED,      X_TIMEOUT, X_VM,    X_BAD_SCHED,  X_NO_SCX,
				     X_BAD_KERNEL, X_NO_KERNEL, X_KCONFIG, X_BUILD, X_BAD_ARCHIVE };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

/* What came to no verdict. code, why: of the command. */
static int settle_end(struct tried *t, int code, const char *why, struct err *e)
{
	if (!is_its_own(code))
		return err_set(e, code ? code : X_FAIL, "%s", why ? why : "it came to no result");
	*e = (struct err){ 0 };
	settle(t, MARK_SKIP, code, why ? why : "it came to no result");
	return 0;
}

static int by_run(struct attempt *a, const struct criterion *c, const struct argv *words, struct tried *t,
		  struct err *e)
{
	int r = attempt_words(a, &c->attempts, words, e);

	if (r == ATTEMPT_OVER)
		return ATTEMPT_OVER;
	if (r < 0 && !a->why)
		return -1;
	/* A verdict that lies there may be of an earlier run, when this one came to none. */
	if (r == ATTEMPT_JUDGED && a->code == judgement_exit(a->v.verdict, &(struct verdict_rules){ 0 })) {
		settle_verdict(t, a);
		return 0;
	}
	/* Its topology, or the kernel, cannot have it. */
	if (r == ATTEMPT_UNFIT && a->code == X_SUCCESS) {
		settle(t, MARK_SKIP, JUDGED_EXIT_INCONCLUSIVE, a->why);
		return 0;
	}
	return settle_end(t, a->code, a->why, e);
}

static int by_verifier(struct attempt *a, const struct criterion *c, const struct argv *words, struct tried *t,
		       struct err *e)
{
	int r = attempt_verb(a, &c->attempts, words, e);

	if (r)
		return r;
	if (!a->code)
		settle(t, MARK_GOOD, 0, NULL);
	else if (a->code == X_REJECTED || a->code == X_DIED)
		settle(t, MARK_BAD, 0, a->why);
	else
		return settle_end(t, a->code, a->why, e);
	return 0;
}

static char *command(const struct criterion *c, const struct argv *words)
{
	auto_argv struct argv all = { 0 };

	argv_add(&all, "ktstr");
	argv_addv(&all, (const char *const *)words->v);
	if (c->attempts.options.n)
		argv_addv(&all, (const char *const *)c->attempts.options.v);
	if (c->attempts.rest.n)
		argv_addv(&all, (const char *const *)c->attempts.rest.v);
	return argv_quote((const char *const *)all.v);
}

int criterion_try(struct criterion *c, const char *kernel, const char *scheduler, long long until, struct tried *t,
		  struct err *e)
{
	auto_attempt struct attempt a = { 0 };
	auto_argv struct argv words = { 0 };

	argv_add(&words, c->test ? "run" : "verifier");
	if (c->test)
		argv_add(&words, c->test);
	if (kernel)
		argv_opt(&words, "--kernel", "%s", kernel);
	if (scheduler)
		argv_opt(&words, "--scheduler-bin", "%s", scheduler);
	if (c->test && c->own.n)
		argv_addv(&words, (const char *const *)c->own.v);
	t->again = command(c, &words);
	c->attempts.until = until;
	int r = c->test ? by_run(&a, c, &words, t, e) : by_verifier(&a, c, &words, t, e);

	if (r == ATTEMPT_OVER) {
		settle(t, MARK_SKIP, X_TIMEOUT, "it took too long (--step-timeout)");
		return 0;
	}
	return r;
}

void criterion_free(struct criterion *c)
{
	attempts_close(&c->attempts);
	argv_free(&c->own);
}
