#include "gen/graph/plan.h"
#include "base/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include <ctype.h>
#include <stdarg.h>

static char *vfmt(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0)
		abort();
	return s;
}

static void strs_take(struct strs *s, char *word)
{
	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n++] = word;
}

static void strs_free(struct strs *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->v[i]);
	free(s->v);
}

static void vars_add(struct plan_var **vars, size_t *n, const char *name, char *value)
{
	*vars = xreallocarray(*vars, *n + 1, sizeof(**vars));
	(*vars)[(*n)++] = (struct plan_var){ xstrdup(name), value };
}

static void vars_free(struct plan_var *vars, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(vars[i].name);
		free(vars[i].value);
	}
	free(vars);
}

#define FORMATTED(out, fmt) \
	do { \
		va_list ap_; \
		va_start(ap_, fmt); \
		(out) = vfmt(fmt, ap_); \
		va_end(ap_); \
	} while (0)

void plan_init(struct plan *p, const char *name)
{
	*p = (struct plan){ .name = plan_slug(name) };
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n_edges; i++) {
		struct edge *g = &p->edges[i];

		free(g->rule);
		free(g->id);
		free(g->heading);
		strs_free(&g->outs);
		strs_free(&g->ins);
		strs_free(&g->implicit);
		vars_free(g->vars, g->n_vars);
	}
	free(p->edges);
	vars_free(p->vars, p->n_vars);
	strs_free(&p->includes);
	free(p->name);
	*p = (struct plan){ 0 };
}

void plan_include(struct plan *p, const char *path)
{
	for (size_t i = 0; i < p->includes.n; i++)
		if (!strcmp(p->includes.v[i], path))
			return;
	strs_take(&p->includes, xstrdup(path));
}

void plan_var(struct plan *p, const char *name, const char *fmt, ...)
{
	char *value;

	FORMATTED(value, fmt);
	vars_add(&p->vars, &p->n_vars, name, value);
}

struct edge *plan_edge(struct plan *p, const char *rule, const char *fmt, ...)
{
	char *id;

	FORMATTED(id, fmt);
	for (size_t i = 0; i < p->n_edges; i++) {
		if (!strcmp(p->edges[i].id, id)) {
			free(id);
			return NULL;
		}
	}
	p->edges = xreallocarray(p->edges, p->n_edges + 1, sizeof(*p->edges));
	p->edges[p->n_edges] = (struct edge){ .rule = xstrdup(rule), .id = id };
	return &p->edges[p->n_edges++];
}

void edge_heading(struct edge *g, const char *fmt, ...)
{
	free(g->heading);
	FORMATTED(g->heading, fmt);
}

void edge_out(struct edge *g, const char *fmt, ...)
{
	char *s;

	FORMATTED(s, fmt);
	strs_take(&g->outs, s);
}

void edge_in(struct edge *g, const char *fmt, ...)
{
	char *s;

	FORMATTED(s, fmt);
	strs_take(&g->ins, s);
}

void edge_needs(struct edge *g, const char *fmt, ...)
{
	char *s;

	FORMATTED(s, fmt);
	strs_take(&g->implicit, s);
}

void edge_var(struct edge *g, const char *name, const char *fmt, ...)
{
	char *s;

	FORMATTED(s, fmt);
	vars_add(&g->vars, &g->n_vars, name, s);
}

static int check_path(const char *path, struct err *e)
{
	const char *c = path;

	while ((unsigned char)*c >= ' ' && *c != 0x7f)
		c++;
	if (!*c)
		return 0;
	auto_free char *quoted = shell_quote(path);

	return err_set(e, X_NO_INPUT,
		       "%s: ninja cannot name a path with a line break or another control character in it; rename it",
		       quoted);
}

static int check_paths(const struct strs *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		if (check_path(s->v[i], e) < 0)
			return -1;
	}
	return 0;
}

int plan_check(const struct plan *p, struct err *e)
{
	if (check_paths(&p->includes, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n_edges; i++) {
		const struct edge *g = &p->edges[i];

		if (check_paths(&g->outs, e) < 0 || check_paths(&g->ins, e) < 0 || check_paths(&g->implicit, e) < 0)
			return -1;
	}
	return 0;
}

char *plan_slug(const char *name)
{
	char *slug = xstrndup(*name ? name : "-", PLAN_SLUG_MAX);

	for (char *c = slug; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
			*c = '-';
	}
	if (slug[0] == '.')
		slug[0] = '-';
	return slug;
}
