/* kernel-build: a source tree, by content, as its image, its ELF file and its configuration.
 *
 * Objects stay in the store under "trees", one folder per source folder and fragment, so that the next build of an
 * edited tree is incremental. They are not the result: deleting them costs time only. */
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "kernel/build.h"
#include "kernel/image.h"
#include "kernel/kconfig.h"
#include "kernel/srctree.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/lock.h"
#include "store/recipe.h"
#include "store/store.h"
#include <sched.h>
#include <stdlib.h>

enum { FRAGMENT_MAX = 1 << 20, CONFIG_MAX = 8 << 20 };

static struct {
	const char *source, *fragment, *arch;
	uint64_t jobs;
	char tree[KEY_LEN + 1]; /* what the recipe says the source is */
	char *request;          /* the fragment's lines for this architecture */
} o = { .arch = "x86_64" };

static const struct opt opts[] = {
	{ .name = "source", .type = OPT_STR, .out = &o.source, .arg = "DIR", .help = "kernel source tree" },
	{ .name = "fragment", .type = OPT_STR, .out = &o.fragment, .arg = "FILE", .help = "ktstr.kconfig" },
	{ .name = "arch",
	  .type = OPT_STR,
	  .out = &o.arch,
	  .arg = "ARCH",
	  .help = "of the kernel",
	  .choices = "x86_64 aarch64" },
	{ .name = "jobs",
	  .type = OPT_U64,
	  .out = &o.jobs,
	  .arg = "N",
	  .help = "parallel jobs, instead of one per CPU",
	  .min = 1,
	  .max = 4096 },
	{ 0 },
};

static void show(unsigned long done, unsigned long total, const char *note)
{
	step_progress(done, total, note);
}

static int read_request(struct err *e)
{
	auto_free char *text = NULL;
	size_t n, size;
	FILE *f;
	int r;

	if (file_read(AT_FDCWD, o.fragment, FRAGMENT_MAX, &text, &n, e) < 0)
		return err_as(e, X_NO_INPUT, "configuration fragment");
	f = xmemstream(&o.request, &size);
	r = kconfig_select(text, n, o.arch, f, e);
	fclose(f);
	return r < 0 ? err_in(e, "%s", o.fragment) : 0;
}

static int tools(struct recipe *r, struct err *e)
{
	auto_free char *text = NULL;
	char *save, *line;

	if (kbuild_toolchain(&text, e) < 0)
		return -1;
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');

		*value++ = '\0';
		recipe_str(r, line, value);
	}
	return 0;
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	(void)h; /* trees have tables of their own */
	if (!o.source || !o.fragment)
		return err_set(e, X_USAGE, "--source and --fragment are required");
	if (read_request(e) < 0 || srctree_hash(step_store()->path, o.source, o.tree, show, e) < 0)
		return -1;
	recipe_str(r, "arch", o.arch);
	recipe_str(r, "source", o.tree);
	recipe_str(r, "kconfig", o.request);
	return tools(r, e);
}

static unsigned cpus(void)
{
	cpu_set_t set;

	return sched_getaffinity(0, sizeof(set), &set) == 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

/* make saw the files at many moments; only when they are now what they were before did it see one tree. */
static int unchanged(struct err *e)
{
	char now[KEY_LEN + 1];

	if (srctree_hash(step_store()->path, o.source, now, NULL, e) < 0)
		return -1;
	if (strcmp(now, o.tree) != 0)
		return err_set(e, X_BUILD, "%s changed while it was being built; build again", o.source);
	return 0;
}

static int write_facts(int dir, const char *out, struct err *e)
{
	auto_free char *release_path = xasprintf("%s/include/config/kernel.release", out);
	auto_free char *release = NULL, *config = NULL, *facts = NULL;
	char version[64];
	size_t n;
	bool mmio;

	if (file_read(AT_FDCWD, release_path, 256, &release, &n, e) < 0 ||
	    kbuild_version(o.source, version, sizeof(version), e) < 0 ||
	    file_read(dir, "config", CONFIG_MAX, &config, &n, e) < 0)
		return -1;
	mmio = config_has(config, n, "CONFIG_VIRTIO_MMIO=y") &&
	       config_has(config, n, "CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y");
	facts = xasprintf("kind local\narch %s\nrelease %.*s\nversion %s\nvirtio_mmio %s\ntree %s\n", o.arch,
			  (int)strcspn(release, "\n"), release, version, mmio ? "yes" : "no", o.tree);
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

static int collect(int dir, const char *path, const char *out, struct err *e)
{
	auto_free char *image = xasprintf("%s/%s", out, kbuild_image(o.arch));
	auto_free char *vmlinux = xasprintf("%s/vmlinux", out);
	auto_free char *stripped = xasprintf("%s/vmlinux", path);
	auto_free char *config = xasprintf("%s/.config", out);

	step_progress(0, 0, "collecting");
	if (file_copy(AT_FDCWD, image, dir, "bzImage", 0644, e) < 0 || image_strip(vmlinux, stripped, e) < 0 ||
	    file_copy(AT_FDCWD, config, dir, "config", 0644, e) < 0)
		return -1;
	return write_facts(dir, out, e);
}

static int build(int dir, const char *path, const char *out, struct err *e)
{
	struct kbuild b = {
		.source = o.source,
		.out = out,
		.fragment = o.fragment,
		.arch = o.arch,
		.jobs = o.jobs ? (unsigned)o.jobs : cpus(),
		.progress = show,
	};

	if (kbuild_configure(&b, e) < 0 || kbuild_make(&b, e) < 0 || unchanged(e) < 0)
		return -1;
	return collect(dir, path, out, e);
}

/* "tree-{source path}-{fragment}": two builds in one folder would ruin each other. */
static char *tree_name(void)
{
	char source[KEY_LEN + 1], fragment[KEY_LEN + 1];

	hash_hex(o.source, strlen(o.source), source);
	hash_hex(o.request, strlen(o.request), fragment);
	return xasprintf("%.16s-%.16s-%s", source, fragment, o.arch);
}

static int run(int dir, const char *path, struct err *e)
{
	struct store *st = step_store();
	auto_free char *name = tree_name();
	auto_free char *key = xasprintf("tree-%s", name);
	auto_free char *out = xasprintf("%s/trees/%s", st->path, name);
	int lock = -1, r;

	if (lock_take(st, key, &lock, e) < 0)
		return -1;
	r = build(dir, path, out, e);
	lock_drop(st, key, &lock);
	return r;
}

const struct step step_kernel_build = {
	.name = "kernel-build",
	.format = 1,
	.summary = "configure and make a kernel source tree",
	.opts = opts,
	.recipe = recipe,
	.run = run,
};
