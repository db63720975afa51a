/* plan.h: what must exist for a request, as a graph of steps in memory. ninja.h writes it down, run.h has it made.
 *
 * Paths are relative to the request's build folder unless absolute. Strings are copied. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

struct strs {
	char **v;
	size_t n;
};

struct plan_var {
	char *name, *value;
};

struct edge {
	char *rule;
	char *id;      /* unique; what progress lines call it: "boot 7.3.4" */
	char *heading; /* opens a group of edges in the file, or NULL */
	struct strs outs;
	struct strs ins;      /* $in */
	struct strs implicit; /* "| …": dependencies that are not $in */
	struct plan_var *vars;
	size_t n_vars;
	bool again; /* runs even when up to date: what it does lies outside of the graph */
};

struct plan {
	char *name;           /* "verifier-scx_simple": start of the build folder's name */
	struct strs includes; /* rule files */
	struct plan_var *vars;
	size_t n_vars;
	struct edge *edges;
	size_t n_edges;
};

void plan_init(struct plan *p, const char *name);
void plan_free(struct plan *p);
#define auto_plan __attribute__((unused, cleanup(plan_free)))
/* A rule file; one that is there already is no second time. */
void plan_include(struct plan *p, const char *path);
void plan_var(struct plan *p, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The edge stays valid until the next plan_edge. An id that is there already returns NULL: two requests share it. */
struct edge *plan_edge(struct plan *p, const char *rule, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void edge_heading(struct edge *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void edge_out(struct edge *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void edge_in(struct edge *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void edge_needs(struct edge *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void edge_var(struct edge *g, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Whether ninja can name all of its paths. */
int plan_check(const struct plan *p, struct err *e);

/* A folder name made of name: everything but [A-Za-z0-9._+-] becomes '-', and PLAN_SLUG_MAX bytes are the
 * end. Caller frees. */
#define PLAN_SLUG_MAX 100
char *plan_slug(const char *name);
