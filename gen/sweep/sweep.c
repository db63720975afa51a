#include "gen/sweep/sweep.h"
#include "arch/arch.h"
#include "text/argv.h"
#include "text/escape.h"
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/audit.h"
#include "gen/graph/plan.h"
#include "gen/graph/word.h"
#include "gen/kernels/kernels.h"
#include "text/name.h"
#include "topology/topology.h"

enum { ARGS_MAX = 4000, ARGS_BYTES = 120000, MEMORY_MB = 1024 };
/* Of a folder's name, and of an edge's: events carry 255 bytes of it. */
enum { NAME_MAX_SHOWN = 60, ID_MAX_SHOWN = 240 };

/* Of the other binary in a comparison. */
#define BASE_DIR "base/"
#define BASE_ID " (A)"

int sweep_check_args(const char *const *args, struct err *e)
{
	size_t bytes = 0, n = 0;

	for (; args[n]; n++) {
		auto_free char *arg = escape_word(args[n]);
		auto_free char *word = sh_word(arg);

		bytes += strlen("--arg= ") + strlen(word);
	}
	if (n > ARGS_MAX || bytes > ARGS_BYTES)
		return err_set(
			e, X_USAGE,
			"%zu arguments of %zu bytes for the scheduler are too many: at most %d, together %d bytes", n,
			bytes, ARGS_MAX, ARGS_BYTES);
	return 0;
}

static bool has_topology(const struct sweep *s, const char *text)
{
	for (size_t i = 0; i < s->n_guests; i++) {
		if (!strcmp(s->guests[i].topology, text))
			return true;
	}
	return false;
}

static int add_topology(struct sweep *s, const struct guest_plan *base, const char *given, struct err *e)
{
	struct sweep_guest g = { .plan = *base };
	struct topology t;
	size_t size;

	if (topology_parse(&t, given, e) < 0)
		return -1;
	if (!g.plan.memory_mb)
		g.plan.memory_mb = topology_memory_mb(&t) ? topology_memory_mb(&t) : MEMORY_MB;
	if (topology_check_memory(&t, (unsigned)g.plan.memory_mb, e) < 0)
		return err_in(e, "--topology %s", given);
	FILE *f = xmemstream(&g.topology, &size);

	topology_write(f, &t);
	fclose(f);
	if (has_topology(s, g.topology)) {
		free(g.topology);
		return 0;
	}
	g.label = topology_name(&t);
	auto_free char *shown = plan_short(g.label, NAME_MAX_SHOWN);

	g.name = plan_slug(shown);
	g.cpus = topology_cpus(&t);
	s->guests = xreallocarray(s->guests, s->n_guests + 1, sizeof(*s->guests));
	s->guests[s->n_guests++] = g;
	return 0;
}

int sweep_topologies(struct sweep *s, const struct guest_plan *base, const char *const *texts, size_t n, struct err *e)
{
	if (!n && add_topology(s, base, "1,1,1,1", e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (add_topology(s, base, texts[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->n_guests; i++) {
		s->guests[i].plan.topology = s->guests[i].topology;
		s->guests[i].plan.name = s->n_guests > 1 ? s->guests[i].name : NULL;
	}
	return 0;
}

char *sweep_boot_name(const struct argv *sysctls, const struct argv *kargs)
{
	char hex[NAME_LEN + 1];
	auto_free char *all = NULL;
	size_t n;
	FILE *f = xmemstream(&all, &n);

	for (size_t i = 0; i < sysctls->n; i++)
		fprintf(f, "%s\n", sysctls->v[i]);
	for (size_t i = 0; i < kargs->n; i++)
		fprintf(f, "\n%s", kargs->v[i]);
	fclose(f);
	if (!n)
		return xstrdup("");
	name_hex(all, n, hex);
	return xasprintf("-boot%.16s", hex);
}

void sweep_largest(const struct sweep *s, uint64_t *memory_mb, unsigned *cpus)
{
	*memory_mb = 0;
	*cpus = 0;
	for (size_t i = 0; i < s->n_guests; i++) {
		const struct sweep_guest *g = &s->guests[i];

		*memory_mb = g->plan.memory_mb > *memory_mb ? g->plan.memory_mb : *memory_mb;
		unsigned threads = g->plan.virtual ? 1 : g->cpus;

		*cpus = threads > *cpus ? threads : *cpus;
	}
}

/* Of a profile, then the user's. */
#define GROUPS "%cgroup%"

static void add_args(struct argv *a, const char *const *words, const char *groups)
{
	for (; *words; words++) {
		auto_free char *whole = NULL;
		const char *rest = *words;
		size_t n;
		FILE *f = xmemstream(&whole, &n);

		for (const char *at; groups && (at = strstr(rest, GROUPS)); rest = at + strlen(GROUPS))
			fprintf(f, "%.*s%s", (int)(at - rest), rest, groups);
		fputs(rest, f);
		fclose(f);
		argv_add(a, whole);
	}
}

static void cell_args(struct argv *a, const struct sweep *s, const struct profile *p)
{
	if (p)
		add_args(a, (const char *const *)p->args, s->o.groups);
	add_args(a, s->o.args, s->o.groups);
}

static bool have_groups(const char *const *words)
{
	for (; words && *words; words++)
		if (strstr(*words, GROUPS))
			return true;
	return false;
}

static bool profiles_have_groups(const struct profiles *all)
{
	for (size_t i = 0; i < all->n; i++)
		if (have_groups((const char *const *)all->v[i].args))
			return true;
	return false;
}

bool sweep_has_groups(const struct sweep *s)
{
	return s->o.groups &&
	       (have_groups(s->o.args) || profiles_have_groups(&s->profiles) || profiles_have_groups(&s->others));
}

static int check_profile(const struct sweep *s, const struct profile *p, struct err *e)
{
	static const char *const none[] = { NULL };
	auto_argv struct argv args = { 0 };

	cell_args(&args, s, p);
	return sweep_check_args(args.n ? (const char *const *)args.v : none, e) < 0
		       ? err_in(e, "profile %.200s", p->name)
		       : 0;
}

/* Of all that is the scheduler's own. Caller frees. */
static char *own_folder(const struct sweep *s)
{
	return s->apart ? xasprintf("schedulers/%s/", s->name) : xstrdup("");
}

static void add_cell(struct sweep *s, const struct target *w, const struct sweep_guest *g, const struct profile *p)
{
	auto_free char *profile = p ? plan_short(p->name, NAME_MAX_SHOWN) : NULL;
	const char *topology = g->plan.name;
	auto_free char *own = own_folder(s);
	auto_free char *id = xasprintf("verify %s on %s%s%s%s%s", s->name, w->k.name, topology ? " " : "",
				       topology ? topology : "", p ? " with " : "", p ? profile : "");

	s->cells[s->n++] = (struct sweep_cell){
		.target = w,
		.guest = g,
		.profile = p,
		.name = {
			.kernel = w->k.label,
			.id = w->key   ? w->key
			      : w->dir ? w->dir
				       : w->k.image,
			.topology = topology ? g->label : NULL,
			.profile = p ? p->name : NULL,
		},
		.dir = xasprintf("%scells/%s%s%s%s%s", own, w->k.name, topology ? "/" : "", topology ? topology : "",
				 p ? "/" : "", p ? profile : ""),
		.id = plan_short(id, ID_MAX_SHOWN),
	};
}

int sweep_cells(struct sweep *s, struct err *e)
{
	size_t n_profiles = s->profiles.n ? s->profiles.n : 1;

	for (size_t i = 0; i < s->profiles.n; i++) {
		if (check_profile(s, &s->profiles.v[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < s->others.n; i++) {
		if (check_profile(s, &s->others.v[i], e) < 0)
			return -1;
	}
	s->cells = xcalloc(s->kernels->n * s->n_guests * n_profiles + 1, sizeof(*s->cells));
	for (size_t i = 0; i < s->kernels->n; i++) {
		for (size_t t = 0; t < s->n_guests; t++) {
			for (size_t k = 0; k < n_profiles; k++)
				add_cell(s, &s->kernels->v[i], &s->guests[t], s->profiles.n ? &s->profiles.v[k] : NULL);
		}
	}
	return 0;
}

void sweep_free(struct sweep *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->cells[i].dir);
		free(s->cells[i].id);
	}
	free(s->cells);
	for (size_t i = 0; i < s->n_guests; i++) {
		free(s->guests[i].topology);
		free(s->guests[i].name);
		free(s->guests[i].label);
	}
	free(s->guests);
	profiles_free(&s->profiles);
	profiles_free(&s->others);
	*s = (struct sweep){ 0 };
}

const struct profile *sweep_other(const struct sweep *s, const char *name)
{
	for (size_t i = 0; i < s->others.n; i++)
		if (!strcmp(s->others.v[i].name, name))
			return &s->others.v[i];
	return NULL;
}

void sweep_arg_words(struct argv *a, const struct sweep *s, const struct profile *p)
{
	auto_argv struct argv args = { 0 };

	cell_args(&args, s, p);
	for (size_t i = 0; i < args.n; i++) {
		auto_free char *arg = escape_word(args.v[i]);

		argv_fmt(a, "--arg=%s", arg);
	}
}

/* Options of the step that are not about its guest. */
static void step_args(struct argv *a, const struct sweep *s, const struct sweep_cell *c)
{
	sweep_arg_words(a, s, c->profile);
	if (sweep_has_groups(s))
		argv_fmt(a, "--groups=%s", s->o.groups);
	if (s->o.timeout)
		argv_opt(a, "--timeout", "%llu", (unsigned long long)s->o.timeout);
	guest_seed(a, &c->guest->plan);
	argv_opt(a, "--workload", "%llu", (unsigned long long)s->o.workload);
	if (s->o.cross_check)
		argv_add(a, "--cross-check");
	if (s->o.force)
		argv_add(a, "--force");
}

/* Of the other binary below base/. */
static char *payload_folder(const struct sweep *s, const struct kernel *k)
{
	auto_free char *own = own_folder(s);

	return xasprintf("%spayload%s", own, arch_suffix(k->arch));
}

char *sweep_payload(const struct sweep *s, const struct kernel *k)
{
	auto_free char *folder = payload_folder(s, k);

	return xasprintf("%s/payload.pack", folder);
}

char *sweep_audit_dir(const struct sweep_cell *c)
{
	return xasprintf("anew/%s", c->dir);
}

char *sweep_cell_dir(const struct sweep_cell *c, bool base)
{
	return xasprintf("%s%s", base ? BASE_DIR : "", c->dir);
}

static const struct edge *plan_cell(struct plan *p, const struct sweep *s, const struct sweep_cell *c, bool base)
{
	const struct kernel *k = &c->target->k;
	auto_free char *dir = sweep_cell_dir(c, base);
	auto_argv struct argv args = { 0 };
	auto_free char *pack = sweep_payload(s, k);
	auto_free char *payload = xasprintf("%s%s", base ? BASE_DIR : "", pack);
	struct edge *g = plan_edge(p, s->o.cold ? "verify-cold" : "verify", "%s%s", c->id, base ? BASE_ID : "");

	edge_heading(g, "%s", g->id + strlen("verify "));
	edge_in(g, "%s", payload);
	edge_needs(g, "kernels/%s/layout", k->name);
	if (s->o.cold)
		edge_guest(p, g, &c->guest->plan, k);
	else
		edge_restore(g, &c->guest->plan, k);
	edge_needs(g, "%s", s->home->step);
	edge_out(g, "%s/result.json", dir);
	edge_word(g, "outdir", "%s", dir);
	edge_word(g, "payload", "%s", payload);
	step_args(&args, s, c);
	edge_words(g, "args", &args);
	g->again = s->o.force;
	return g;
}

/* The same from a snapshot that was made anew; nothing that is kept is used, and nothing of it is kept. */
static const struct edge *plan_audit_cell(struct plan *p, const struct sweep *s, const struct sweep_cell *c)
{
	const struct kernel *k = &c->target->k;
	auto_free char *dir = sweep_audit_dir(c), *payload = sweep_payload(s, k);
	auto_argv struct argv args = { 0 };
	struct edge *g = plan_edge(p, "verify", "%s anew", c->id);

	edge_in(g, "%s", payload);
	edge_needs(g, "kernels/%s/layout", k->name);
	edge_audit(g, &c->guest->plan, k);
	edge_needs(g, "%s", s->home->step);
	edge_out(g, "%s/result.json", dir);
	edge_word(g, "outdir", "%s", dir);
	edge_word(g, "payload", "%s", payload);
	step_args(&args, s, c);
	argv_add(&args, "--anew");
	argv_add(&args, "--private");
	edge_words(g, "args", &args);
	g->again = true;
	return g;
}

static void plan_payload(struct plan *p, const struct sweep *s, const struct kernel *k, bool base)
{
	const struct arch *a = k->arch;
	const char *dir = base ? BASE_DIR : "";
	bool here = a == arch_host();
	struct edge *g = plan_edge(p, "payload", "scheduler %s%s%s%s", s->name, here ? "" : " for ",
				   here ? "" : a->name, base ? BASE_ID : "");
	auto_free char *out = sweep_payload(s, k), *folder = payload_folder(s, k);
	auto_argv struct argv more = { 0 };

	if (!g)
		return;
	edge_in(g, "%s", base ? s->base : s->scheduler);
	edge_needs(g, "%s", s->home->step);
	edge_out(g, "%s%s", dir, out);
	edge_word(g, "outdir", "%s%s", dir, folder);
	if (!here)
		argv_opt(&more, "--arch", "%s", a->name);
	guest_library_path(&more);
	edge_words(g, "args", &more);
	g->always = true;
}

void sweep_plan_payload(struct plan *p, const struct sweep *s, const struct kernel *k)
{
	plan_payload(p, s, k, false);
}

static void plan_kernel(struct plan *p, const struct sweep_cell *c)
{
	auto_free char *id = xasprintf("kernel %s", c->target->k.name);

	if (!plan_find(p, id))
		plan_guest_kernel(p, &c->guest->plan, &c->target->k);
}

int sweep_plan(struct plan *p, struct sweep *s, struct err *e)
{
	for (size_t i = 0; i < s->n; i++)
		if (guest_plan_allows(&s->cells[i].guest->plan, &s->cells[i].target->k, e) < 0)
			return -1;
	for (size_t i = 0; i < s->n; i++) {
		struct sweep_cell *c = &s->cells[i];

		sweep_plan_payload(p, s, &c->target->k);
		plan_kernel(p, c);
		if (!s->o.cold)
			plan_guest_snapshot(p, &c->guest->plan, &c->target->k);
		c->step = plan_cell(p, s, c, false);
		if (s->o.audit) {
			plan_audit(p, &c->guest->plan, &c->target->k);
			c->audit_step = plan_audit_cell(p, s, c);
		}
		if (!s->base)
			continue;
		plan_payload(p, s, &c->target->k, true);
		c->base_step = plan_cell(p, s, c, true);
	}
	return 0;
}
