/* kernel-entry: what kernel-import or kernel-build made, as an entry of the kernel cache. */
#include "arch/arch.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "kernel/cache/entry.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include "store/store.h"
#include <stdlib.h>

static struct {
	const char *from, *key, *version, *kc, *extra_kc, *git_hash, *git_ref, *source;
	bool renew;
} o;

static const struct opt opts[] = {
	{ .name = "from",
	  .type = OPT_STR,
	  .out = &o.from,
	  .arg = "DIR",
	  .help = "result of kernel-import or kernel-build" },
	{ .name = "key", .type = OPT_STR, .out = &o.key, .arg = "KEY", .help = "of what kernel-build made" },
	{ .name = "version", .type = OPT_STR, .out = &o.version, .arg = "V", .help = "as it was released" },
	{ .name = "kc", .type = OPT_STR, .out = &o.kc, .arg = "CRC", .help = "CRC-32 of ktstr.kconfig" },
	{ .name = "extra-kc", .type = OPT_STR, .out = &o.extra_kc, .arg = "CRC", .help = "of the user's own fragment" },
	{ .name = "git-hash", .type = OPT_STR, .out = &o.git_hash, .arg = "ID", .help = "7 digits of its commit" },
	{ .name = "git-ref", .type = OPT_STR, .out = &o.git_ref, .arg = "REF", .help = "what the commit was found by" },
	{ .name = "source", .type = OPT_STR, .out = &o.source, .arg = "DIR", .help = "the tree it was built from" },
	{ .name = "renew", .type = OPT_FLAG, .out = &o.renew, .help = "replace an equal entry, too" },
	{ 0 },
};

/* What the earlier step says about its result. */
struct facts {
	char *kind, *arch, *release, *version;
	char *identity, *toolchain; /* NULL for imports; the last one also in results that do not tell */
};

static void facts_drop(struct facts *f)
{
	free(f->kind);
	free(f->arch);
	free(f->release);
	free(f->version);
	free(f->identity);
	free(f->toolchain);
}
#define auto_facts __attribute__((unused, cleanup(facts_drop)))

static int facts_read(struct facts *f, struct err *e)
{
	struct err ignored;

	if (facts_file(o.from, "facts", "kind", &f->kind, e) < 0 ||
	    facts_file(o.from, "facts", "arch", &f->arch, e) < 0 ||
	    facts_file(o.from, "facts", "release", &f->release, e) < 0 ||
	    facts_file(o.from, "facts", "version", &f->version, e) < 0)
		return -1;
	if (!arch_by_name(f->arch))
		return err_set(e, X_BAD_KERNEL, "%s/facts: there is no architecture \"%s\"", o.from, f->arch);
	if (!strcmp(f->kind, "import"))
		return 0;
	if (!o.key || !o.kc)
		return err_set(e, X_USAGE, "a kernel that was built needs --key and --kc");
	(void)facts_file(o.from, "facts", "toolchain", &f->toolchain, &ignored);
	return facts_file(o.from, "facts", "identity", &f->identity, e);
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

static char *make_key(const struct facts *f, const struct pieces *c)
{
	char all[KEY_LEN + 1];

	if (f->identity)
		return xstrdup(o.key);
	hash_hex(c->hex, sizeof(c->hex), all);
	return xasprintf("%s-import-%s-%.8s", f->release, f->arch, all);
}

static bool equal(const char *a, const char *b)
{
	return !a || !b ? a == b : !strcmp(a, b);
}

static bool same_origin(const struct kernel_meta *a, const struct kernel_meta *b)
{
	return equal(a->identity, b->identity) && equal(a->git_ref, b->git_ref) && equal(a->git_hash, b->git_hash) &&
	       equal(a->source_tree_path, b->source_tree_path) && equal(a->ktstr_kconfig_hash, b->ktstr_kconfig_hash) &&
	       equal(a->extra_kconfig_hash, b->extra_kconfig_hash) && equal(a->toolchain, b->toolchain);
}

/* Positive: the entry is there, with these files and this origin. */
static int present(const char *dir, const struct kernel_meta *m, const struct pieces *want, struct hashes *h,
		   struct err *e)
{
	auto_pieces struct pieces have = { 0 };
	struct kernel_entry k;
	int r = 0;

	kernel_entry_read(&k, dir, NULL);
	if (!k.corrupt && !k.stale_ktstr && !o.renew && same_origin(&k.meta, m))
		r = hash_entry(&have, &k, h, e) < 0 ? -1 : same(&have, want);
	kernel_entry_free(&k);
	return r;
}

/* Borrows all of its strings. Only what was released has a version, as upstream has it. */
static struct kernel_meta describe(const struct facts *f)
{
	bool git = !strcmp(f->kind, "git"), local = !strcmp(f->kind, "local");
	char *release = strcmp(f->version, "-") != 0 ? f->version : NULL;

	return (struct kernel_meta){
		.version = git || local  ? NULL
			   : f->identity ? (char *)o.version
					 : release,
		.source = f->kind,
		.arch = f->arch,
		.image_name = (char *)arch_by_name(f->arch)->image,
		.ktstr_kconfig_hash = f->identity ? (char *)o.kc : NULL,
		.git_hash = git || local ? (char *)o.git_hash : NULL,
		.git_ref = git ? (char *)o.git_ref : NULL,
		.source_tree_path = local ? (char *)o.source : NULL,
		.release = f->release,
		.identity = f->identity,
		.toolchain = f->toolchain,
		.extra_kconfig_hash = f->identity ? (char *)o.extra_kc : NULL,
	};
}

static int make_entry(int out, struct hashes *h, struct err *e)
{
	auto_free char *root = NULL, *key = NULL, *dir = NULL, *text = NULL;
	auto_pieces struct pieces c = { 0 };
	auto_facts struct facts f = { 0 };
	int r;

	if (facts_read(&f, e) < 0 || hash_result(&c, h, e) < 0 || !(root = kernel_root(e)))
		return -1;
	const struct kernel_meta m = describe(&f);
	const struct kernel_files files = { c.path[0], c.path[1], c.path[2] };

	key = make_key(&f, &c);
	dir = xasprintf("%s/%s", root, key);
	r = kernel_key_check(key, e) < 0 ? -1 : present(dir, &m, &c, h, e);
	if (r == 0) {
		step_progress(0, 0, "copying");
		r = kernel_store(key, &m, &files, e);
	}
	if (r < 0)
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
