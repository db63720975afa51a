#include "judge/words.h"
#include "base/mem.h"
#include "judge/sight.h"
#include <inttypes.h>
#include <stdio.h>

void words_worker(FILE *f, const struct facts_worker *w, bool group)
{
	fprintf(f, "worker %" PRIu64, w->id);
	if (w->type || group)
		fprintf(f, " (%s%s%s)", w->type ? w->type : "", w->type && group ? " in " : "",
			!group                       ? ""
			: strcmp(w->group, "-") != 0 ? w->group
						     : "no cgroup of ours");
}

void words_phase(FILE *f, size_t phase)
{
	if (phase)
		fprintf(f, "phase %zu", phase);
	else
		fputs("settle", f);
}

char *words_moment(uint64_t ns)
{
	return xasprintf("+%" PRIu64 ".%03" PRIu64 " s", ns / 1000000000, ns / 1000000 % 1000);
}

void words_time(FILE *f, uint64_t ns)
{
	auto_free char *text = words_moment(ns);

	fputs(text, f);
}

bool words_line(const char *text, uint64_t number, const char **line, size_t *n)
{
	for (; text && number > 1; number--) {
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	if (!text || !number)
		return false;
	text += strspn(text, " \t");
	*line = text;
	*n = strcspn(text, "\n#");
	while (*n && (text[*n - 1] == ' ' || text[*n - 1] == '\t'))
		--*n;
	return *n > 0;
}

void words_after(FILE *f, const struct facts *facts, const char *text, uint64_t ns)
{
	uint64_t at = 0, number = 0;
	const char *line;
	size_t n;

	for (size_t i = 0; i < facts->n_lines; i++) {
		if (facts->lines[i].ns <= ns && facts->lines[i].ns >= at && facts->lines[i].line) {
			at = facts->lines[i].ns;
			number = facts->lines[i].line;
		}
	}
	if (!number)
		return;
	fprintf(f, ", %" PRIu64 " ms after ", (ns - at) / 1000000);
	if (words_line(text, number, &line, &n))
		fprintf(f, "\"%.*s\"", (int)(n < 80 ? n : 80), line);
	else
		fprintf(f, "line %" PRIu64, number);
}

/* The operator that held: of a failure the opposite of what was asked. */
static const char *op_seen(enum expect_op op, bool held)
{
	static const char *const broken[] = {
		[OP_LE] = ">", [OP_GE] = "<", [OP_LT] = ">=", [OP_GT] = "<=", [OP_EQ] = "!=",
	};

	return held ? expect_op_names[op] : broken[op];
}

/* Whose figure it is: of one worker where each has to hold, or the one with the largest. */
static const struct facts_worker *whose(const struct trial_of *t)
{
	return t->s.worker ? t->s.worker : t->figure.worker;
}

static void limit_words(FILE *f, const struct expectation *x, const struct trial_of *t, bool exact)
{
	const struct metric *m = x->left.metric;
	auto_free char *limit = metric_value(m, t->limit, exact);

	fputs(limit, f);
	if (!x->right.metric)
		return;
	auto_free char *side = expect_side_text(&x->right),
		       *factor = metric_value(metric_get(METRIC_FAIRNESS), x->value, false);

	fprintf(f, " (%s * %s of %s)", factor, side, x->other);
}

static void compared(FILE *f, const struct expectation *x, const struct trial_of *t)
{
	const struct metric *m = x->left.metric;
	auto_free char *rough = metric_value(m, t->figure.v, false), *rough_limit = metric_value(m, t->limit, false);
	bool exact = !strcmp(rough, rough_limit);
	auto_free char *v = metric_value(m, t->figure.v, exact);

	fprintf(f, " %s %s ", v,
		t->verdict == JUDGED_INCONCLUSIVE ? "against" : op_seen(x->op, t->verdict == JUDGED_PASS));
	limit_words(f, x, t, exact);
}

/* The phase that had begun by then; none: the one given. */
static size_t phase_at(const struct facts *f, uint64_t ns, size_t none)
{
	size_t last = none, phase;

	for (size_t i = 0; i < f->n_marks; i++) {
		const struct facts_mark *m = &f->marks[i];

		if (m->ns > ns)
			continue;
		if (!strcmp(m->name, "settle"))
			last = 0;
		else if (sscanf(m->name, "phase %4zu", &phase) == 1)
			last = phase;
	}
	return last;
}

/* It counts to the phase in which it ended. */
static void gap_phases(FILE *f, const struct facts *facts, const struct figure *g)
{
	size_t began = phase_at(facts, g->from_ns, g->phase);

	if (began < g->phase) {
		words_phase(f, began);
		fputs(" to ", f);
	}
	words_phase(f, g->phase);
}

static void gap_words(FILE *f, const struct check *c, const struct trial_of *t)
{
	const struct figure *g = &t->figure;

	if (c->x->left.metric->id == METRIC_GAP_CPU) {
		fputs(" had that much CPU time between two looks, ", f);
		words_phase(f, g->phase);
		return;
	}
	if (!g->located) {
		fputs(" waited, ", f);
		words_phase(f, g->phase);
		return;
	}
	fprintf(f, " waited for cpu%" PRIu64 " from ", g->cpu);
	words_time(f, g->from_ns);
	fputs(", ", f);
	gap_phases(f, t->s.facts, g);
	words_after(f, t->s.facts, c->request->text, g->from_ns);
}

static bool is_gap(const struct metric *m)
{
	return m->id == METRIC_GAP_MAX || m->id == METRIC_GAP_CPU;
}

/* The metric with the group that was looked at, as it could be asked for. */
static void metric_words(FILE *f, const struct check *c, const struct trial_of *t)
{
	struct expect_side side = c->x->left;
	const struct facts_worker *w = whose(t);

	/* What all of them hold to is nobody's in particular. */
	if (!side.group && side.metric->scope != SCOPE_RUN && !(t->found && t->verdict == JUDGED_PASS))
		side.group = t->s.group ? (char *)t->s.group : w ? w->group : NULL;
	if (side.phase == PHASE_EACH)
		side.phase = t->s.phase;
	auto_free char *text = expect_side_text(&side);

	fputs(text, f);
}

static void more_words(FILE *f, const struct check *c, size_t more)
{
	bool workers = c->x->left.metric->scope == SCOPE_WORKER && !c->x->left.group;

	if (more)
		fprintf(f, " (and %zu more %s%s)", more, workers ? "worker" : "group", more > 1 ? "s" : "");
}

char *words_of(const struct check *c, const struct trial_of *t, size_t more)
{
	const struct facts_worker *w = whose(t);
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	metric_words(f, c, t);
	if (t->found) {
		fprintf(f, ": %s", t->found);
	} else if (t->verdict == JUDGED_INCONCLUSIVE) {
		if (t->figure.has && t->limit_known)
			compared(f, c->x, t);
		fputs(": ", f);
		if (t->s.worker && !t->figure.has) {
			words_worker(f, t->s.worker, false);
			fputs(": ", f);
		}
		fputs(t->why, f);
	} else {
		compared(f, c->x, t);
		sight_figure(f, t->s.facts, c->x->left.metric, &t->figure);
		if (w) {
			fputs(": ", f);
			words_worker(f, w, false);
			if (is_gap(c->x->left.metric))
				gap_words(f, c, t);
		}
	}
	more_words(f, c, more);
	fclose(f);
	return text;
}
