/* cache gc: what was not used for long goes out of the store. Kernels are the business of kernel clean. */
#include "base/err.h"
#include "json/write.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/base/amount.h"
#include "gen/base/table.h"
#include "gen/verb/verbs.h"
#include "store/inventory.h"
#include "store/store.h"
#include <time.h>

static struct {
	const char *max_size, *older_than;
	bool dry_run, json;
} o;

static const struct opt opts[] = {
	{ .name = "max-size",
	  .type = OPT_STR,
	  .out = &o.max_size,
	  .arg = "SIZE",
	  .help = "remove until the store takes at most SIZE, such as 500M or 10G" },
	{ .name = "older-than",
	  .type = OPT_STR,
	  .out = &o.older_than,
	  .arg = "AGE",
	  .help = "remove what has not been used for AGE, such as 12h, 30d or 2w; 30d unless --max-size is given" },
	{ .name = "dry-run", .type = OPT_FLAG, .out = &o.dry_run, .help = "only list what would be removed" },
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print JSON" },
	{ 0 },
};

#define AGE_USUAL "30d"

struct limits {
	uint64_t bytes;   /* of the store; UINT64_MAX: any */
	long long unused; /* since then or before: goes */
};

struct outcome {
	const struct inventory_item **gone;
	size_t n, in_use;
	uint64_t freed, left;
};

static int read_limits(struct limits *l, struct err *e)
{
	const char *age = o.older_than ? o.older_than : o.max_size ? NULL : AGE_USUAL;
	uint64_t seconds = 0;

	*l = (struct limits){ .bytes = UINT64_MAX, .unused = -1 };
	if ((o.max_size && amount_bytes(&l->bytes, o.max_size, "--max-size SIZE", e) < 0) ||
	    (age && amount_seconds(&seconds, age, "--older-than AGE", e) < 0))
		return -1;
	if (age)
		l->unused = (long long)time(NULL) - (long long)seconds;
	return 0;
}

/* What is small, and what it spares is not, goes for its age only, and so does what cannot be made again. */
static bool must_go(const struct inventory_item *x, const struct limits *l, uint64_t left)
{
	bool small = x->kind == INVENTORY_NOTE || x->kind == INVENTORY_TEXTS || x->kind == INVENTORY_HISTORY;

	return x->used <= l->unused || (left > l->bytes && !small);
}

/* GC_REMOVED: gone, or would be. */
static int drop(struct inventory *h, const struct inventory_item *x, struct err *e)
{
	bool in_use = false;

	if (!o.dry_run)
		return inventory_remove(h, x, e);
	if (inventory_in_use(h, x, &in_use, e) < 0)
		return -1;
	return in_use ? GC_IN_USE : GC_REMOVED;
}

static int throw_out(struct outcome *out, struct inventory *h, const struct limits *l, struct err *e)
{
	for (size_t i = 0; i < h->n; i++)
		out->left += h->v[i].bytes;
	for (size_t i = 0; i < h->n; i++) {
		const struct inventory_item *x = &h->v[i];

		if (!must_go(x, l, out->left))
			continue;
		if (stop_pending())
			return stop_err(e);
		int r = drop(h, x, e);

		if (r < 0)
			return -1;
		out->in_use += r == GC_IN_USE;
		if (r == GC_IN_USE)
			continue;
		out->gone[out->n++] = x;
		out->freed += x->bytes;
		out->left -= x->bytes;
	}
	return 0;
}

static void print_rows(const struct outcome *out)
{
	auto_table struct table t = { 0 };

	table_column(&t, "WHAT", false);
	table_column(&t, "SIZE", true);
	table_column(&t, "LAST USED", false);
	table_column(&t, "WHERE", false);
	for (size_t i = 0; i < out->n; i++) {
		const struct inventory_item *x = out->gone[i];
		auto_free char *size = amount_text(x->bytes), *used = time_text(x->used);

		if (x->kind == INVENTORY_RESULT)
			table_cell(&t, "result of %s", *x->step ? x->step : "a damaged recipe");
		else
			table_cell(&t, "%s", inventory_kind_name(x->kind));
		table_cell(&t, "%s", size);
		table_cell(&t, "%s", used ? used : "-");
		table_cell(&t, "%s", x->path);
	}
	if (out->n)
		table_print(stdout, &t);
}

static void print_text(const struct store *st, const struct outcome *out)
{
	auto_free char *freed = amount_text(out->freed), *left = amount_text(out->left);

	log_info("store: %s", st->path);
	if (o.dry_run || log_level() >= LOG_VERBOSE)
		print_rows(out);
	printf("%s %zu, %s; %s %s\n", o.dry_run ? "would remove" : "removed", out->n, freed, left,
	       o.dry_run ? "would stay" : "stay");
	fflush(stdout);
	if (out->in_use)
		log_note("%zu more would be removed, but %s in use", out->in_use, out->in_use == 1 ? "is" : "are");
}

static void print_json(const struct store *st, const struct outcome *out)
{
	struct jsonw w;

	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_kbool(&w, "dry_run", o.dry_run);
	jsonw_ku64(&w, "freed_bytes", out->freed);
	jsonw_ku64(&w, "in_use", out->in_use);
	jsonw_ku64(&w, "left_bytes", out->left);
	jsonw_kstr(&w, "path", st->path);
	jsonw_karr(&w, "removed");
	for (size_t i = 0; i < out->n; i++) {
		const struct inventory_item *x = out->gone[i];
		auto_free char *used = time_text(x->used);

		jsonw_obj(&w);
		jsonw_kstr(&w, "kind", inventory_kind_name(x->kind));
		jsonw_kstr(&w, "last_used", used);
		jsonw_kstr(&w, "path", x->path);
		jsonw_ku64(&w, "size_bytes", x->bytes);
		jsonw_kstr(&w, "step", x->step);
		jsonw_end_obj(&w);
	}
	jsonw_end_arr(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static int gc_run(int n, const char *const *args, struct err *e)
{
	auto_inventory struct inventory h = { 0 };
	auto_store struct store st = { .dir = -1 };
	struct limits limits;

	(void)n;
	(void)args;
	if (read_limits(&limits, e) < 0 || store_open(&st, NULL, e) < 0 || inventory_open(&h, &st, e) < 0)
		return e->code;
	auto_free const struct inventory_item **gone = xcalloc(h.n + 1, sizeof(const struct inventory_item *));
	struct outcome out = { .gone = gone };
	int r = throw_out(&out, &h, &limits, e);

	(o.json ? print_json : print_text)(&st, &out);
	return r < 0 ? e->code : X_SUCCESS;
}

const struct verb verb_cache_gc = {
	.name = "gc",
	.args = "",
	.summary = "remove from the store what has not been used for a long time",
	.about =
		"All of it can be made or fetched again, but for the history of runs, which goes by its age alone. What a running\n"
		"command uses stays. Kernels in the kernel cache are\n"
		"not touched; cargo ktstr kernel clean removes those.",
	.examples = "  cargo ktstr cache gc --dry-run\n"
		    "  cargo ktstr cache gc --max-size 10G\n"
		    "  cargo ktstr cache gc --older-than 2w\n",
	.opts = opts,
	.run = gc_run,
};
