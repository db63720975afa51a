/* cache export: results and kernels as one file, for a machine without a server in common. */
#include "base/err.h"
#include "base/mem.h"
#include "gen/base/amount.h"
#include "gen/graph/taken.h"
#include "gen/verb/verbs.h"
#include "kernel/cache/entry.h"
#include "progress/log.h"
#include "store/digest.h"
#include "store/parcel/needs.h"
#include "store/parcel/pack.h"
#include "store/store.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

enum { PREFIX_MIN = 8 };

static struct {
	const char *output;
	bool request;
} o;

static const struct opt opts[] = {
	{ .name = "for",
	  .type = OPT_FLAG,
	  .out = &o.request,
	  .help = "what follows is run, matrix or verifier with its words: export what that would take from the store now" },
	{ .name = "output",
	  .letter = 'o',
	  .type = OPT_STR,
	  .out = &o.output,
	  .arg = "FILE",
	  .help = "file to write; may also be the last of all words" },
	{ 0 },
};

/* What is to go into the file. */
struct chosen {
	struct store st;
	struct needs *needs;
	struct kernel_list list;
	const struct kernel_entry **kernels;
	size_t n_kernels;
};

static void chosen_free(struct chosen *c)
{
	needs_free(c->needs);
	store_close(&c->st);
	kernel_list_free(&c->list);
	free(c->kernels);
}
#define auto_chosen __attribute__((unused, cleanup(chosen_free)))

/* From the first argument on all words are arguments, and -o FILE may stand behind them. */
static size_t take_output(size_t n, const char *const *args)
{
	static const char assigned[] = "--output=";

	if (o.output)
		return n;
	if (n && !strncmp(args[n - 1], assigned, strlen(assigned))) {
		o.output = args[n - 1] + strlen(assigned);
		return n - 1;
	}
	if (n < 2 || (strcmp(args[n - 2], "-o") != 0 && strcmp(args[n - 2], "--output") != 0))
		return n;
	o.output = args[n - 1];
	return n - 2;
}

static void add_kernel(struct chosen *c, const struct kernel_entry *k)
{
	for (size_t i = 0; i < c->n_kernels; i++)
		if (c->kernels[i] == k)
			return;
	c->kernels = xreallocarray(c->kernels, c->n_kernels + 1, sizeof(const struct kernel_entry *));
	c->kernels[c->n_kernels++] = k;
}

static bool is_prefix(const char *word)
{
	size_t n = strlen(word);

	return n >= PREFIX_MIN && n <= KEY_LEN && strspn(word, "0123456789abcdef") == n;
}

static int choose_word(struct chosen *c, const char *word, struct err *e)
{
	const char *key = NULL;
	size_t found = is_prefix(word) ? needs_find(c->needs, word, &key) : 0;

	if (found > 1)
		return err_set(e, X_USAGE, "%zu results have keys that begin with %s; give more of it", found, word);
	if (found) {
		(void)needs_mark(c->needs, key, true);
		return 0;
	}
	for (size_t i = 0; i < c->list.n; i++) {
		const struct kernel_entry *k = &c->list.v[i];

		if (strcmp(k->key, word) != 0)
			continue;
		if (k->corrupt || k->foreign)
			return err_set(e, X_NO_INPUT, "kernel %s cannot be exported: %s", word,
				       k->corrupt ? k->corrupt : "another program keeps it there");
		add_kernel(c, k);
		return 0;
	}
	return err_set(
		e, X_NO_INPUT,
		"%s is no key of a result (the name of its folder in %s/objects, or at least %d digits of it) and of no "
		"kernel (cargo ktstr kernel list)",
		word, c->st.path, PREFIX_MIN);
}

/* Runs the command as far as to know what it would take. */
static int choose_request(struct chosen *c, size_t n, const char *const *args, struct err *e)
{
	static const char *const verbs[] = { "run", "matrix", "verifier" };
	auto_free const char **words = xcalloc(n + 2, sizeof(*words));
	bool known = false;

	for (size_t i = 0; i < countof(verbs); i++)
		known |= !strcmp(args[0], verbs[i]);
	if (!known)
		return err_set(e, X_USAGE,
			       "--for is followed by run, matrix or verifier and their words, not by \"%s\"", args[0]);
	words[0] = verb_root.name;
	memcpy(words + 1, args, n * sizeof(*words));
	taken_begin();
	int code = opt_main(&verb_root, verb_root.name, (int)n + 1, words, e);
	struct taken t = taken_end();
	auto_free void *keys = t.keys;
	size_t lost = 0;

	if (code) {
		e->code = code;
		return -1;
	}
	if (!t.last)
		return err_set(e, X_USAGE, "that command asks for nothing that would be kept");
	if (needs_open(&c->needs, &c->st, e) < 0)
		return -1;
	for (size_t i = 0; i < t.n; i++)
		lost += !needs_mark(c->needs, t.keys[i], false);
	if (lost || t.lacking)
		log_note("%zu steps of it have no result here, and none in the file", lost + t.lacking);
	return 0;
}

/* Kernels that results were made of. */
static int choose_kernels(struct chosen *c, struct err *e)
{
	for (size_t i = 0; i < c->list.n; i++) {
		const struct kernel_entry *k = &c->list.v[i];
		char hex[KEY_LEN + 1];

		if (k->corrupt || k->foreign)
			continue;
		auto_free char *path = xasprintf("%s/%s", k->dir, k->meta.image_name);
		auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

		if (fd < 0)
			continue;
		if (digest_fd(fd, path, hex, NULL, e) < 0)
			return -1;
		if (needs_states(c->needs, hex))
			add_kernel(c, k);
	}
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct kernel_entry *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

static int choose(struct chosen *c, size_t n, const char *const *args, struct err *e)
{
	if (store_open(&c->st, NULL, e) < 0)
		return -1;
	if (o.request && choose_request(c, n, args, e) < 0)
		return -1;
	if (kernel_list(&c->list, NULL, e) < 0)
		return -1;
	if (!o.request && needs_open(&c->needs, &c->st, e) < 0)
		return -1;
	for (size_t i = 0; !o.request && i < n; i++)
		if (choose_word(c, args[i], e) < 0)
			return -1;
	if (choose_kernels(c, e) < 0)
		return -1;
	if (c->n_kernels)
		qsort(c->kernels, c->n_kernels, sizeof(*c->kernels), by_key);
	return 0;
}

static int export_run(int n, const char *const *args, struct err *e)
{
	auto_chosen struct chosen c = { .st.dir = -1 };
	size_t words = take_output((size_t)n, args);
	struct parcel_tally t;

	if (!o.output)
		return err_set(e, X_USAGE, "-o FILE is missing: where is it to be written?"), X_USAGE;
	if (!words)
		return err_set(e, X_USAGE, "name keys of results or kernels, or a command behind --for"), X_USAGE;
	if (choose(&c, words, args, e) < 0)
		return e->code;
	struct packing p = { .st = &c.st, .kernels = c.kernels, .n_kernels = c.n_kernels };
	auto_free void *keys = p.keys = needs_marked(c.needs, &p.n);

	if (!p.n && !p.n_kernels)
		return err_set(e, X_NO_INPUT, "the store has nothing of that; %s is not written", o.output), e->code;
	if (parcel_pack(o.output, &p, &t, e) < 0)
		return e->code;
	auto_free char *size = amount_text(t.bytes);

	printf("%s: %zu results, %zu kernels, %s\n", o.output, t.results, t.kernels, size);
	return X_SUCCESS;
}

const struct verb verb_cache_export = {
	.name = "export",
	.args = "KEY... | --for VERB...",
	.summary = "write results and kernels into one file, for another machine",
	.about =
		"A key is one of the store, and all that this result was made of goes with it, or one of the kernel cache. Behind --for\n"
		"stands a command: what it would take from the store now is exported, with its kernels, and nothing is run. There,\n"
		"`cache import` takes the file, and the same command runs nothing.",
	.examples = "  cargo ktstr cache export --for matrix ./tests --preset all -o all.parcel\n"
		    "  cargo ktstr cache export -o one.parcel 9c1e5a70 6.12.117-tarball-x86_64-kc1a2b3c4d\n",
	.opts = opts,
	.trailing = true,
	.max_args = SIZE_MAX,
	.run = export_run,
};
