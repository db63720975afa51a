/* kernel clean: removes entries of the kernel cache. Results in the store stay, so an entry can come back quickly. What other
 * programs keep there goes by its name only: nothing of ours can make it again. */
#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/base/home.h"
#include "gen/base/confirm.h"
#include "gen/verb/entries.h"
#include "gen/verb/verbs.h"
#include "kernel/cache/entry.h"
#include <string.h>

static struct {
	uint64_t keep;
	bool force, stale, corrupt;
} o;

static const struct opt opts[] = {
	{ .name = "keep",
	  .type = OPT_U64,
	  .out = &o.keep,
	  .arg = "N",
	  .help = "keep the N newest of the entries that would be removed" },
	{ .name = "force", .type = OPT_FLAG, .out = &o.force, .help = "do not ask; needed where there is no terminal" },
	{ .name = "stale", .type = OPT_FLAG, .out = &o.stale, .help = "remove only entries marked stale" },
	{ .name = "corrupt",
	  .alias = "corrupt-only",
	  .type = OPT_FLAG,
	  .out = &o.corrupt,
	  .help = "remove only entries that cannot be used" },
	{ 0 },
};

/* Entries to remove, as pointers into the list; of those selected, the newest are kept. */
static size_t choose(const struct kernel_list *l, const struct kernel_entry **out, size_t *foreign)
{
	uint64_t kept = 0;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct kernel_entry *k = &l->v[i];

		*foreign += k->foreign;
		if (k->foreign)
			continue;
		bool stale = k->stale_kconfig || k->stale_ktstr;

		if ((o.stale || o.corrupt) && !(o.stale && stale) && !(o.corrupt && k->corrupt))
			continue;
		if (kept++ >= o.keep)
			out[n++] = k;
	}
	return n;
}

static const struct kernel_entry *by_key(const struct kernel_list *l, const char *key)
{
	for (size_t i = 0; i < l->n; i++)
		if (!strcmp(l->v[i].key, key))
			return &l->v[i];
	return NULL;
}

static bool chosen(const struct kernel_entry *const *v, size_t n, const struct kernel_entry *k)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == k)
			return true;
	return false;
}

/* All of them or none. */
static int choose_named(const struct kernel_list *l, const struct kernel_entry **out, size_t *n,
			const char *const *keys, size_t n_keys, struct err *e)
{
	if (o.keep || o.stale || o.corrupt)
		return err_set(e, X_USAGE, "'%s' cannot be used with '%s'", keys[0],
			       o.keep    ? "--keep"
			       : o.stale ? "--stale"
					 : "--corrupt");
	for (size_t i = 0; i < n_keys; i++) {
		const struct kernel_entry *k = by_key(l, keys[i]);

		if (!k)
			return err_set(e, X_NO_KERNEL, "no kernel with the key \"%s\" in %s (all keys: kernel list)",
				       keys[i], l->root);
		if (!chosen(out, *n, k))
			out[(*n)++] = k;
	}
	return 0;
}

static void tell_foreign(size_t n)
{
	if (n)
		log_note("%zu %s of other programs %s; kernel clean KEY removes one", n, n == 1 ? "entry" : "entries",
			 n == 1 ? "stays" : "stay");
}

static int ask(const struct kernel_entry *const *v, size_t n, struct err *e)
{
	if (!isatty(STDIN_FILENO))
		return err_set(e, X_FAIL, "confirmation requires a terminal. Use --force to skip.");
	puts("the following entries will be removed:");
	entries_print(stdout, v, n, false);
	fflush(stdout);
	auto_free char *question = xasprintf("remove %zu %s? [y/N] ", n, n == 1 ? "entry" : "entries");

	return confirm(question, e);
}

static int remove_all(const struct kernel_entry *const *v, size_t n, struct err *e)
{
	struct err last = { 0 };
	size_t removed = 0, kept = 0;

	for (size_t i = 0; i < n && !stop_pending(); i++) {
		int r = kernel_remove(v[i], &last);

		removed += r == KERNEL_REMOVED;
		kept += r == KERNEL_IN_WORK;
		if (r == KERNEL_IN_WORK)
			log_note("%s is being built now, or just was; it stays", v[i]->key);
	}
	printf("removed %zu cached kernel%s.\n", removed, removed == 1 ? "" : "s");
	if (removed + kept == n)
		return X_SUCCESS;
	if (stop_pending())
		stop_err(&last);
	return err_set(e, last.code, "removed %zu of %zu entries; %s", removed, n, last.msg), last.code;
}

static int clean_run(int n_args, const char *const *args, struct err *e)
{
	auto_kernel_list struct kernel_list l = { 0 };
	auto_home struct home home = { 0 };
	size_t n = 0, foreign = 0;
	char hash[9];

	if (home_find(&home, e) < 0 || home_kconfig_hash(&home, hash, e) < 0 || kernel_list(&l, hash, e) < 0)
		return e->code;
	kernel_collect();
	auto_free const struct kernel_entry **v = xcalloc(l.n + 1, sizeof(*v));
	int r = CONFIRM_YES;

	if (!n_args)
		n = choose(&l, v, &foreign);
	else if (choose_named(&l, v, &n, args, (size_t)n_args, e) < 0)
		return e->code;
	tell_foreign(foreign);
	if (!n) {
		puts("nothing to clean");
		return X_SUCCESS;
	}
	if (!o.force && (r = ask(v, n, e)) < 0)
		return e->code;
	if (r == CONFIRM_NO) {
		puts("aborted");
		return X_SUCCESS;
	}
	return remove_all(v, n, e);
}

const struct verb verb_kernel_clean = {
	.name = "clean",
	.args = "[KEY]...",
	.summary = "remove kernels from the cache",
	.about =
		"Without KEY it removes all entries, or those that the options choose. Entries that other programs wrote,\n"
		"which kernel list marks as foreign, are removed by their KEY only.",
	.examples = "  cargo ktstr kernel clean --keep 3\n"
		    "  cargo ktstr kernel clean --stale --force\n",
	.opts = opts,
	.max_args = SIZE_MAX,
	.run = clean_run,
};
