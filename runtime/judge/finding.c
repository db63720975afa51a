/* finding.c: what holds or does not, without a number. */
#include "base/mem.h"
#include "judge/check.h"
#include "judge/console.h"
#include "judge/words.h"
#include <inttypes.h>

enum { PROGRESS_NS = 500000000 }; /* a shorter phase asks for nothing */
#define FUNCTION "fn:" /* begins the type of work that is a function of the test program (scenario/worktype.h) */

static void found(struct trial_of *t, enum judgement verdict, char *words)
{
	t->verdict = verdict;
	t->found = words;
}

/* Absences that the scenario asked for, or the kernel, are none of the scheduler's. */
static char *kept(const struct facts *f)
{
	if (f->restarts)
		return xasprintf(
			"the kernel had the scheduler but where it asked for a restart itself, as CPUs came or went, %" PRIu64
			" time%s",
			f->restarts, f->restarts == 1 ? "" : "s");
	return xstrdup(f->n_favours ? "the kernel had the scheduler but where lines of the scenario took it away"
				    : "the kernel had the scheduler as long as it ran");
}

static void attached(struct trial_of *t)
{
	static const char *const what[] = {
		[OUTCOME_EJECTED] = "the kernel threw the scheduler out",
		[OUTCOME_ENDED] = "the scheduler went away",
		[OUTCOME_STALLED] = "the kernel's watchdog threw the scheduler out",
		[OUTCOME_REFUSED] = "the scheduler was not attached",
	};
	const struct facts *f = t->s.facts;
	char *text, code[24];
	size_t n;
	FILE *to;

	if (f->outcome == OUTCOME_RAN || f->outcome == OUTCOME_PANICKED) {
		found(t, JUDGED_PASS, kept(f));
		return;
	}
	to = xmemstream(&text, &n);
	fputs(f->reason ? f->reason : what[f->outcome], to);
	if (f->exit_kind && (!f->reason || !strstr(f->reason, f->exit_kind)))
		fprintf(to, " (%s)", f->exit_kind);
	snprintf(code, sizeof(code), "%" PRId64, f->exit_code);
	if (f->exit_code_known && f->exit_code && (!f->reason || !strstr(f->reason, code)))
		fprintf(to, ", exit code %s", code);
	fclose(to);
	found(t, JUDGED_FAIL, text);
}

static void clean(const struct check *c, struct trial_of *t)
{
	auto_free char *trouble = NULL;

	if (c->run->kernel_log)
		trouble = console_trouble(c->run->kernel_log, c->run->kernel_log_n);
	if (trouble)
		found(t, JUDGED_FAIL, xasprintf("the kernel said: %s", trouble));
	else if (t->s.facts->outcome == OUTCOME_PANICKED)
		found(t, JUDGED_FAIL,
		      xasprintf("the kernel panicked%s%s", t->s.facts->reason ? ": " : "",
				t->s.facts->reason ? t->s.facts->reason : ""));
	else if (!c->run->kernel_log)
		t->why = "this run kept no kernel log";
	else
		found(t, JUDGED_PASS, xstrdup("nothing of that kind in the kernel's log"));
}

static bool is_part(const char *log, size_t n, const char *text)
{
	return log && memmem(log, n, text, strlen(text));
}

static void log_has(const struct check *c, struct trial_of *t)
{
	const struct judge_run *r = c->run;
	bool is = is_part(r->kernel_log, r->kernel_log_n, c->x->text) ||
		  is_part(r->scheduler_log, r->scheduler_log_n, c->x->text);

	if (!is && (!r->kernel_log || !r->scheduler_log)) {
		t->why = r->kernel_log ? "this run kept no log of the scheduler" : "this run kept no kernel log";
		return;
	}
	found(t, is == (c->x->op == OP_HAS) ? JUDGED_PASS : JUDGED_FAIL,
	      xasprintf("\"%s\" %s in the logs of kernel and scheduler", c->x->text, is ? "is" : "is not"));
}

/* A long iteration may take longer than a phase: what of it was done counts as well. */
static bool stands_still(const struct facts_phase *p)
{
	return p->v[FACTS_WALL] >= PROGRESS_NS && !p->v[FACTS_ITERATIONS] && !(p->has[FACTS_WORK] && p->v[FACTS_WORK]);
}

/* A work function of the test that did not work until it was stopped. No scheduler is to blame for that. */
static bool failed_itself(const struct check *c, struct trial_of *t)
{
	const struct facts_worker *w = t->s.worker;
	const char *line;
	char *text;
	size_t n;
	FILE *f;

	if (!w->type || strncmp(w->type, FUNCTION, strlen(FUNCTION)) != 0 || !check_asks(c, w->group, PHASE_ALL) ||
	    (!w->error && (!w->ended || !strcmp(w->ended, "stopped") || !strcmp(w->ended, "unreaped"))))
		return false;
	f = xmemstream(&text, &n);
	words_worker(f, w, false);
	if (words_line(c->request->text, w->line, &line, &n))
		fprintf(f, " of \"%.*s\"", (int)n, line);
	fprintf(f, ": %s", w->error ? w->error : w->ended);
	fclose(f);
	found(t, JUDGED_FAIL, text);
	return true;
}

static void progress(const struct check *c, struct trial_of *t)
{
	const struct facts_worker *w = t->s.worker;
	bool known = true;

	if (failed_itself(c, t))
		return;
	for (int k = -1; selection_next(&t->s, w->n, &k);) {
		const struct facts_phase *p = &w->phases[k];

		if (!p->there || !check_asks(c, w->group, k))
			continue;
		if (!p->has[FACTS_WALL] || !p->has[FACTS_ITERATIONS]) {
			known = false;
		} else if (stands_still(p)) {
			char *text;
			size_t n;
			FILE *f = xmemstream(&text, &n);

			words_worker(f, w, false);
			fputs(" made no iteration in ", f);
			words_phase(f, (size_t)k);
			fprintf(f, " (%" PRIu64 " ms)%s%s", p->v[FACTS_WALL] / 1000000, w->error ? ": " : "",
				w->error ? w->error : "");
			fclose(f);
			found(t, JUDGED_FAIL, text);
			return;
		}
	}
	if (known)
		found(t, JUDGED_PASS, xstrdup("each worker came further in each phase of 500 ms and more"));
	else
		t->why = "this run did not count its iterations";
}

static void isolated(const struct check *c, struct trial_of *t)
{
	const struct facts_worker *w = t->s.worker;
	bool known = true;

	for (int k = -1; selection_next(&t->s, w->n, &k);) {
		const struct facts_phase *p = &w->phases[k];
		const struct cpus *may = p->allowed_known ? &p->allowed : &w->allowed;
		char strange[4 * CPUS_MAX], allowed[4 * CPUS_MAX];

		if (!p->there || !check_asks(c, w->group, k))
			continue;
		if (!p->cpus_known || !(p->allowed_known || w->allowed_known)) {
			known = false;
		} else if (!cpus_within(&p->cpus, may)) {
			struct cpus out = p->cpus;
			char *text;
			size_t n;
			FILE *f = xmemstream(&text, &n);

			cpus_minus(&out, may);
			cpus_text(&out, strange, sizeof(strange));
			cpus_text(may, allowed, sizeof(allowed));
			words_worker(f, w, false);
			fprintf(f, " ran on cpu%s in ", strange);
			words_phase(f, (size_t)k);
			fprintf(f, "; it may use %s", *allowed ? allowed : "none");
			fclose(f);
			found(t, JUDGED_FAIL, text);
			return;
		}
	}
	if (known)
		found(t, JUDGED_PASS, xstrdup("each worker stayed on the CPUs it may use"));
	else
		t->why = "this run did not record the CPUs it used and may use";
}

static void moves(const struct check *c, struct trial_of *t)
{
	struct figure f = figure_of_samples(c->x->left.metric, &t->s);

	if (!f.has)
		t->why = f.why;
	else if (!figure_is_stuck(&f))
		found(t, JUDGED_PASS, xstrdup("the clock of each run queue went on where a task ran"));
	else
		found(t, JUDGED_FAIL,
		      xasprintf("the clock of cpu%" PRIu64 "'s run queue stood still from +%" PRIu64 " ms to +%" PRIu64
				" ms, while task %" PRId64 " ran there",
				f.cpu, f.from_ns / 1000000, f.sample->ns / 1000000, f.sample->curr.v[f.cpu]));
}

void finding(const struct check *c, struct trial_of *t)
{
	t->verdict = JUDGED_INCONCLUSIVE;
	switch (c->x->left.metric->id) {
	case METRIC_ATTACHED:
		attached(t);
		break;
	case METRIC_CLEAN:
		clean(c, t);
		break;
	case METRIC_LOG:
		log_has(c, t);
		break;
	case METRIC_PROGRESS:
		progress(c, t);
		break;
	case METRIC_ISOLATED:
		isolated(c, t);
		break;
	default:
		moves(c, t);
		break;
	}
}
