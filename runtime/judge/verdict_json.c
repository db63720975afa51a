#include "base/err.h"
#include "base/mem.h"
#include "json/write.h"
#include "judge/expect/expectation.h"
#include "judge/facts/read.h"
#include "judge/verdict.h"
#include "text/text.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { SEEDS_MAX = 1 << 20, CHECKS_MAX = 1 << 20, FIGURES_MAX = 1 << 16 };

static void text(struct jsonw *w, const char *key, const char *value)
{
	if (value)
		jsonw_kstr(w, key, value);
}

static void check(struct jsonw *w, const struct verdict_check *c)
{
	jsonw_obj(w);
	jsonw_kstr(w, "metric", c->metric);
	text(w, "group", c->group);
	if (c->phase == PHASE_EACH)
		jsonw_kstr(w, "phase", "each");
	else if (c->phase != PHASE_ALL)
		jsonw_ku64(w, "phase", (uint64_t)c->phase);
	jsonw_ku64(w, "seed", c->seed);
	if (c->value_known)
		jsonw_kdouble(w, "value", c->value);
	text(w, "op", c->op);
	if (c->limit_known)
		jsonw_kdouble(w, "limit", c->limit);
	text(w, "other", c->other);
	if (c->at_known)
		jsonw_ku64(w, "at_ns", c->at_ns);
	jsonw_kstr(w, "verdict", judgement_names[c->verdict]);
	jsonw_kstr(w, "words", c->words);
	text(w, "sight", c->sight);
	jsonw_end_obj(w);
}

static void seeds(struct jsonw *w, const struct ruling *v)
{
	jsonw_karr(w, "seeds");
	for (size_t i = 0; i < v->n_seeds; i++) {
		jsonw_obj(w);
		jsonw_ku64(w, "seed", v->seeds[i].seed);
		jsonw_kstr(w, "verdict", judgement_names[v->seeds[i].verdict]);
		text(w, "words", v->seeds[i].words);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void figures(struct jsonw *w, const struct ruling *v)
{
	jsonw_karr(w, "figures");
	for (size_t i = 0; i < v->n_figures; i++) {
		const struct verdict_figure *f = &v->figures[i];

		jsonw_obj(w);
		jsonw_kstr(w, "metric", f->metric);
		text(w, "group", f->group);
		jsonw_ku64(w, "seeds", f->n);
		jsonw_kdouble(w, "min", f->min);
		jsonw_kdouble(w, "median", f->median);
		jsonw_kdouble(w, "max", f->max);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

void verdict_members(struct jsonw *w, const struct ruling *v)
{
	jsonw_ku64(w, "format", 1);
	text(w, "test", v->test);
	text(w, "kernel", v->kernel);
	text(w, "topology", v->topology);
	text(w, "preset", v->preset);
	text(w, "profile", v->profile);
	text(w, "scheduler", v->scheduler);
	jsonw_kstr(w, "verdict", judgement_names[v->verdict]);
	text(w, "again", v->again);
	text(w, "command", v->command);
	text(w, "command_rest", v->command_rest);
	seeds(w, v);
	jsonw_karr(w, "checks");
	for (size_t i = 0; i < v->n_checks; i++)
		check(w, &v->checks[i]);
	jsonw_end_arr(w);
	figures(w, v);
}

void verdict_write(FILE *to, const struct ruling *v)
{
	struct jsonw w;

	jsonw_init(&w, to);
	jsonw_obj(&w);
	verdict_members(&w, v);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static int take_judgement(struct reader *r, enum judgement *out)
{
	auto_free char *word = NULL;

	if (take_text(r, &word) < 0)
		return -1;
	for (int i = 0; i < JUDGEMENTS; i++) {
		if (!strcmp(judgement_names[i], word)) {
			*out = (enum judgement)i;
			return 0;
		}
	}
	return err_set(r->e, X_FAIL, "broken, fail, inconclusive, pass or skip is expected");
}

/* What people read of a verdict may be anybody's. */
static void settle_plain(char **text, enum text_form form)
{
	char *plain = *text ? text_plain(*text, strlen(*text), form) : NULL;

	free(*text);
	*text = plain;
}

/* Where a verdict stands in a list, with whether it was there. */
struct seed_read {
	struct verdict_seed s;
	bool seed_known, judged;
};

struct check_read {
	struct verdict_check c;
	bool seed_known, judged;
};

static int seed_verdict(struct reader *r, void *to)
{
	struct seed_read *x = to;

	x->judged = true;
	return take_judgement(r, &x->s.verdict);
}

static const struct member seed_members[] = {
	{ "seed", TYPE_U64, offsetof(struct seed_read, s.seed), offsetof(struct seed_read, seed_known), NULL },
	{ "verdict", TYPE_CALL, 0, 0, seed_verdict },
	{ "words", TYPE_TEXT, offsetof(struct seed_read, s.words), 0, NULL },
};

static int take_seed(struct reader *r, void *to)
{
	struct seed_read x = { 0 };
	int result = take_object(r, seed_members, countof(seed_members), &x);

	settle_plain(&x.s.words, TEXT_LINES);
	*(struct verdict_seed *)to = x.s;
	if (result == 0 && (!x.seed_known || !x.judged))
		return err_set(r->e, X_FAIL, "%s is missing", x.judged ? "seed" : "verdict");
	return result;
}

static int take_seeds(struct reader *r, void *to)
{
	struct ruling *v = to;

	return take_list(r, SEEDS_MAX, sizeof(*v->seeds), (void **)&v->seeds, &v->n_seeds, take_seed);
}

static int check_verdict(struct reader *r, void *to)
{
	struct check_read *x = to;

	x->judged = true;
	return take_judgement(r, &x->c.verdict);
}

static int check_phase(struct reader *r, void *to)
{
	struct check_read *x = to;
	auto_free char *word = NULL;
	uint64_t n;

	if (json_scan_kind(&r->scan) == JSON_STRING) {
		x->c.phase = PHASE_EACH;
		return take_text(r, &word) < 0 ? -1
		       : strcmp(word, "each")  ? err_set(r->e, X_FAIL, "each or a number is expected")
					       : 0;
	}
	if (take_u64(r, &n) < 0)
		return -1;
	x->c.phase = n < INT32_MAX ? (int)n : 0;
	return n < INT32_MAX ? 0 : err_set(r->e, X_FAIL, "%" PRIu64 " is out of range", n);
}

#define CHECK_AT(m) offsetof(struct check_read, m)

static const struct member check_members[] = {
	{ "metric", TYPE_TEXT, CHECK_AT(c.metric), 0, NULL },
	{ "group", TYPE_TEXT, CHECK_AT(c.group), 0, NULL },
	{ "phase", TYPE_CALL, 0, 0, check_phase },
	{ "seed", TYPE_U64, CHECK_AT(c.seed), CHECK_AT(seed_known), NULL },
	{ "value", TYPE_DOUBLE, CHECK_AT(c.value), CHECK_AT(c.value_known), NULL },
	{ "op", TYPE_TEXT, CHECK_AT(c.op), 0, NULL },
	{ "limit", TYPE_DOUBLE, CHECK_AT(c.limit), CHECK_AT(c.limit_known), NULL },
	{ "other", TYPE_TEXT, CHECK_AT(c.other), 0, NULL },
	{ "at_ns", TYPE_U64, CHECK_AT(c.at_ns), CHECK_AT(c.at_known), NULL },
	{ "verdict", TYPE_CALL, 0, 0, check_verdict },
	{ "words", TYPE_TEXT, CHECK_AT(c.words), 0, NULL },
	{ "sight", TYPE_TEXT, CHECK_AT(c.sight), 0, NULL },
};

static int take_check(struct reader *r, void *to)
{
	struct check_read x = { .c.phase = PHASE_ALL };
	int result = take_object(r, check_members, countof(check_members), &x);

	settle_plain(&x.c.metric, TEXT_LINE);
	settle_plain(&x.c.words, TEXT_LINE);
	settle_plain(&x.c.sight, TEXT_LINE);
	*(struct verdict_check *)to = x.c;
	if (result == 0 && (!x.seed_known || !x.judged || !x.c.metric || !x.c.words))
		return err_set(r->e, X_FAIL, "%s is missing",
			       !x.seed_known ? "seed"
			       : !x.judged   ? "verdict"
			       : !x.c.metric ? "metric"
					     : "words");
	return result;
}

static int take_checks(struct reader *r, void *to)
{
	struct ruling *v = to;

	return take_list(r, CHECKS_MAX, sizeof(*v->checks), (void **)&v->checks, &v->n_checks, take_check);
}

#define FIGURE_AT(m) offsetof(struct verdict_figure, m)

static int take_figure(struct reader *r, void *to)
{
	static const struct member members[] = {
		{ "metric", TYPE_TEXT, FIGURE_AT(metric), 0, NULL },
		{ "group", TYPE_TEXT, FIGURE_AT(group), 0, NULL },
		{ "seeds", TYPE_U64, FIGURE_AT(n), 0, NULL },
		{ "min", TYPE_DOUBLE, FIGURE_AT(min), 0, NULL },
		{ "median", TYPE_DOUBLE, FIGURE_AT(median), 0, NULL },
		{ "max", TYPE_DOUBLE, FIGURE_AT(max), 0, NULL },
	};
	const struct verdict_figure *f = to;

	if (take_object(r, members, countof(members), to) < 0)
		return -1;
	return f->metric ? 0 : err_set(r->e, X_FAIL, "metric is missing");
}

static int take_figures(struct reader *r, void *to)
{
	struct ruling *v = to;

	return take_list(r, FIGURES_MAX, sizeof(*v->figures), (void **)&v->figures, &v->n_figures, take_figure);
}

static int take_format(struct reader *r, void *to)
{
	uint64_t format;

	(void)to;
	if (take_u64(r, &format) < 0)
		return -1;
	return format == 1 ? 0 : err_set(r->e, X_FAIL, "%" PRIu64 " is one this version cannot read", format);
}

struct verdict_whole {
	struct ruling v;
	bool judged;
};

static int whole_verdict(struct reader *r, void *to)
{
	struct verdict_whole *x = to;

	x->judged = true;
	return take_judgement(r, &x->v.verdict);
}

static int take_verdict(struct reader *r, void *to)
{
	/* v is the first member of what is read, so that what is said of it holds for the whole. */
	static const struct member members[] = {
		{ "format", TYPE_CALL, 0, 0, take_format },
		{ "test", TYPE_TEXT, offsetof(struct ruling, test), 0, NULL },
		{ "kernel", TYPE_TEXT, offsetof(struct ruling, kernel), 0, NULL },
		{ "topology", TYPE_TEXT, offsetof(struct ruling, topology), 0, NULL },
		{ "preset", TYPE_TEXT, offsetof(struct ruling, preset), 0, NULL },
		{ "profile", TYPE_TEXT, offsetof(struct ruling, profile), 0, NULL },
		{ "scheduler", TYPE_TEXT, offsetof(struct ruling, scheduler), 0, NULL },
		{ "verdict", TYPE_CALL, 0, 0, whole_verdict },
		{ "again", TYPE_TEXT, offsetof(struct ruling, again), 0, NULL },
		{ "command", TYPE_TEXT, offsetof(struct ruling, command), 0, NULL },
		{ "command_rest", TYPE_TEXT, offsetof(struct ruling, command_rest), 0, NULL },
		{ "seeds", TYPE_CALL, 0, 0, take_seeds },
		{ "checks", TYPE_CALL, 0, 0, take_checks },
		{ "figures", TYPE_CALL, 0, 0, take_figures },
	};
	struct verdict_whole *x = to;

	if (take_object(r, members, countof(members), to) < 0)
		return -1;
	return x->judged ? 0 : err_set(r->e, X_FAIL, "verdict is missing");
}

int verdict_read(struct ruling *v, const char *text_in, size_t n, struct err *e)
{
	struct verdict_whole x = { 0 };

	if (read_text(text_in, n, take_verdict, &x, e) < 0) {
		verdict_free(&x.v);
		return -1;
	}
	*v = x.v;
	return 0;
}
