/* kernel clean: removes entries of the kernel cache. Results in the store stay, so an entry can come back quickly. */
#include "base/err.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/stop.h"
#include "gen/base/home.h"
#include "gen/base/confirm.h"
#include "gen/verb/entries.h"
#include "gen/verb/verbs.h"
#include "kernel/cache/entry.h"

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
	{ .name = "corrupt", .type = OPT_FLAG, .out = &o.corrupt, .help = "remove only entries that cannot be used" },
	{ 0 },
};

/* Entries to remove, as pointers into the list; of those selected, the newest are kept. */
static size_t choose(const struct kernel_list *l, const struct kernel_entry **out)
{
	uint64_t kept = 0;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct kernel_entry *k = &l->v[i];

		bool stale = k->stale_kconfig || k->stale_ktstr;

		if ((o.stale || o.corrupt) && !(o.stale && stale) && !(o.corrupt && k->corrupt))
			continue;
		if (kept++ >= o.keep)
			out[n++] = k;
	}
	return n;
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
	char hash[9];

	(void)n_args;
	(void)args;
	if (home_find(&home, e) < 0 || home_kconfig_hash(&home, hash, e) < 0 || kernel_list(&l, hash, e) < 0)
		return e->code;
	kernel_collect();
	auto_free const struct kernel_entry **v = xcalloc(l.n + 1, sizeof(*v));
	size_t n = choose(&l, v);
	int r = CONFIRM_YES;

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
	.args = "",
	.summary = "remove kernels from the cache",
	.examples = "  cargo ktstr kernel clean --keep 3\n"
		    "  cargo ktstr kernel clean --stale --force\n",
	.opts = opts,
	.run = clean_run,
};
