/* plan.h: what must exist for a request, as a graph of steps in memory. ninja.h writes it down, run.h has it made.
 *
 * Paths are relative to the request's build folder unless absolute. Strings are copied, but for names of rules and variables, which are
 * words of the program. Adding an edge takes the same time whatever the plan has already. */
#pragma once
#include "gen/base/index.h"
#include <stdbool.h>
#include <stddef.h>
struct arena;
struct argv;
struct err;

struct strs {
	char **v;
	size_t n;
};

struct plan_var {
	struct plan_var *next;
	const char *name;
	char *value;
	char *bad; /* a word of it that no build file can hold, quoted for people; NULL: all is well */
	int code;  /* what becomes of that: X_NO_INPUT for a path, X_USAGE for any other word */
};

/* In the order in which they were added. {0}: none. */
struct plan_vars {
	struct plan_var *first, *last;
};

/* One step; the handle by which run.h tells what came of it. */
struct edge {
	size_t index; /* in plan.edges */
	const char *rule;
	char *id;      /* unique; what progress lines call it: "boot 7.3.4" */
	char *heading; /* opens a group of edges in the file, or NULL */
	struct strs outs;
	struct strs ins;      /* $in */
	struct strs implicit; /* "| …": dependencies that are not $in */
	struct plan_vars vars;
	int rank; /* among edges that may run at the same time lower ones come first, as far as ninja lets us; 0 unless set */
	bool again; /* runs even when up to date: what it does lies outside of the graph, or the request says so */
	bool always; /* ninja runs it each time, since nobody else can tell whether it is up to date; what it finds equal stays */
	struct arena *arena; /* the plan's */
};

struct plan {
	char *name;           /* "verifier-scx_simple": start of the build folder's name */
	struct strs includes; /* rule files */
	struct plan_vars vars;
	struct edge **edges; /* those that need others come after them */
	size_t n_edges;
	struct index by_id;
	struct strs tools;   /* names for edge_tool */
	struct arena *arena; /* all of its strings and edges */
};

void plan_init(struct plan *p, const char *name);
void plan_free(struct plan *p);
#define auto_plan __attribute__((unused, cleanup(plan_free)))
/* A rule file; one that is there already is no second time. */
void plan_include(struct plan *p, const char *path);

/* The edge stays where it is until plan_free(). An id that is there already returns NULL: two requests share it. */
struct edge *plan_edge(struct plan *p, const char *rule, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* NULL: there is none. */
const struct edge *plan_find(const struct plan *p, const char *id);
/* Whether ranks of its edges differ. */
bool plan_is_ranked(const struct plan *p);
void edge_heading(struct edge *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void edge_out(struct edge *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void edge_in(struct edge *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void edge_needs(struct edge *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A program the step runs, or the device it uses, by its name for tool_facts(): another one in its place makes the step ask again.
 * What those facts are stands in the build folder's file "tools/{name}" (folder.h). */
void edge_tool(struct plan *p, struct edge *g, const char *name);
/* That file, below the build folder. Caller frees. */
#define PLAN_TOOLS "tools/"
char *plan_tool_file(const char *name);

/* Variables. What stands in a command is one word, or any number of them, whatever is in them. */
void plan_word(struct plan *p, const char *name, const char *word);
void edge_word(struct edge *g, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void edge_words(struct edge *g, const char *name, const struct argv *words);
/* For what ninja reads itself and no shell sees: depths, pools, the content of a response file. */
void plan_text(struct plan *p, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void edge_text(struct edge *g, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The gate: whether a build file can hold all of it. X_NO_INPUT for a path, X_USAGE for another word, which is named. */
int plan_check(const struct plan *p, struct err *e);

/* A folder name made of name: everything but [A-Za-z0-9._+-] becomes '-', and what is longer than PLAN_SLUG_MAX bytes is short as
 * plan_short() has it. Caller frees. */
#define PLAN_SLUG_MAX 100
char *plan_slug(const char *name);
/* At most max bytes (more than 33): of a longer name the beginning, and a hash in place of the rest, so that no two come to share one.
 * Caller frees. */
char *plan_short(const char *name, size_t max);
