#include "scenario/catalogue.h"
#include "scenario/fault.h"
#include "scenario/text/boot.h"
#include "scenario/text/line.h"
#include "scenario/text/machine.h"
#include "scenario/text/parsing.h"
#include "scenario/scenario.h"

#include <stdlib.h>
#include <string.h>

static bool read_text(struct parsing *p, const char *text, size_t n);

/* The lines and expectations of the catalogue's scenario, as if they stood here. */
static bool use(struct parsing *p)
{
	const struct word *w = &p->st.words[1];
	struct parsing inner = { .s = p->s, .e = p->e, .used = p->used ? p->used : p->st.line };
	const struct catalogue_entry *c;
	struct fault_guess g;

	if (p->st.n != 2)
		return fault_bad(p->e, 1, "\"use\" takes the name of one scenario") ||
		       fault_tip(p->e, "write use NAME") || word_fault(p->e, &p->st, &p->st.words[0]);
	if (p->depth)
		return fault_bad(p->e, 1, "\"use\" cannot stand in a block") ||
		       word_fault(p->e, &p->st, &p->st.words[0]);
	c = catalogue_find(w->text, w->n);
	if (c && !p->used)
		return read_text(&inner, c->text, c->n);
	if (c)
		return fault_bad(p->e, 1, "a scenario that is used uses another") || word_fault(p->e, &p->st, w);
	g = (struct fault_guess){ .word = w->text, .n = w->n };
	for (size_t i = 0; i < n_catalogue; i++)
		fault_guess_try(&g, catalogue[i].name);
	fault_bad(p->e, 1, "there is no scenario \"%s\" in the catalogue", w->text);
	if (g.best)
		fault_guess_tip(p->e, &g);
	return word_fault(p->e, &p->st, w);
}

/* "ktstr 1": the version of the language, in front of everything. */
static bool version(struct parsing *p)
{
	if (p->st.n == 2 && word_is(&p->st.words[1], "1"))
		return true;
	fault_bad(p->e, 1, "this ktstr reads version 1 of the language");
	fault_tip(p->e, "write ktstr 1, or leave the line out");
	return word_fault(p->e, &p->st, &p->st.words[p->st.n > 1]);
}

static bool read_statement(struct parsing *p, bool first)
{
	const struct word *w = &p->st.words[0];

	if (w->quote < w->n || !w->n)
		return fault_bad(p->e, 1, "a line begins with a word that stands in no quotes") ||
		       word_fault(p->e, &p->st, w);
	if (first && word_is(w, "ktstr"))
		return version(p);
	if (word_is(w, "use"))
		return use(p);
	return attribute_known(w) && !machine_is_deed(&p->st) ? attribute_parse(p) : line_parse(p);
}

static bool read_text(struct parsing *p, const char *text, size_t n)
{
	struct reader r;
	int got = -1;

	if (reader_open(&r, text, n, p->e)) {
		for (bool first = true; (got = reader_next(&r, &p->st, p->e)) == 1; first = false) {
			if (!read_statement(p, first)) {
				got = -1;
				break;
			}
		}
	}
	reader_close(&r);
	if (got == 0 && p->depth) {
		const struct scenario_line *l = &p->s->lines[p->blocks[p->depth - 1]];

		fault_bad(p->e, l->column, "this block is not closed");
		p->e->line = l->line;
		return fault_tip(p->e, l->kind == LINE_EVERY ? "a line } for TIME is missing" : "a line } is missing");
	}
	if (got && p->used) {
		p->e->line = p->used;
		p->e->column = 0;
	}
	return got == 0;
}

static bool check(struct parsing *p)
{
	struct scenario *s = p->s;

	if (!s->n_lines)
		return fault_bad(p->e, 0, "there is nothing to do in this scenario") ||
		       fault_tip(p->e, "for example: cgroup a; work a spin; hold 100%%");
	p->e->column = 0;
	if (boot_fits(s, p->e) && slots_check(&s->shared, "the scenario", p->e))
		return true;
	p->e->line = p->e->column = 0;
	return false;
}

enum scenario_fault scenario_parse(struct scenario *s, const char *text, size_t n, struct scenario_error *e)
{
	struct parsing p = { .s = s, .e = e };

	*e = (struct scenario_error){ 0 };
	*s = (struct scenario){ .duration_ns = SCENARIO_DURATION_NS,
				.settle_ns = SCENARIO_SETTLE_NS,
				.workers = SCENARIO_WORKERS,
				.seeds = 1,
				.first_seed = 1,
				.memory_mb = SCENARIO_MEMORY_MB };
	if (read_text(&p, text, n) && check(&p))
		return SCENARIO_OK;
	return e->fault;
}

static void list_free(struct scenario_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->at[i].text);
	free(l->at);
}

void scenario_free(struct scenario *s)
{
	free(s->name);
	free(s->summary);
	free(s->cgroup_parent);
	free(s->topology.text);
	free(s->expect_fail.text);
	free(s->functions.text);
	list_free(&s->scheduler);
	list_free(&s->tags);
	list_free(&s->flags);
	list_free(&s->needs);
	list_free(&s->sysctls);
	list_free(&s->kargs);
	list_free(&s->expect);
	for (size_t i = 0; i < s->n_lines; i++)
		line_free(&s->lines[i]);
	free(s->lines);
	*s = (struct scenario){ 0 };
}
