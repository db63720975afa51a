/* payload: a scheduler with its shared libraries in one file. */
#include "guest/payload.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/opt.h"
#include "guest/pack.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"
#include <elf.h>

#define GUEST_PATH "/scheduler"

static struct {
	const char *program, *depfile;
	struct payload files;
} o;

static const struct opt opts[] = {
	{ .name = "program", .type = OPT_STR, .out = &o.program, .arg = "FILE", .help = "scheduler binary" },
	{ .name = "depfile",
	  .type = OPT_STR,
	  .out = &o.depfile,
	  .arg = "FILE",
	  .help = "where ninja reads the libraries" },
	{ 0 },
};

/* A make rule; the names' spaces, "#" and "$" escaped as gcc does it. */
static void dep_name(FILE *f, const char *name)
{
	for (const char *c = name; *c; c++) {
		if (*c == ' ' || *c == '#')
			fputc('\\', f);
		else if (*c == '$')
			fputc('$', f);
		fputc(*c, f);
	}
}

static int write_depfile(struct err *e)
{
	auto_free char *text = NULL;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	fprintf(f, "%s/payload.pack:", step_out());
	for (size_t i = 0; i < o.files.n; i++) {
		if (!o.files.v[i].host)
			continue;
		fputs(" \\\n  ", f);
		dep_name(f, o.files.v[i].host);
	}
	fputc('\n', f);
	fclose(f);
	return file_write(AT_FDCWD, o.depfile, text, n, e) < 0 ? -1 : 0;
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	if (payload_closure(&o.files, o.program, GUEST_PATH, EM_X86_64, e) < 0)
		return -1;
	for (size_t i = 0; i < o.files.n; i++) {
		const struct payload_file *f = &o.files.v[i];

		recipe_str(r, "path", f->guest);
		if (f->target)
			recipe_str(r, "link", f->target);
		else if (recipe_u64(r, "mode", f->mode), recipe_file(r, "file", f->host, h, e) < 0)
			return -1;
	}
	return o.depfile ? write_depfile(e) : 0;
}

static int run(int dir, const char *path, struct err *e)
{
	(void)path;
	return pack_write(dir, "payload.pack", &o.files, e);
}

const struct step step_payload = {
	.name = "payload",
	.format = 1,
	.summary = "pack a scheduler and its shared libraries",
	.opts = opts,
	.recipe = recipe,
	.run = run,
};
