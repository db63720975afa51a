#include "test/works.h"

#include <string.h>

#include "base/err.h"
#include "scenario/fault.h"
#include "scenario/scenario.h"
#include "scenario/text/line.h"

const struct ktstr_work_function *works_find(const struct ktstr_program *p, const char *name)
{
	for (const struct ktstr_work_function *const *w = p->works; w < p->works_end; w++)
		if (*w && (*w)->name && !strcmp((*w)->name, name))
			return *w;
	return NULL;
}

static int check(const struct ktstr_work_function *w, struct err *e)
{
	if (w->size < sizeof(*w))
		return err_set(
			e, X_USAGE,
			"a work function of another libktstr: compile the program again, with the <ktstr.h> of this library");
	if (!w->name || !worktype_function_name(w->name, strlen(w->name)))
		return err_set(e, X_USAGE,
			       "%s:%u: the name of a work function has letters, digits and \"_\" alone, and at most %d",
			       w->file ? w->file : "?", w->line, WORKTYPE_FUNCTION_MAX);
	if (!w->pass)
		return err_set(e, X_USAGE, "%s:%u: work function %s has no function", w->file ? w->file : "?", w->line,
			       w->name);
	return 0;
}

int works_check(const struct ktstr_program *p, struct err *e)
{
	for (const struct ktstr_work_function *const *w = p->works; w < p->works_end; w++) {
		if (!*w)
			continue;
		if (check(*w, e) < 0)
			return -1;
		for (const struct ktstr_work_function *const *x = p->works; x < w; x++)
			if (*x && !strcmp((*x)->name, (*w)->name))
				return err_set(e, X_USAGE, "%s:%u: another work function %s, at %s:%u",
					       (*w)->file ? (*w)->file : "?", (*w)->line, (*w)->name,
					       (*x)->file ? (*x)->file : "?", (*x)->line);
	}
	return 0;
}

bool works_have(const struct ktstr_program *p, const struct scenario *s, struct scenario_error *e)
{
	for (size_t i = 0; i < s->n_lines; i++) {
		const struct scenario_line *l = &s->lines[i];
		struct fault_guess g = { 0 };

		if (l->kind != LINE_WORK || !*l->work->use.function || works_find(p, l->work->use.function))
			continue;
		g.word = l->work->use.function;
		g.n = strlen(g.word);
		*e = (struct scenario_error){ .line = l->line };
		fault_bad(e, 0, "this program has no work function \"%s\"", g.word);
		for (const struct ktstr_work_function *const *w = p->works; w < p->works_end; w++)
			if (*w)
				fault_guess_try(&g, (*w)->name);
		return p->works < p->works_end ? fault_guess_tip(e, &g)
					       : fault_tip(e, "KTSTR_WORK(%s) { … } makes one", g.word);
	}
	return true;
}
