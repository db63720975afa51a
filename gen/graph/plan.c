#include "gen/graph/plan.h"
#include "text/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/digest.h"
#include "gen/graph/word.h"
#include "text/name.h"
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

static void vars_add(struct plan_var **vars, size_t *n, struct plan_var v)
{
	*vars = xreallocarray(*vars, *n + 1, sizeof(**vars));
	(*vars)[(*n)++] = v;
}

static void vars_free(struct plan_var *vars, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(vars[i].name);
		free(vars[i].value);
		free(vars[i].bad);
	}
	free(vars);
}

/* Remembers the first word that cannot be written down. */
static void look_at(struct plan_var *v, const char *word)
{
	if (v->bad || !find_control(word))
		return;
	v->bad = shell_quote(word);
	v->code = *word == '/' ? X_NO_INPUT : X_USAGE;
}

static struct plan_var text_var(const char *name, char *value)
{
	struct plan_var v = { .name = xstrdup(name), .value = value };

	look_at(&v, value);
	return v;
}

static struct plan_var word_var(const char *name, const char *word)
{
	struct plan_var v = { .name = xstrdup(name), .value = sh_word(word) };

	look_at(&v, word);
	return v;
}

static struct plan_var words_var(const char *name, const struct argv *words)
{
	struct plan_var v = { .name = xstrdup(name) };
	auto_free char **quoted = xcalloc(words->n + 1, sizeof(*quoted));
	size_t size = 1;

	for (size_t i = 0; i < words->n; i++) {
		quoted[i] = sh_word(words->v[i]);
		size += strlen(quoted[i]) + 1;
		look_at(&v, words->v[i]);
	}
	char *at = v.value = xcalloc(size, 1);

	for (size_t i = 0; i < words->n; i++) {
		at = stpcpy(stpcpy(at, i ? " " : ""), quoted[i]);
		free(quoted[i]);
	}
	return v;
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
		struct edge *g = p->edges[i];

		free(g->rule);
		free(g->id);
		free(g->heading);
		strs_free(&g->outs);
		strs_free(&g->ins);
		strs_free(&g->implicit);
		vars_free(g->vars, g->n_vars);
		free(g);
	}
	free(p->edges);
	index_free(&p->by_id);
	vars_free(p->vars, p->n_vars);
	strs_free(&p->includes);
	strs_free(&p->tools);
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

void plan_word(struct plan *p, const char *name, const char *word)
{
	vars_add(&p->vars, &p->n_vars, word_var(name, word));
}

void plan_text(struct plan *p, const char *name, const char *fmt, ...)
{
	char *value;

	FORMATTED(value, fmt);
	vars_add(&p->vars, &p->n_vars, text_var(name, value));
}

struct edge *plan_edge(struct plan *p, const char *rule, const char *fmt, ...)
{
	struct edge *g = xcalloc(1, sizeof(*g));

	FORMATTED(g->id, fmt);
	if (index_add(&p->by_id, g->id, g) != g) {
		free(g->id);
		free(g);
		return NULL;
	}
	g->rule = xstrdup(rule);
	g->index = p->n_edges;
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
	strs_take(&g->implicit, plan_tool_file(name));
	for (size_t i = 0; i < p->tools.n; i++) {
		if (!strcmp(p->tools.v[i], name))
			return;
	}
	strs_take(&p->tools, xstrdup(name));
}

void edge_word(struct edge *g, const char *name, const char *fmt, ...)
{
	auto_free char *word = NULL;

	FORMATTED(word, fmt);
	vars_add(&g->vars, &g->n_vars, word_var(name, word));
}

void edge_words(struct edge *g, const char *name, const struct argv *words)
{
	vars_add(&g->vars, &g->n_vars, words_var(name, words));
}

void edge_text(struct edge *g, const char *name, const char *fmt, ...)
{
	char *value;

	FORMATTED(value, fmt);
	vars_add(&g->vars, &g->n_vars, text_var(name, value));
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

static int check_vars(const struct plan_var *v, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (v[i].bad)
			return err_set(
				e, v[i].code,
				"%s: a line break or another control character is in it, which no command of a graph "
				"can have; %s",
				v[i].bad, v[i].code == X_NO_INPUT ? "rename it" : "leave that out");
	}
	return 0;
}

static int check_edge(const struct edge *g, struct err *e)
{
	if (check_paths(&g->outs, e) < 0 || check_paths(&g->ins, e) < 0 || check_paths(&g->implicit, e) < 0 ||
	    check_vars(g->vars, g->n_vars, e) < 0)
		return -1;
	if (!find_control(g->id) && !(g->heading && find_control(g->heading)))
		return 0;
	auto_free char *quoted = shell_quote(g->id);

	return err_set(e, X_USAGE, "%s: a step cannot be named with a line break or another control character in it",
		       quoted);
}

int plan_check(const struct plan *p, struct err *e)
{
	if (check_paths(&p->includes, e) < 0 || check_vars(p->vars, p->n_vars, e) < 0)
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
