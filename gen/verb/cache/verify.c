/* cache verify: what is damaged in the store and in the kernel cache, and out with it. */
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "json/write.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/base/home.h"
#include "gen/graph/plan.h"
#include "gen/graph/run.h"
#include "gen/graph/begin.h"
#include "gen/verb/verbs.h"
#include "kernel/cache/entry.h"
#include "store/gc.h"
#include "store/store.h"
#include "text/text.h"
#include <errno.h>

enum { LIST_MAX = 256 << 20, CONFIG_MAX = 8 << 20, WORDS = 4 };

static struct {
	bool json, repair;
} o;

static const struct opt opts[] = {
	{ .name = "repair",
	  .type = OPT_FLAG,
	  .out = &o.repair,
	  .help = "remove what is damaged; it is made again when needed" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print JSON" },
	{ 0 },
};

struct damage {
	bool kernel; /* an entry of the kernel cache; else a result */
	char *key;
	char *step; /* of a result; NULL */
	char *file; /* below the result; NULL: the whole */
	char *why;
	bool removed;
	char *kept; /* why it was not, though it should */
};

struct report {
	struct damage *v;
	size_t n;
	size_t results, kernels; /* looked at */
	uint64_t bytes;
	char *store, *root;
};

static void report_free(struct report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].key);
		free(r->v[i].step);
		free(r->v[i].file);
		free(r->v[i].why);
		free(r->v[i].kept);
	}
	free(r->v);
	free(r->store);
	free(r->root);
}
#define auto_report __attribute__((unused, cleanup(report_free)))

static struct damage *add(struct report *r)
{
	r->v = xreallocarray(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n] = (struct damage){ 0 };
	return &r->v[r->n++];
}

static void add_result(struct report *r, char *line)
{
	const char *word[WORDS] = { "", "", "", "" };

	for (size_t i = 0; i < WORDS && line; i++)
		word[i] = strsep(&line, "\t");
	struct damage *d = add(r);

	d->key = xstrdup(word[0]);
	d->step = xstrdup(word[1]);
	d->file = xstrdup(word[2]);
	d->why = xstrdup(word[3]);
}

static uint64_t number(const char *dir, const char *key)
{
	auto_free char *text = NULL;
	struct err ignored;

	return facts_file(dir, "facts", key, &text, &ignored) < 0 ? 0 : strtoull(text, NULL, 10);
}

static int take_results(struct report *r, const char *dir, struct err *e)
{
	auto_free char *path = xasprintf("%s/damaged", dir);
	auto_free char *text = NULL;
	char *save = NULL;

	if (file_read(AT_FDCWD, path, LIST_MAX, &text, NULL, e) < 0)
		return -1;
	r->results = number(dir, "results");
	r->bytes = number(dir, "bytes");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_result(r, line);
	return 0;
}

static int check_results(struct report *r, const struct home *home, struct err *e)
{
	auto_plan struct plan p = { 0 };
	auto_run struct run run = { 0 };
	const struct run_opts ro = { .keep = true };

	plan_init(&p, "cache-verify");
	if (plan_begin(&p, home, "store.ninja", 0, 0, e) < 0)
		return -1;
	struct edge *g = plan_edge(&p, "check-store", "results of the store");

	edge_needs(g, "%s", home->step);
	edge_out(g, "checked/damaged");
	edge_out(g, "checked/facts");
	edge_word(g, "outdir", "checked");
	g->again = true;
	if (run_plan(&run, &p, &ro, e) < 0 || run_first_failure(&run, &p, e) < 0)
		return -1;
	auto_free char *dir = xasprintf("%s/checked", run.dir);

	return take_results(r, dir, e);
}

static void add_kernel(struct report *r, const struct kernel_entry *k, const char *why)
{
	struct damage *d = add(r);

	d->kernel = true;
	d->key = xstrdup(k->key);
	d->why = xstrdup(why);
}

/* Of the files of an entry the metadata has the checksum of one. Some versions of upstream note it and keep no .config. */
static const char *wrong_config(const struct kernel_entry *k)
{
	bool ours = k->meta.release || k->meta.identity || k->meta.toolchain;
	auto_free char *path = xasprintf("%s/.config", k->dir);
	auto_free char *text = NULL;
	struct err ignored;
	char crc[9];
	size_t n;
	int r;

	if (!k->meta.config_hash)
		return NULL;
	if ((r = file_read(AT_FDCWD, path, CONFIG_MAX, &text, &n, &ignored)) < 0)
		return r == -EACCES || (r == -ENOENT && !ours) ? NULL : ".config cannot be read";
	crc_hex(text, n, crc);
	return strcmp(crc, k->meta.config_hash) ? ".config is not the one that was stored" : NULL;
}

static void check_kernels(struct report *r, const struct kernel_list *l)
{
	r->kernels = l->n;
	r->root = xstrdup(l->root);
	for (size_t i = 0; i < l->n; i++) {
		const struct kernel_entry *k = &l->v[i];
		const char *why = k->foreign ? NULL : k->corrupt ? k->corrupt : wrong_config(k);

		if (why)
			add_kernel(r, k, why);
	}
}

static void removed(struct damage *d, int rc, const struct err *why)
{
	d->removed = rc == GC_REMOVED;
	if (rc == GC_IN_USE)
		d->kept = xstrdup("a command uses it now; verify again later");
	else if (rc < 0)
		d->kept = xstrdup(why->msg);
}

static void remove_result(struct damage *d, struct gc *g)
{
	struct err why = { 0 };

	d->removed = true; /* should it be gone by itself */
	for (size_t i = 0; i < g->n; i++)
		if (!strcmp(g->v[i].key, d->key))
			removed(d, gc_remove(g, &g->v[i], &why), &why);
}

static void remove_kernel(struct damage *d, const struct kernel_list *l)
{
	struct err why = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->v[i].key, d->key) != 0)
			continue;
		int rc = kernel_remove(&l->v[i], &why);

		removed(d, rc == KERNEL_IN_WORK ? GC_IN_USE : rc < 0 ? -1 : GC_REMOVED, &why);
	}
}

static int repair(struct report *r, struct store *st, const struct kernel_list *l, struct err *e)
{
	auto_gc struct gc g = { 0 };

	if (!r->n)
		return 0;
	if (gc_open(&g, st, NULL, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].kernel)
			remove_kernel(&r->v[i], l);
		else
			remove_result(&r->v[i], &g);
	}
	return 0;
}

static size_t count_left(const struct report *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += !r->v[i].removed;
	return n;
}

/* Folders and files that are damaged may have any names, and texts any words. */
static void print_damage(const struct damage *d)
{
	auto_free char *line = NULL;
	size_t n;
	FILE *f = xmemstream(&line, &n);

	if (d->kernel)
		fprintf(f, "kernel %s: %s", d->key, d->why);
	else
		fprintf(f, "result of %s, %s: %s: %s", *d->step ? d->step : "an unknown step", d->key, d->file, d->why);
	fclose(f);
	printf("%s: ", d->removed ? "removed" : "damaged");
	text_put(stdout, line, n, TEXT_LINE);
	putchar('\n');
	if (!d->kept)
		return;
	fputs("         not removed: ", stdout);
	text_put(stdout, d->kept, strlen(d->kept), TEXT_LINE);
	putchar('\n');
}

static void print_text(const struct report *r)
{
	for (size_t i = 0; i < r->n; i++)
		print_damage(&r->v[i]);
	printf("%zu results and %zu kernels: %zu damaged, %zu removed\n", r->results, r->kernels, r->n,
	       r->n - count_left(r));
}

static void print_json(const struct report *r)
{
	struct jsonw w;

	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_ku64(&w, "bytes_read", r->bytes);
	jsonw_karr(&w, "damaged");
	for (size_t i = 0; i < r->n; i++) {
		const struct damage *d = &r->v[i];

		jsonw_obj(&w);
		jsonw_kstr(&w, "file", d->file);
		jsonw_kstr(&w, "key", d->key);
		jsonw_kstr(&w, "kind", d->kernel ? "kernel" : "result");
		jsonw_kstr(&w, "not_removed", d->kept);
		jsonw_kstr(&w, "reason", d->why);
		jsonw_kbool(&w, "removed", d->removed);
		jsonw_kstr(&w, "step", d->step);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_kstr(&w, "kernel_cache", r->root);
	jsonw_ku64(&w, "kernels", r->kernels);
	jsonw_ku64(&w, "results", r->results);
	jsonw_kstr(&w, "store", r->store);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static int conclude(const struct report *r, struct err *e)
{
	size_t left = count_left(r);

	(o.json ? print_json : print_text)(r);
	fflush(stdout);
	if (!left)
		return X_SUCCESS;
	return err_set(e, X_STORE,
		       o.repair ? "damaged results or kernels that could not be removed: %zu"
				: "damaged results or kernels: %zu; cargo ktstr cache verify --repair removes them",
		       left),
	       X_STORE;
}

static int verify_run(int n, const char *const *args, struct err *e)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_report struct report r = { 0 };
	auto_store struct store st = { .dir = -1 };
	auto_home struct home home = { 0 };
	char hash[9];

	(void)n;
	(void)args;
	if (home_find(&home, e) < 0 || home_kconfig_hash(&home, hash, e) < 0 || store_open(&st, NULL, e) < 0 ||
	    check_results(&r, &home, e) < 0 || kernel_list(&l, hash, e) < 0)
		return e->code;
	r.store = xstrdup(st.path);
	check_kernels(&r, &l);
	if (o.repair && repair(&r, &st, &l, e) < 0)
		return e->code;
	return conclude(&r, e);
}

const struct verb verb_cache_verify = {
	.name = "verify",
	.args = "",
	.summary = "read everything that is kept and compare it with what was stored",
	.about =
		"Compares results with their lists of contents, and kernels with their metadata. It names what is damaged,\n"
		"and with --repair removes it; it is made again when it is needed.",
	.examples = "  cargo ktstr cache verify\n  cargo ktstr cache verify --repair\n",
	.opts = opts,
	.run = verify_run,
};
