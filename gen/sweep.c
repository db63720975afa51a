#include "gen/sweep.h"
#include "base/arch.h"
#include "base/argv.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/home.h"
#include "gen/plan.h"
#include "gen/want.h"

enum { ARGS_MAX = 4000, ARGS_BYTES = 120000 };

/* A word for --arg of the step. It must pass any sh in one line, and no sh but bash can quote a line break on one. */
static char *escape_arg(const char *word)
{
	auto_free char *out = NULL;
	size_t n;
	FILE *f = xmemstream(&out, &n);

	for (const char *c = word; *c; c++) {
		if (*c == '\\')
			fputs("\\\\", f);
		else if ((unsigned char)*c < ' ' || *c == 0x7f)
			fprintf(f, "\\%03o", (unsigned char)*c);
		else
			fputc(*c, f);
	}
	fclose(f);
	return TAKE(out);
}

int sweep_check_args(const char *const *args, struct err *e)
{
	size_t bytes = 0, n = 0;

	for (; args[n]; n++) {
		auto_free char *arg = escape_arg(args[n]);
		auto_free char *word = shell_quote(arg);

		bytes += strlen("--arg= ") + strlen(word);
	}
	if (n > ARGS_MAX || bytes > ARGS_BYTES)
		return err_set(
			e, X_USAGE,
			"%zu arguments of %zu bytes for the scheduler are too many: at most %d, together %d bytes", n,
			bytes, ARGS_MAX, ARGS_BYTES);
	return 0;
}

void sweep_cells(struct sweep *s)
{
	s->cells = xcalloc(s->kernels->n * s->n_guests + 1, sizeof(*s->cells));
	for (size_t i = 0; i < s->kernels->n; i++) {
		for (size_t t = 0; t < s->n_guests; t++) {
			const struct want *w = &s->kernels->v[i];
			const struct guest_plan *g = &s->guest[t];
			struct sweep_cell *c = &s->cells[s->n++];

			*c = (struct sweep_cell){ .want = w, .guest = g };
			c->name.kernel = w->k.label;
			c->name.id = w->key ? w->key : w->dir ? w->dir : w->k.image;
			c->name.topology = g->name;
			c->dir = xasprintf("cells/%s%s%s", w->k.name, g->name ? "/" : "", g->name ? g->name : "");
			c->id = xasprintf("verify %s on %s%s%s", s->name, w->k.name, g->name ? " " : "",
					  g->name ? g->name : "");
		}
	}
}

void sweep_free(struct sweep *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->cells[i].dir);
		free(s->cells[i].id);
	}
	free(s->cells);
	s->cells = NULL;
	s->n = 0;
}

/* Options of the step that are not about its guest. */
static char *step_args(const struct sweep_opts *o)
{
	auto_argv struct argv more = { 0 };

	for (size_t i = 0; o->args[i]; i++) {
		auto_free char *arg = escape_arg(o->args[i]);

		argv_fmt(&more, "--arg=%s", arg);
	}
	if (o->timeout)
		argv_opt(&more, "--timeout", "%llu", (unsigned long long)o->timeout);
	if (o->cross_check)
		argv_add(&more, "--cross-check");
	if (o->force)
		argv_add(&more, "--force");
	return more.n ? argv_quote((const char *const *)more.v) : xstrdup("");
}

static char *payload_pack(const struct arch *a)
{
	return xasprintf("payload%s/payload.pack", arch_suffix(a));
}

static void plan_cell(struct plan *p, const struct sweep *s, const struct sweep_cell *c)
{
	const struct kernel *k = &c->want->k;
	struct edge *g = plan_edge(p, s->o.cold ? "verify-cold" : "verify", "%s", c->id);
	auto_free char *args = step_args(&s->o);

	auto_free char *payload = payload_pack(k->arch);

	edge_heading(g, "%s", c->id + strlen("verify "));
	edge_in(g, "%s", payload);
	edge_needs(g, "kernels/%s/layout", k->name);
	if (s->o.cold)
		edge_guest(g, c->guest, k);
	else
		edge_restore(g, c->guest, k);
	edge_needs(g, "%s", s->home->step);
	edge_out(g, "%s/result.json", c->dir);
	edge_var(g, "outdir", "%s", c->dir);
	edge_var(g, "payload", "%s", payload);
	edge_var(g, "args", "%s", args);
}

/* One for all guests of an architecture. A scheduler is built for one of them, and refused for the other. */
static void plan_payload(struct plan *p, const struct sweep *s, const struct arch *a)
{
	bool here = a == arch_host();
	struct edge *g = plan_edge(p, "payload", "scheduler %s%s%s", s->name, here ? "" : " for ", here ? "" : a->name);
	auto_free char *out = payload_pack(a);

	if (!g)
		return;
	edge_in(g, "%s", s->scheduler);
	edge_needs(g, "%s", s->home->step);
	edge_out(g, "%s", out);
	edge_var(g, "outdir", "payload%s", arch_suffix(a));
	if (!here)
		edge_var(g, "args", "--arch %s", a->name);
}

int sweep_plan(struct plan *p, const struct sweep *s, struct err *e)
{
	const struct want *last = NULL;

	for (size_t i = 0; i < s->n; i++)
		if (guest_plan_allows(s->cells[i].guest, &s->cells[i].want->k, e) < 0)
			return -1;
	plan_guest_base(p, &s->guest[0]);
	for (size_t i = 0; i < s->n; i++) {
		const struct sweep_cell *c = &s->cells[i];

		plan_payload(p, s, c->want->k.arch);
		if (c->want != last)
			plan_guest_kernel(p, c->guest, &c->want->k);
		last = c->want;
		if (!s->o.cold)
			plan_guest_snapshot(p, c->guest, &c->want->k);
		plan_cell(p, s, c);
	}
	return 0;
}
