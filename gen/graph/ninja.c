#include "gen/graph/ninja.h"
#include "base/mem.h"
#include "gen/graph/plan.h"
#include "gen/graph/word.h"

static char *escape(const char *text, const char *special)
{
	auto_free char *out = NULL;
	size_t n;
	FILE *f = xmemstream(&out, &n);

	for (const char *c = text; *c; c++) {
		if ((unsigned char)*c < ' ')
			fputc('?', f);
		else if (strchr(special, *c))
			fprintf(f, "$%c", *c);
		else
			fputc(*c, f);
	}
	fclose(f);
	return TAKE(out);
}

char *ninja_path(const char *path)
{
	return escape(path, "$ :");
}

char *ninja_value(const char *text)
{
	return escape(text, "$");
}

static void paths(FILE *f, const char *before, const struct strs *s)
{
	for (size_t i = 0; i < s->n; i++) {
		auto_free char *p = ninja_path(s->v[i]);

		fprintf(f, " $\n    %s%s", i ? "" : before, p);
	}
}

static void vars(FILE *f, const char *indent, const struct plan_var *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_free char *value = ninja_value(v[i].value);

		fprintf(f, "%s%s =%s%s\n", indent, v[i].name, *value ? " " : "", value);
	}
}

static void edge_write(FILE *f, const struct edge *g)
{
	if (g->heading)
		fprintf(f, "\n# -- %s --\n", g->heading);
	fprintf(f, "\nbuild");
	for (size_t i = 0; i < g->outs.n; i++) {
		auto_free char *p = ninja_path(g->outs.v[i]);

		fprintf(f, "%s%s", i ? " $\n      " : " ", p);
	}
	fprintf(f, ": %s", g->rule);
	paths(f, "", &g->ins);
	paths(f, "| ", &g->implicit);
	fputc('\n', f);
	auto_free char *id = sh_word(g->id);

	vars(f, "  ",
	     (struct plan_var[]){ { .name = (char *)"id", .value = id }, { .name = (char *)"title", .value = g->id } },
	     2);
	vars(f, "  ", g->vars, g->n_vars);
}

void ninja_write(FILE *f, const struct plan *p)
{
	fputs("# Written by cargo-ktstr; edits are lost. What the rules do and why: the included files.\n", f);
	fputs("ninja_required_version = 1.11\n\n", f);
	vars(f, "", p->vars, p->n_vars);
	for (size_t i = 0; i < p->includes.n; i++) {
		auto_free char *path = ninja_path(p->includes.v[i]);

		fprintf(f, "include %s\n", path);
	}
	for (size_t i = 0; i < p->n_edges; i++)
		edge_write(f, p->edges[i]);
}
