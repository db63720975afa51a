/* kernel-import: packages and images of one kernel, as its image, its ELF file and its configuration. */
#include "arch/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "process/spawn.h"
#include "kernel/image/import.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/hashes.h"
#include "store/recipe.h"
#include <stdlib.h>

static struct {
	struct opt_list files;
	bool running;
	char **found; /* files of the running kernel */
} o;

static const struct opt opts[] = {
	{ .name = "file",
	  .type = OPT_LIST,
	  .out = &o.files,
	  .arg = "FILE",
	  .help = "package, image or configuration; all of one kernel",
	  .conflicts = "running" },
	{ .name = "running", .type = OPT_FLAG, .out = &o.running, .help = "the kernel this machine runs" },
	{ 0 },
};

static int list_files(const char *const **v, size_t *n, struct err *e)
{
	if (!o.running) {
		*v = o.files.v;
		*n = o.files.n;
		return *n ? 0 : err_set(e, X_USAGE, "--file or --running is required");
	}
	if (!o.found && import_running(&o.found, e) < 0)
		return -1;
	*v = (const char *const *)o.found;
	for (*n = 0; o.found[*n];)
		(*n)++;
	return 0;
}

struct file_hash {
	char hex[KEY_LEN + 1];
	uint64_t size;
};

static int by_hash(const void *a, const void *b)
{
	return strcmp(((const struct file_hash *)a)->hex, ((const struct file_hash *)b)->hex);
}

/* The order in which packages are named does not matter, so it must not make a difference. */
static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	static const char *const strip[] = { "strip", "--version", NULL };
	auto_free char *tool = spawn_find(strip[0]);
	auto_free struct file_hash *sum = NULL;
	const char *const *v;
	size_t n;

	if (list_files(&v, &n, e) < 0)
		return -1;
	sum = xcalloc(n, sizeof(*sum));
	for (size_t i = 0; i < n; i++) {
		if (hashes_file(h, AT_FDCWD, v[i], sum[i].hex, &sum[i].size, e) < 0) {
			e->code = e->code == X_FAIL ? X_NO_INPUT : e->code;
			return -1;
		}
		recipe_input(r, v[i], sum[i].hex);
	}
	qsort(sum, n, sizeof(*sum), by_hash);
	for (size_t i = 0; i < n; i++)
		recipe_hash(r, "file", sum[i].hex, sum[i].size);
	/* Only debug symbols need it. */
	if (!tool) {
		recipe_str(r, "strip", NULL);
		return 0;
	}
	return recipe_tool(r, "strip", strip, NULL, e);
}

static int run(int dir, const char *path, struct err *e)
{
	auto_free char *facts = NULL;
	struct import_facts f;
	const char *const *v;
	size_t n;

	if (list_files(&v, &n, e) < 0 || import_unpack(v, n, dir, path, &f, e) < 0)
		return -1;
	facts = xasprintf("kind import\narch %s\nrelease %s\nversion %s\nvirtio_mmio %s\n", f.arch->name, f.release,
			  *f.version ? f.version : "-", f.virtio_mmio ? "yes" : "no");
	return file_write(dir, "facts", facts, strlen(facts), e) < 0 ? -1 : 0;
}

const struct step step_kernel_import = {
	.name = "kernel-import",
	.format = 2,
	.summary = "unpack a kernel that somebody else built",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.run = run,
};
