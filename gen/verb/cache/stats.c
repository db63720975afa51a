/* cache stats: what the store and the kernel cache hold. */
#include "base/err.h"
#include "json/write.h"
#include "progress/log.h"
#include "base/mem.h"
#include "gen/base/amount.h"
#include "gen/base/home.h"
#include "gen/base/table.h"
#include "gen/verb/verbs.h"
#include "kernel/cache/entry.h"
#include "kernel/cache/usage.h"
#include "store/inventory.h"
#include "store/store.h"
#include <sys/statvfs.h>

static struct {
	bool json;
} o;

static const struct opt opts[] = {
	{ .name = "json", .type = OPT_FLAG, .out = &o.json, .help = "print JSON" },
	{ 0 },
};

/* Of one kind, or of the results of one step. */
struct heap {
	enum inventory_kind kind;
	const char *step; /* not owned */
	size_t count;
	uint64_t bytes;
	long long oldest, latest; /* use; 0: none is known */
};

struct heaps {
	struct heap *v;
	size_t n;
	struct heap all;
};

static void take(struct heap *p, uint64_t bytes, long long used)
{
	p->count++;
	p->bytes += bytes;
	if (used && (!p->oldest || used < p->oldest))
		p->oldest = used;
	if (used > p->latest)
		p->latest = used;
}

static struct heap *heap_of(struct heaps *s, const struct inventory_item *x)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].kind == x->kind && (!x->step || !strcmp(s->v[i].step, x->step)))
			return &s->v[i];
	s->v = xreallocarray(s->v, s->n + 1, sizeof(*s->v));
	s->v[s->n] = (struct heap){ .kind = x->kind, .step = x->step };
	return &s->v[s->n++];
}

/* Results first, the largest of them at the top. */
static int by_size(const void *a, const void *b)
{
	const struct heap *x = a, *y = b;
	bool results = x->kind == INVENTORY_RESULT && y->kind == INVENTORY_RESULT;

	if (!results)
		return (int)x->kind - (int)y->kind;
	return x->bytes != y->bytes ? (x->bytes < y->bytes ? 1 : -1) : strcmp(x->step, y->step);
}

static void sort_out(struct heaps *s, const struct inventory *h)
{
	for (size_t i = 0; i < h->n; i++) {
		take(heap_of(s, &h->v[i]), h->v[i].bytes, h->v[i].used);
		take(&s->all, h->v[i].bytes, h->v[i].used);
	}
	if (s->n)
		qsort(s->v, s->n, sizeof(*s->v), by_size);
}

static void weigh_kernels(struct heap *p, const struct kernel_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		struct kernel_usage u = kernel_usage(l->v[i].dir);

		take(p, u.bytes, u.used);
	}
}

static void print_row(struct table *t, const char *what, const struct heap *p)
{
	auto_free char *size = amount_text(p->bytes);
	auto_free char *oldest = time_text(p->oldest), *latest = time_text(p->latest);

	table_cell(t, "%s", what);
	table_cell(t, "%zu", p->count);
	table_cell(t, "%s", size);
	table_cell(t, "%s", oldest ? oldest : "-");
	table_cell(t, "%s", latest ? latest : "-");
}

static void print_text(const struct store *st, const struct heaps *s, const struct heap *kernels, const char *root)
{
	auto_table struct table t = { 0 };

	log_info("store: %s", st->path);
	log_info("kernel cache: %s", root);
	table_column(&t, "WHAT", false);
	table_column(&t, "COUNT", true);
	table_column(&t, "SIZE", true);
	table_column(&t, "LONGEST UNUSED", false);
	table_column(&t, "LAST USED", false);
	for (size_t i = 0; i < s->n; i++) {
		const struct heap *p = &s->v[i];
		auto_free char *what = p->kind != INVENTORY_RESULT
					       ? xstrdup(inventory_kind_name(p->kind))
					       : xasprintf("result of %s", *p->step ? p->step : "a damaged recipe");

		print_row(&t, what, p);
	}
	print_row(&t, "all of the store", &s->all);
	print_row(&t, "kernel", kernels);
	table_print(stdout, &t);
}

static void json_heap(struct jsonw *w, const struct heap *p)
{
	auto_free char *oldest = time_text(p->oldest), *latest = time_text(p->latest);

	jsonw_ku64(w, "count", p->count);
	jsonw_kstr(w, "last_used", latest);
	jsonw_kstr(w, "longest_unused", oldest);
	jsonw_ku64(w, "size_bytes", p->bytes);
}

static void json_kinds(struct jsonw *w, const struct heaps *s)
{
	jsonw_karr(w, "kinds");
	for (size_t i = 0; i < s->n; i++) {
		jsonw_obj(w);
		jsonw_kstr(w, "kind", inventory_kind_name(s->v[i].kind));
		jsonw_kstr(w, "step", s->v[i].step);
		json_heap(w, &s->v[i]);
		jsonw_end_obj(w);
	}
	jsonw_end_arr(w);
}

static void print_json(const struct store *st, const struct heaps *s, const struct heap *kernels, const char *root)
{
	struct statvfs fs = { 0 };
	struct jsonw w;

	(void)fstatvfs(st->dir, &fs); /* 0 then */
	jsonw_init(&w, stdout);
	jsonw_obj(&w);
	jsonw_kobj(&w, "kernels");
	json_heap(&w, kernels);
	jsonw_kstr(&w, "path", root);
	jsonw_end_obj(&w);
	jsonw_kobj(&w, "store");
	json_heap(&w, &s->all);
	jsonw_ku64(&w, "free_bytes", (uint64_t)fs.f_bavail * fs.f_frsize);
	json_kinds(&w, s);
	jsonw_kstr(&w, "path", st->path);
	jsonw_end_obj(&w);
	jsonw_end_obj(&w);
	jsonw_done(&w);
}

static int stats_run(int n, const char *const *args, struct err *e)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_inventory struct inventory h = { 0 };
	auto_store struct store st = { .dir = -1 };
	auto_home struct home home = { 0 };
	struct heaps s = { 0 };
	struct heap kernels = { 0 };
	char hash[9];

	(void)n;
	(void)args;
	if (home_find(&home, e) < 0 || home_kconfig_hash(&home, hash, e) < 0 || kernel_list(&l, hash, e) < 0 ||
	    store_open(&st, NULL, e) < 0 || inventory_open(&h, &st, e) < 0)
		return e->code;
	sort_out(&s, &h);
	weigh_kernels(&kernels, &l);
	(o.json ? print_json : print_text)(&st, &s, &kernels, l.root);
	free(s.v);
	return X_SUCCESS;
}

const struct verb verb_cache_stats = {
	.name = "stats",
	.args = "",
	.summary = "show what the store and the kernel cache contain, by kind",
	.examples = "  cargo ktstr cache stats\n  cargo ktstr cache stats --json\n",
	.opts = opts,
	.run = stats_run,
};
