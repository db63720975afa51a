#include "gen/graph/plan.h"
#include "text/argv.h"
#include "base/arena.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/digest.h"
#include "gen/graph/word.h"
#include "text/name.h"
#include <ctype.h>
#include <stdarg.h>

static void strs_take(struct arena *a, struct strs *s, char *word)
{
	s->v = arena_grow(a, s->v, s->n, sizeof(*s->v));
	s->v[s->n++] = word;
}

static struct plan_var *vars_add(struct arena *a, struct plan_vars *vars, const char *name)
{
	struct plan_var *v = arena_alloc(a, sizeof(*v));

	v->name = name;
	if (vars->last)
		vars->last->next = v;
	else
		vars->first = v;
	return vars->last = v;
}

/* Remembers the first word that cannot be written down. */
static void look_at(struct arena *a, struct plan_var *v, const char *word)
{
	if (v->bad || !find_control(word))
		return;
	auto_free char *quoted = shell_quote(word);

	v->bad = arena_str(a, quoted);
	v->code = *word == '/' ? X_NO_INPUT : X_USAGE;
}

static void add_text(struct arena *a, struct plan_vars *vars, const char *name, char *value)
{
	struct plan_var *v = vars_add(a, vars, name);

	v->value = value;
	look_at(a, v, value);
}

static void add_words(struct arena *a, struct plan_vars *vars, const char *name, const char *const *words, size_t n)
{
	struct plan_var *v = vars_add(a, vars, name);
	size_t size = 1;

	for (size_t i = 0; i < n; i++) {
		size += sh_word_size(words[i]) + 1;
		look_at(a, v, words[i]);
	}
	char *at = v->value = arena_alloc(a, size);

	for (size_t i = 0; i < n; i++)
		at = sh_word_put(i ? stpcpy(at, " ") : at, words[i]);
}

#define FORMATTED(arena, out, fmt) \
	do { \
		va_list ap_; \
		va_start(ap_, fmt); \
		(out) = arena_vfmt(arena, fmt, ap_); \
		va_end(ap_); \
	} while (0)

void plan_init(struct plan *p, const char *name)
{
	*p = (struct plan){ .name = plan_slug(name), .arena = arena_new() };
}

void plan_free(struct plan *p)
{
	free(p->edges);
	index_free(&p->by_id);
	arena_free(p->arena);
	free(p->name);
	*p = (struct plan){ 0 };
}

void plan_include(struct plan *p, const char *path)
{
	for (size_t i = 0; i < p->includes.n; i++)
		if (!strcmp(p->includes.v[i], path))
			return;
	strs_take(p->arena, &p->includes, arena_str(p->arena, path));
}

void plan_word(struct plan *p, const char *name, const char *word)
{
	add_words(p->arena, &p->vars, name, &word, 1);
}

void plan_text(struct plan *p, const char *name, const char *fmt, ...)
{
	char *value;

	FORMATTED(p->arena, value, fmt);
	add_text(p->arena, &p->vars, name, value);
}

struct edge *plan_edge(struct plan *p, const char *rule, const char *fmt, ...)
{
	struct edge *g;
	char *id;

	FORMATTED(p->arena, id, fmt);
	if (plan_find(p, id))
		return NULL;
	g = arena_alloc(p->arena, sizeof(*g));
	*g = (struct edge){ .index = p->n_edges, .rule = rule, .id = id, .arena = p->arena };
	index_add(&p->by_id, g->id, g);
	if (!(p->n_edges & (p->n_edges - 1)))
		p->edges = xreallocarray(p->edges, p->n_edges ? 2 * p->n_edges : 1, sizeof(struct edge *));
	return p->edges[p->n_edges++] = g;
}

const struct edge *plan_find(const struct plan *p, const char *id)
{
	return index_find(&p->by_id, id);
}

bool plan_is_ranked(const struct plan *p)
{
	for (size_t i = 1; i < p->n_edges; i++)
		if (p->edges[i]->rank != p->edges[0]->rank)
			return true;
	return false;
}

void edge_heading(struct edge *g, const char *fmt, ...)
{
	FORMATTED(g->arena, g->heading, fmt);
}

void edge_out(struct edge *g, const char *fmt, ...)
{
	char *s;

	FORMATTED(g->arena, s, fmt);
	strs_take(g->arena, &g->outs, s);
}

void edge_in(struct edge *g, const char *fmt, ...)
{
	char *s;

	FORMATTED(g->arena, s, fmt);
	strs_take(g->arena, &g->ins, s);
}

void edge_needs(struct edge *g, const char *fmt, ...)
{
	char *s;

	FORMATTED(g->arena, s, fmt);
	strs_take(g->arena, &g->implicit, s);
}

char *plan_tool_file(const char *name)
{
	auto_free char *slug = plan_slug(*name == '/' ? name + 1 : name);
	char hex[NAME_LEN + 1];

	if (!strchr(name, '/'))
		return xasprintf(PLAN_TOOLS "%s", slug);
	name_hex(name, strlen(name), hex);
	return xasprintf(PLAN_TOOLS "%s-%.10s", slug, hex);
}

void edge_tool(struct plan *p, struct edge *g, const char *name)
{
	auto_free char *file = plan_tool_file(name);

	strs_take(g->arena, &g->implicit, arena_str(g->arena, file));
	for (size_t i = 0; i < p->tools.n; i++) {
		if (!strcmp(p->tools.v[i], name))
			return;
	}
	strs_take(p->arena, &p->tools, arena_str(p->arena, name));
}

void edge_word(struct edge *g, const char *name, const char *fmt, ...)
{
	auto_free char *word = NULL;
	va_list ap;

	va_start(ap, fmt);
	word = xvasprintf(fmt, ap);
	va_end(ap);
	add_words(g->arena, &g->vars, name, (const char *const *)&word, 1);
}

void edge_words(struct edge *g, const char *name, const struct argv *words)
{
	add_words(g->arena, &g->vars, name, (const char *const *)words->v, words->n);
}

void edge_text(struct edge *g, const char *name, const char *fmt, ...)
{
	char *value;

	FORMATTED(g->arena, value, fmt);
	add_text(g->arena, &g->vars, name, value);
}

static int refuse_path(const char *path, const char *what, struct err *e)
{
	auto_free char *quoted = shell_quote(path);

	return err_set(e, X_NO_INPUT, "%s: ninja cannot name a path with %s in it; rename it", quoted, what);
}

static int check_paths(const struct strs *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++) {
		if (find_control(s->v[i]))
			return refuse_path(s->v[i], "a line break or another control character", e);
		if (strchr(s->v[i], '|'))
			return refuse_path(s->v[i], "a \"|\"", e);
	}
	return 0;
}

static int check_vars(const struct plan_vars *vars, struct err *e)
{
	for (const struct plan_var *v = vars->first; v; v = v->next) {
		if (v->bad)
			return err_set(
				e, v->code,
				"%s: a line break or another control character is in it, which no command of a graph "
				"can have; %s",
				v->bad, v->code == X_NO_INPUT ? "rename it" : "leave that out");
	}
	return 0;
}

static int check_edge(const struct edge *g, struct err *e)
{
	if (check_paths(&g->outs, e) < 0 || check_paths(&g->ins, e) < 0 || check_paths(&g->implicit, e) < 0 ||
	    check_vars(&g->vars, e) < 0)
		return -1;
	if (!find_control(g->id) && !(g->heading && find_control(g->heading)))
		return 0;
	auto_free char *quoted = shell_quote(g->id);

	return err_set(e, X_USAGE, "%s: a step cannot be named with a line break or another control character in it",
		       quoted);
}

int plan_check(const struct plan *p, struct err *e)
{
	if (check_paths(&p->includes, e) < 0 || check_vars(&p->vars, e) < 0)
		return -1;
	for (size_t i = 0; i < p->n_edges; i++) {
		if (check_edge(p->edges[i], e) < 0)
			return -1;
	}
	return 0;
}

char *plan_slug(const char *name)
{
	char *slug = plan_short(*name ? name : "-", PLAN_SLUG_MAX);

	for (char *c = slug; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("._+-", *c))
			*c = '-';
	}
	if (slug[0] == '.')
		slug[0] = '-';
	return slug;
}

char *plan_short(const char *name, size_t max)
{
	char hex[KEY_LEN + 1];

	if (strlen(name) <= max)
		return xstrdup(name);
	hash_hex(name, strlen(name), hex);
	return xasprintf("%.*s-%.32s", (int)max - 33, name, hex);
}
