/* kernel-build: a source as its image, its ELF file and its configuration.
 *
 * Objects of a tree on this machine stay in the store under "trees", one folder per source folder and configuration, so
 * that the next build of an edited tree is incremental. They are not the result: deleting them costs time only. What was
 * fetched does not change, so its tree is unpacked for the build and goes with its objects afterwards. */
#include "host/cpus.h"
#include "base/err.h"
#include "base/facts.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "base/room.h"
#include "process/spawn.h"
#include "options/opt.h"
#include "kernel/build/build.h"
#include "kernel/build/command.h"
#include "kernel/cache/entry.h"
#include "kernel/image/image.h"
#include "kernel/build/kconfig.h"
#include "fetch/git/clone.h"
#include "fetch/git/local.h"
#include "fetch/tree/incremental.h"
#include "fetch/tree/srctree.h"
#include "fetch/tarball/tarball.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/lock.h"
#include "text/name.h"
#include "store/recipe.h"
#include "store/store.h"
#include <errno.h>
#include <stdlib.h>

enum { FRAGMENT_MAX = 1 << 20, CONFIG_MAX = 8 << 20 };

/* 1.7 GB of objects for Linux 6.12 with ktstr.kconfig, and room for a configuration with more in it. */
static const uint64_t space_new = 3000000000, space_again = 1000000000;

static struct {
	const char *from, *source, *tree, *fragment, *kconfig, *base, *kc, *extra_kc, *arch, *llvm, *cross;
	uint64_t jobs;
} o = { .arch = "x86_64" };

static const struct opt opts[] = {
	{ .name = "from", .type = OPT_STR, .out = &o.from, .arg = "DIR", .help = "result of tarball or clone" },
	{ .name = "source", .type = OPT_STR, .out = &o.source, .arg = "DIR", .help = "kernel source tree" },
	{ .name = "tree", .type = OPT_STR, .out = &o.tree, .arg = "HASH", .help = "what step tree says of it" },
	{ .name = "fragment", .type = OPT_STR, .out = &o.fragment, .arg = "FILE", .help = "ktstr.kconfig" },
	{ .name = "kconfig", .type = OPT_STR, .out = &o.kconfig, .arg = "FILE", .help = "the user's own fragment" },
	{ .name = "base",
	  .type = OPT_STR,
	  .out = &o.base,
	  .arg = "FILE",
	  .help = ".config to begin with, instead of make defconfig; one with sched_ext is taken as it is",
	  .conflicts = "kconfig" },
	{ .name = "kc", .type = OPT_STR, .out = &o.kc, .arg = "CRC", .help = "what ktstr.kconfig must still be" },
	{ .name = "extra-kc",
	  .type = OPT_STR,
	  .out = &o.extra_kc,
	  .arg = "CRC",
	  .help = "the same of --kconfig or --base" },
	{ .name = "arch",
	  .type = OPT_STR,
	  .out = &o.arch,
	  .arg = "ARCH",
	  .help = "of the kernel",
	  .choices = "x86_64 aarch64" },
	{ .name = "llvm", .type = OPT_STR, .out = &o.llvm, .arg = "V", .help = "value of LLVM=: 1, -16, /path/" },
	{ .name = "cross", .type = OPT_STR, .out = &o.cross, .arg = "PREFIX", .help = "value of CROSS_COMPILE=" },
	{ .name = "jobs",
	  .type = OPT_U64,
	  .out = &o.jobs,
	  .arg = "N",
	  .help = "parallel jobs, instead of one per CPU",
	  .min = 1,
	  .max = 4096 },
	{ 0 },
};

/* What the recipe found out, for run(). */
static struct {
	char *kind;                         /* "local" "tarball" "git" */
	char *identity;                     /* "tree:…" "sha256:…" "git:…" */
	char *version, *url, *commit, *ref; /* of a source that was fetched; NULL where there is none */
	char tree[KEY_LEN + 1];
	char *request, *extra; /* lines of the two fragments; extra NULL: there is none */
	char *base;            /* text of --base, or NULL */
	char *count;           /* struct kbuild's */
	char *toolchain;       /* kbuild_identity() */
} in;

static void show(unsigned long done, unsigned long total, const char *note)
{
	step_progress(done, total, note);
}

/* The key of what is built says which configuration was asked for, and a build may have waited long for its turn. */
static int read_wanted(const char *path, size_t max, const char *crc, char **text, size_t *n, struct err *e)
{
	char now[9];

	if (file_read(AT_FDCWD, path, max, text, n, e) < 0)
		return err_as(e, X_NO_INPUT, "configuration");
	crc_hex(*text, *n, now);
	if (crc && strcmp(crc, now) != 0)
		return err_set(e, X_NO_INPUT, "%s has changed since this build was asked for; ask again", path);
	return 0;
}

/* Lines of a fragment for this architecture. */
static int read_fragment(const char *path, const char *crc, char **lines, struct err *e)
{
	auto_free char *text = NULL;
	size_t n, size;
	FILE *f;
	int r;

	if (read_wanted(path, FRAGMENT_MAX, crc, &text, &n, e) < 0)
		return -1;
	f = xmemstream(lines, &size);
	r = kconfig_select(text, n, o.arch, f, e);
	fclose(f);
	return r < 0 ? err_in(e, "%s", path) : 0;
}

/* A configuration that has sched_ext is its owner's business; another one gets the fragment on top. */
static int read_base(struct err *e)
{
	size_t n;

	if (read_wanted(o.base, CONFIG_MAX, o.extra_kc, &in.base, &n, e) < 0)
		return -1;
	if (strlen(in.base) != n)
		return err_set(e, X_KCONFIG, "%s: it is not text", o.base);
	if (config_has(in.base, n, "CONFIG_SCHED_CLASS_EXT=y"))
		in.request = xstrdup("");
	else if (read_fragment(o.fragment, o.kc, &in.request, e) < 0)
		return -1;
	return 0;
}

static int read_request(struct err *e)
{
	auto_free char *all = NULL;

	if (o.base)
		return read_base(e);
	if (read_fragment(o.fragment, o.kc, &all, e) < 0 ||
	    (o.kconfig && read_fragment(o.kconfig, o.extra_kc, &in.extra, e) < 0))
		return -1;
	in.request = in.extra ? kconfig_without(all, strlen(all), in.extra, strlen(in.extra)) : xstrdup(all);
	return 0;
}

static struct kbuild tools(void)
{
	return (struct kbuild){
		.arch = o.arch,
		.base = in.base,
		.request = in.request,
		.extra = in.extra,
		.llvm = o.llvm && *o.llvm ? o.llvm : NULL,
		.cross = o.cross && *o.cross ? o.cross : NULL,
		.count = in.count,
		.jobs = o.jobs ? (unsigned)o.jobs : cpus_usable(),
		.progress = show,
	};
}

/* A compiler that was built anew says the same version. */
static int state_programs(struct recipe *r, const struct kbuild *b, struct hashes *h, struct err *e)
{
	char *program, *package;

	for (size_t i = 0; kbuild_tool(b, i, &program, &package); i++) {
		auto_free char *name = program, *of = package, *path = spawn_find(name);
		const char *slash = strrchr(name, '/');
		auto_free char *tag = xasprintf("%s.program", slash ? slash + 1 : name);

		if (path && recipe_file(r, tag, path, h, e) < 0)
			return -1;
	}
	return 0;
}

static int state_tools(struct recipe *r, struct hashes *h, struct err *e)
{
	const struct kbuild b = tools();
	auto_free char *text = NULL, *more = kbuild_environment_more();
	const char *prefix = kbuild_prefix(&b), *slash = strrchr(prefix, '/');
	char *save, *line, hex[KEY_LEN + 1];

	if (kbuild_toolchain(&b, &text, e) < 0)
		return -1;
	hash_hex(more, strlen(more), hex);
	if (*more)
		recipe_str(r, "environment", hex);
	in.toolchain = kbuild_identity(text, *more ? hex : NULL);
	recipe_str(r, "llvm", b.llvm ? "yes" : NULL);
	recipe_str(r, "cross", *prefix ? (slash ? slash + 1 : prefix) : NULL);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');

		*value++ = '\0';
		recipe_str(r, line, value);
	}
	return state_programs(r, &b, h, e);
}

static int local_identity(struct err *e)
{
	if (o.tree && (strlen(o.tree) != KEY_LEN || strspn(o.tree, "0123456789abcdef") != KEY_LEN))
		return err_set(e, X_USAGE, "--tree %s is not the hash of a tree", o.tree);
	if (o.tree)
		memcpy(in.tree, o.tree, sizeof(in.tree));
	else if (srctree_hash(step_store()->path, o.source, in.tree, NULL, show, e) < 0)
		return -1;
	in.kind = xstrdup("local");
	in.identity = xasprintf("tree:%s", in.tree);
	return 0;
}

static bool identity_fits(const char *prefix, size_t digits)
{
	size_t n = strlen(prefix);

	return !strncmp(in.identity, prefix, n) && strlen(in.identity + n) == digits &&
	       strspn(in.identity + n, "0123456789abcdef") == digits;
}

static int fetched_identity(struct err *e)
{
	struct err ignored;

	if (facts_file(o.from, "facts", "kind", &in.kind, e) < 0 ||
	    facts_file(o.from, "facts", "identity", &in.identity, e) < 0 ||
	    facts_file(o.from, "facts", "version", &in.version, e) < 0)
		return -1;
	if (!strcmp(in.kind, "tarball") && identity_fits("sha256:", 64))
		return 0;
	if (strcmp(in.kind, "git") != 0 || !identity_fits("git:", 40))
		return err_set(e, X_FAIL, "%s is not a result of tarball or clone: kind %s, identity %s", o.from,
			       in.kind, in.identity);
	in.commit = xstrdup(in.identity + strlen("git:"));
	/* A commit that was asked for by its id has no name. */
	if (facts_file(o.from, "facts", "ref", &in.ref, &ignored) == 0 && !strcmp(in.ref, "-"))
		free(TAKE(in.ref));
	return facts_file(o.from, "facts", "url", &in.url, e);
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	if (!o.fragment || !o.source == !o.from)
		return err_set(e, X_USAGE, "--fragment and one of --source and --from are required");
	if (read_request(e) < 0 || (o.from ? fetched_identity(e) : local_identity(e)) < 0)
		return -1;
	recipe_str(r, "arch", o.arch);
	recipe_str(r, "source", in.identity);
	recipe_str(r, "kconfig", in.request);
	recipe_str(r, "extra_kconfig", in.extra);
	if (in.base) {
		char hex[KEY_LEN + 1];

		hash_hex(in.base, strlen(in.base), hex);
		recipe_str(r, "base", hex);
	}
	return state_tools(r, h, e);
}

/* make saw the files at many moments; only when they are now what they were before did it see one tree. */
static int unchanged(struct err *e)
{
	char now[KEY_LEN + 1];

	if (srctree_hash(step_store()->path, o.source, now, NULL, NULL, e) < 0)
		return -1;
	if (strcmp(now, in.tree) != 0)
		return err_set(e, X_BUILD, "%s changed while it was being built; build again", o.source);
	return 0;
}

static int write_facts(int dir, const struct kbuild *b, struct err *e)
{
	auto_free char *release_path = xasprintf("%s/include/config/kernel.release", b->out);
	auto_free char *release = NULL, *config = NULL, *facts = NULL;
	char version[64];
	size_t n;
	bool mmio;

	if (file_read(AT_FDCWD, release_path, 256, &release, &n, e) < 0 ||
	    kbuild_version(b->source, version, sizeof(version), e) < 0 ||
	    file_read(dir, "config", CONFIG_MAX, &config, &n, e) < 0)
		return -1;
	release[strcspn(release, "\n")] = '\0';
	for (const char *c = release; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(e, X_BUILD, "a control character is in what the kernel calls itself: %s",
				       release_path);
	mmio = config_has(config, n, "CONFIG_VIRTIO_MMIO=y") &&
	       config_has(config, n, "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y");
	facts = xasprintf("kind %s\narch %s\nrelease %s\nversion %s\nvirtio_mmio %s\nidentity %s\ntoolchain %s\n",
			  in.kind, o.arch, release, version, mmio ? "yes" : "no", in.identity, in.toolchain);
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

/* For editors; a kernel without it is a kernel. */
static int add_commands(int dir, const struct kbuild *b, struct err *e)
{
	auto_free char *made = xasprintf("%s/compile_commands.json", b->out);
	struct err why;

	step_progress(0, 0, "compile_commands.json");
	if (kbuild_commands(b, &why) == 0)
		return file_copy(AT_FDCWD, made, dir, "compile_commands.json", 0644, e);
	if (why.code == X_INTERRUPTED) {
		*e = why;
		return -1;
	}
	log_warn("no compile_commands.json: %s", why.msg);
	return 0;
}

static int collect(int dir, const char *path, const struct kbuild *b, struct err *e)
{
	auto_free char *image = xasprintf("%s/%s", b->out, kbuild_image(o.arch));
	auto_free char *vmlinux = xasprintf("%s/vmlinux", b->out);
	auto_free char *stripped = xasprintf("%s/vmlinux", path);
	auto_free char *config = xasprintf("%s/.config", b->out);
	auto_free char *strip = kbuild_strip(b);

	step_progress(0, 0, "collecting");
	if (file_copy(AT_FDCWD, image, dir, "bzImage", 0644, e) < 0 ||
	    image_strip_by(strip, vmlinux, stripped, e) < 0 || file_copy(AT_FDCWD, config, dir, "config", 0644, e) < 0)
		return -1;
	return write_facts(dir, b, e);
}

/* Better now than in half an hour. */
static int enough_space(const char *out, struct err *e)
{
	auto_free char *vmlinux = xasprintf("%s/vmlinux", out);
	uint64_t want = file_exists(vmlinux) ? space_again : space_new, have;

	if (!room_at(step_store()->path, &have) || have >= want)
		return 0;
	return err_set(
		e, X_DISK_FULL,
		"building a kernel takes about %.1f GB in %s, and %.1f GB are free; make room or set KTSTR_STORE "
		"to a folder elsewhere",
		(double)want / 1e9, step_store()->path, (double)have / 1e9);
}

static int build(int dir, const char *path, const struct kbuild *b, struct err *e)
{
	if (enough_space(b->out, e) < 0 || kbuild_preflight(b, e) < 0 ||
	    (o.source && incremental_prepare(step_store()->path, o.source, b->out, in.tree, e) < 0) ||
	    kbuild_configure(b, e) < 0 || kbuild_make(b, e) < 0 || (o.source && unchanged(e) < 0) ||
	    kbuild_check(b, e) < 0)
		return -1;
	if (o.source && add_commands(dir, b, e) < 0)
		return -1;
	return collect(dir, path, b, e);
}

/* "{source}-{configuration}": two builds in one folder would ruin each other. */
static char *config_name(void)
{
	/* Of a tree's own .config there is one: what it was before is what make compares it with. */
	auto_free char *all =
		xasprintf("%s%c%s%c%s%c%s%s", in.base ? "" : in.request, '\1', in.extra ? in.extra : "", '\1',
			  o.llvm ? o.llvm : "", '\1', o.cross ? o.cross : "", in.base ? "\1base" : "");
	char hex[NAME_LEN + 1];

	name_hex(all, strlen(all), hex);
	return xasprintf("%.16s-%s", hex, o.arch);
}

/* Nothing but a .config, which we know: without git, what make leaves cannot be told from sources. */
static bool only_configured(const char *source, const char *arch)
{
	const char *trace = kbuild_in_place(source, arch);
	auto_free char *made = xasprintf("%s/include/config", source);
	auto_free char *generated = xasprintf("%s/include/generated", source);

	return trace && !strcmp(trace, ".config") && !file_exists(made) && !file_exists(generated);
}

static int drop_config(const char *mirror, struct err *e)
{
	auto_free char *path = xasprintf("%s/.config", mirror);

	return unlink(path) < 0 && errno != ENOENT ? err_sys(e, "remove %s", path) : 0;
}

/* Objects lie beside a mirror that is cleaned, since make mrproper would take those in it. It only sees links: the tree they
 * lead to stays as it is. What it looks for by name everywhere is no link's business, and not in the mirror to begin with. */
static int clean_mirror(const char *mirror, struct err *e)
{
	step_progress(0, 0, "cleaning the mirror");
	return kbuild_clean(mirror, o.arch, e);
}

/* A tree that was configured in place is built from a mirror: of what git calls its source, or without git of all that a
 * product does not look like, with make mrproper having taken the rest. O= below the source makes Linux call its files by
 * relative names, by which ccache knows them in every tree. */
static int build_local(int dir, const char *path, const char *place, struct err *e)
{
	auto_free char *mirror = xasprintf("%s-links", place);
	auto_free char *below = xasprintf("%s/ktstr-out", mirror);
	struct localgit *git = NULL;
	struct kbuild b = tools();
	bool dirty;

	b.source = o.source;
	b.out = place;
	if (!kbuild_in_place(o.source, o.arch))
		return build(dir, path, &b, e);
	if (localgit_open(&git, o.source, e) < 0)
		return -1;
	dirty = !git && !only_configured(o.source, o.arch);
	localgit_close(git);
	step_progress(0, 0, "mirroring the source tree");
	if (srctree_mirror(o.source, mirror, e) < 0 || drop_config(mirror, e) < 0 ||
	    (dirty && clean_mirror(mirror, e) < 0))
		return -1;
	b.source = mirror;
	b.out = dirty ? place : below;
	return build(dir, path, &b, e);
}

static int run_local(int dir, const char *path, struct err *e)
{
	struct store *st = step_store();
	auto_free char *config = config_name();
	auto_free char *key = NULL, *place = NULL;
	char source[NAME_LEN + 1];
	int lock = -1, r;

	name_hex(o.source, strlen(o.source), source);
	key = xasprintf("tree-%.16s-%s", source, config);
	place = xasprintf("%s/trees/%s", st->path, key + strlen("tree-"));
	if (lock_take(st, key, &lock, e) < 0)
		return -1;
	r = build_local(dir, path, place, e);
	lock_drop(st, key, &lock);
	return r;
}

static int build_tarball(int dir, const char *path, struct kbuild *b, struct err *e)
{
	auto_tarball struct tarball t = { 0 };
	auto_free char *config = config_name();
	auto_free char *tree = NULL, *out = NULL;

	if (tarball_where(&t, in.version, e) < 0)
		return -1;
	memcpy(t.sha256, in.identity + strlen("sha256:"), sizeof(t.sha256));
	if (tarball_tree(step_store(), &t, &tree, show, e) < 0)
		return -1;
	out = xasprintf("%s/ktstr-%s", tree, config);
	b->source = tree;
	b->out = out;
	if (build(dir, path, b, e) < 0)
		return -1;
	return tarball_drop_tree(step_store(), &t, e);
}

static int build_clone(int dir, const char *path, struct kbuild *b, struct err *e)
{
	auto_free char *config = config_name();
	auto_free char *tree = NULL, *out = NULL;

	if (clone_tree(step_store(), in.url, in.ref, in.commit, &tree, show, e) < 0)
		return -1;
	out = xasprintf("%s/ktstr-%s", tree, config);
	b->source = tree;
	b->out = out;
	if (build(dir, path, b, e) < 0)
		return -1;
	return clone_drop_tree(step_store(), in.commit, e);
}

/* One build of a source at a time: whoever is first to end takes the tree away. */
static int run_fetched(int dir, const char *path, struct err *e)
{
	struct store *st = step_store();
	struct kbuild b = tools();
	auto_free char *key = NULL;
	char hex[NAME_LEN + 1];
	int lock = -1, r;

	name_hex(in.identity, strlen(in.identity), hex);
	key = xasprintf("build-%s", hex);
	if (lock_take(st, key, &lock, e) < 0)
		return -1;
	r = in.commit ? build_clone(dir, path, &b, e) : build_tarball(dir, path, &b, e);
	lock_drop(st, key, &lock);
	return r;
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *trees = xasprintf("%s/trees", step_store()->path);
	auto_free char *config = config_name();

	if (mkdir_p(AT_FDCWD, trees, 0777, e) < 0)
		return -1;
	in.count = xasprintf("%s/%s.count", trees, config);
	return o.from ? run_fetched(dir, path, e) : run_local(dir, path, e);
}

/* Without --jobs it takes all CPUs there are, and that need not be as many as here; the linker wants most of the memory. */
static void size(struct step_size *s)
{
	*s = (struct step_size){ o.jobs ? o.jobs : cpus_usable(), 4096 };
}

const struct step step_kernel_build = {
	.name = "kernel-build",
	.format = 2,
	.summary = "configure and make a kernel source tree",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.size = size,
	.costly = true,
	.run = run,
};
