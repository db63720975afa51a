#include "gen/graph/ninja.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "gen/graph/word.h"
#include "progress/pace.h"

/* Control characters cannot be in a build file; plan_check() has refused them, and one that comes here is a '?'. special: behind them. */
static void escape(FILE *f, const char *text, const char *special)
{
	for (;;) {
		size_t n = strcspn(text, special);

		fwrite(text, 1, n, f);
		text += n;
		if (!*text)
			return;
		if ((unsigned char)*text < ' ')
			fputc('?', f);
		else
			fprintf(f, "$%c", *text);
		text++;
	}
}

#define CONTROL "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20\21\22\23\24\25\26\27\30\31\32\33\34\35\36\37"

void ninja_path(FILE *f, const char *path)
{
	escape(f, path, CONTROL "$ :");
}

void ninja_value(FILE *f, const char *text)
{
	escape(f, text, CONTROL "$");
}

static void paths(FILE *f, const char *before, const struct strs *s)
{
	for (size_t i = 0; i < s->n; i++) {
		fputs(" $\n    ", f);
		fputs(i ? "" : before, f);
		ninja_path(f, s->v[i]);
	}
}

static void var(FILE *f, const char *indent, const char *name, const char *value)
{
	fputs(indent, f);
	fputs(name, f);
	fputs(*value ? " = " : " =", f);
	ninja_value(f, value);
	fputc('\n', f);
}

static void vars(FILE *f, const char *indent, const struct plan_vars *all)
{
	for (const struct plan_var *v = all->first; v; v = v->next)
		var(f, indent, v->name, v->value);
}

static void edge_write(FILE *f, const struct edge *g)
{
	if (g->heading)
		fprintf(f, "\n# -- %s --\n", g->heading);
	fputs("\nbuild", f);
	for (size_t i = 0; i < g->outs.n; i++) {
		fputs(i ? " $\n      " : " ", f);
		ninja_path(f, g->outs.v[i]);
	}
	fputs(": ", f);
	fputs(g->rule, f);
	paths(f, "", &g->ins);
	paths(f, "| ", &g->implicit);
	if (g->always)
		fputs(g->implicit.n ? " $\n    always" : " $\n    | always", f);
	fputc('\n', f);
	auto_free char *id = sh_word(g->id);

	var(f, "  ", "id", id);
	var(f, "  ", "title", g->id);
	vars(f, "  ", &g->vars);
}

/* Nothing has this name, so whatever needs it runs each time. */
static void always_write(FILE *f, const struct plan *p)
{
	for (size_t i = 0; i < p->n_edges; i++) {
		if (!p->edges[i]->always)
			continue;
		fputs("\nbuild always: phony\n", f);
		return;
	}
}

static int compare_rank(const void *a, const void *b)
{
	const struct edge *x = *(struct edge *const *)a, *y = *(struct edge *const *)b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static void edges_write(FILE *f, const struct plan *p, bool by_rank, struct pace *pace)
{
	auto_free struct edge **edges = xcalloc(p->n_edges + 1, sizeof(struct edge *));

	for (size_t i = 0; i < p->n_edges; i++)
		edges[i] = p->edges[i];
	if (by_rank)
		qsort(edges, p->n_edges, sizeof(struct edge *), compare_rank);
	for (size_t i = 0; i < p->n_edges; i++) {
		struct err ignored;

		edge_write(f, edges[i]);
		/* A stop is for whoever runs it. */
		if (pace)
			(void)pace_on(pace, 1, &ignored);
	}
}

void ninja_write(FILE *f, const struct plan *p, bool by_rank, struct pace *pace)
{
	fputs("# Written by cargo-ktstr; edits are lost. What the rules do and why: the included files.\n", f);
	fputs("ninja_required_version = 1.11\n\n", f);
	vars(f, "", &p->vars);
	for (size_t i = 0; i < p->includes.n; i++) {
		fputs("include ", f);
		ninja_path(f, p->includes.v[i]);
		fputc('\n', f);
	}
	always_write(f, p);
	edges_write(f, p, by_rank, pace);
}
