/* kernel-entry: what kernel-import or kernel-build made, as an entry of the kernel cache. */
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "kernel/entry.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include "store/store.h"
#include <stdlib.h>

/* The last part of our keys: changes when the files of an entry would come out differently from the same source. */
#define ENTRY_FORMAT "f1"

enum { FRAGMENT_MAX = 1 << 20 };

static struct {
	const char *from, *source, *fragment;
} o;

static const struct opt opts[] = {
	{ .name = "from",
	  .type = OPT_STR,
	  .out = &o.from,
	  .arg = "DIR",
	  .help = "result of kernel-import or kernel-build" },
	{ .name = "source", .type = OPT_STR, .out = &o.source, .arg = "DIR", .help = "the tree it was built from" },
	{ .name = "fragment",
	  .type = OPT_STR,
	  .out = &o.fragment,
	  .arg = "FILE",
	  .help = "the fragment it was built with" },
	{ 0 },
};

/* What the earlier step says about its result. */
struct facts {
	char *kind, *arch, *release, *version, *tree;
};

static void facts_drop(struct facts *f)
{
	free(f->kind);
	free(f->arch);
	free(f->release);
	free(f->version);
	free(f->tree);
}
#define auto_facts __attribute__((unused, cleanup(facts_drop)))

static int facts_read(struct facts *f, struct err *e)
{
	if (facts_file(o.from, "facts", "kind", &f->kind, e) < 0 ||
	    facts_file(o.from, "facts", "arch", &f->arch, e) < 0 ||
	    facts_file(o.from, "facts", "release", &f->release, e) < 0 ||
	    facts_file(o.from, "facts", "version", &f->version, e) < 0)
		return -1;
	if (strcmp(f->kind, "local") != 0)
		return 0;
	if (!o.source || !o.fragment)
		return err_set(e, X_USAGE, "a kernel built from a tree needs --source and --fragment");
	return facts_file(o.from, "facts", "tree", &f->tree, e);
}

/* The files of an entry by hash, in a result's folder and in the cache. */
static const struct {
	const char *result, *entry;
} names[] = { { "bzImage", NULL }, { "vmlinux", "vmlinux" }, { "config", ".config" } };

struct pieces {
	char *path[countof(names)]; /* NULL: there is none */
	char hex[countof(names)][KEY_LEN + 1];
};

static void pieces_drop(struct pieces *c)
{
	for (size_t i = 0; i < countof(names); i++)
		free(c->path[i]);
}
#define auto_pieces __attribute__((unused, cleanup(pieces_drop)))

static int hash_file(struct pieces *c, size_t i, char *path, struct hashes *h, struct err *e)
{
	if (!file_exists(path)) {
		free(path);
		return 0;
	}
	c->path[i] = path;
	return hashes_file(h, AT_FDCWD, path, c->hex[i], NULL, e);
}

static int hash_result(struct pieces *c, struct hashes *h, struct err *e)
{
	for (size_t i = 0; i < countof(names); i++)
		if (hash_file(c, i, xasprintf("%s/%s", o.from, names[i].result), h, e) < 0)
			return -1;
	return 0;
}

static int hash_entry(struct pieces *c, const struct kernel_entry *k, struct hashes *h, struct err *e)
{
	for (size_t i = 0; i < countof(names); i++) {
		const char *name = names[i].entry ? names[i].entry : k->meta.image_name;

		if (hash_file(c, i, xasprintf("%s/%s", k->dir, name), h, e) < 0)
			return -1;
	}
	return 0;
}

static bool same(const struct pieces *a, const struct pieces *b)
{
	return !memcmp(a->hex, b->hex, sizeof(a->hex));
}

static int fragment_hash(char hex[9], struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(AT_FDCWD, o.fragment, FRAGMENT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "configuration fragment");
	crc_hex(text, n, hex);
	return 0;
}

static char *make_key(const struct facts *f, const struct pieces *c, const char *kc)
{
	char all[KEY_LEN + 1];

	if (f->tree)
		return xasprintf("local-%s-%.8s-%s-kc%s-" ENTRY_FORMAT, f->version, f->tree, f->arch, kc);
	hash_hex(c->hex, sizeof(c->hex), all);
	return xasprintf("%s-import-%s-%.8s", f->release, f->arch, all);
}

static int present(const char *dir, const struct pieces *want, struct hashes *h, struct err *e)
{
	auto_pieces struct pieces have = { 0 };
	struct kernel_entry k;
	int r = 0;

	kernel_entry_read(&k, dir, NULL);
	if (!k.corrupt && hash_entry(&have, &k, h, e) < 0)
		r = -1;
	else if (!k.corrupt)
		r = same(&have, want);
	kernel_entry_free(&k);
	return r;
}

static int publish(const char *key, const struct facts *f, const struct pieces *c, char *kc, struct err *e)
{
	bool local = f->tree;
	struct kernel_meta m = {
		.version = local || !strcmp(f->version, "-") ? NULL : f->version,
		.source = f->kind,
		.arch = f->arch,
		.image_name = (char *)(strcmp(f->arch, "aarch64") == 0 ? "Image" : "bzImage"),
		.ktstr_kconfig_hash = local ? kc : NULL,
		.source_tree_path = local ? (char *)o.source : NULL,
		.release = f->release,
	};
	struct kernel_files files = { c->path[0], c->path[1], c->path[2] };

	step_progress(0, 0, "copying");
	return kernel_store(key, &m, &files, e);
}

static int make_entry(int out, struct hashes *h, struct err *e)
{
	auto_free char *root = NULL, *key = NULL, *dir = NULL, *text = NULL;
	auto_pieces struct pieces c = { 0 };
	auto_facts struct facts f = { 0 };
	char kc[9] = "";
	int r;

	if (facts_read(&f, e) < 0 || hash_result(&c, h, e) < 0 || (f.tree && fragment_hash(kc, e) < 0))
		return -1;
	if (!(root = kernel_root(e)))
		return -1;
	key = make_key(&f, &c, kc);
	dir = xasprintf("%s/%s", root, key);
	r = present(dir, &c, h, e);
	if (r < 0 || (r == 0 && publish(key, &f, &c, kc, e) < 0))
		return -1;
	text = xasprintf("key %s\ndir %s\n", key, dir);
	return file_write(out, "entry", text, strlen(text), e) < 0 ? -1 : 0;
}

static int run(int dir, const char *path, struct err *e)
{
	struct hashes *h;
	int r;

	(void)path;
	if (!o.from)
		return err_set(e, X_USAGE, "--from is required");
	/* The scope of the frame: it was told there what the store's results are. */
	if (hashes_open(&h, step_store()->path, "steps", e) < 0)
		return -1;
	r = make_entry(dir, h, e);
	hashes_close(h);
	return r;
}

const struct step step_kernel_entry = {
	.name = "kernel-entry",
	.format = 1,
	.summary = "put a kernel into the cache folder",
	.opts = opts,
	.run = run,
};
