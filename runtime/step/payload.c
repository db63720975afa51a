/* payload: a scheduler, a shell and files of the user, with their shared libraries, in one file. */
#include "guest/payload.h"
#include "arch/arch.h"
#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "options/opt.h"
#include "process/spawn.h"
#include "guest/applets.h"
#include "guest/pack.h"
#include "step/step.h"
#include "step/steps.h"
#include "store/recipe.h"
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUEST_PATH "/scheduler"
#define BUSYBOX "/bin/busybox"

enum { APPLETS_MAX = 64 << 10, LIST_MS = 10 * 1000, INCLUDES_MAX = 16 << 20, BUSYBOX_MAX = 64 << 20 };

static struct {
	const char *program, *busybox, *includes, *arch;
	struct payload files;
} o;

static const struct opt opts[] = {
	{ .name = "program", .type = OPT_STR, .out = &o.program, .arg = "FILE", .help = "scheduler binary" },
	{ .name = "busybox",
	  .type = OPT_STR,
	  .out = &o.busybox,
	  .arg = "FILE",
	  .help = "a static busybox, with its applets as links in /bin" },
	{ .name = "includes",
	  .type = OPT_STR,
	  .out = &o.includes,
	  .arg = "FILE",
	  .help = "list of further files: paths in the guest and here in turn, absolute, joined by /" },
	{ .name = "arch",
	  .type = OPT_STR,
	  .out = &o.arch,
	  .arg = "NAME",
	  .choices = "x86_64 aarch64",
	  .help = "of the guest; this machine's unless given" },
	{ .name = "library-path",
	  .type = OPT_STR,
	  .out = &o.files.library_path,
	  .arg = "LIST",
	  .help = "folders where libraries are looked for first, as LD_LIBRARY_PATH has them" },
	{ 0 },
};

static const struct arch *guest_arch(void)
{
	return o.arch ? arch_by_name(o.arch) : arch_host();
}

/* One applet per line; what is no plain name is none of ours. */
static int add_applets(const char *list, struct err *e)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-[";

	for (const char *p = list; *p; p += strcspn(p, "\n"), p += *p == '\n') {
		size_t n = strspn(p, plain);
		auto_free char *link = xasprintf("/bin/%.*s", (int)n, p);

		if (!n || (p[n] && p[n] != '\n') || *p == '.')
			continue;
		if (payload_add_link(&o.files, link, BUSYBOX, e) < 0)
			return -1;
	}
	return 0;
}

/* One for another architecture is not run, but read. */
static int foreign_applets(struct err *e)
{
	auto_free char *data = NULL, *list = NULL;
	size_t n;

	if (file_read(AT_FDCWD, o.busybox, BUSYBOX_MAX, &data, &n, e) < 0)
		return -1;
	list = applets_find(data, n);
	if (!list)
		return err_set(e, X_NO_TOOL, "%s is not a busybox: it has no table of applets", o.busybox);
	return add_applets(list, e);
}

static int add_busybox(struct err *e)
{
	const char *argv[] = { o.busybox, "--list", NULL };
	struct spawn s = { .argv = argv, .in = SPAWN_NULL };
	auto_free char *list = NULL;
	char how[64];
	int status;
	size_t n;

	if (payload_closure(&o.files, o.busybox, BUSYBOX, guest_arch()->elf, e) < 0)
		return -1;
	if (guest_arch() != arch_host())
		return foreign_applets(e);
	if (spawn_capture(&s, false, APPLETS_MAX, LIST_MS, &list, &n, &status, e) < 0)
		return err_in(e, "applets of busybox");
	if (status)
		return err_set(e, X_NO_TOOL, "%s --list: %s", o.busybox, spawn_status(status, how, sizeof(how)));
	return add_applets(list, e);
}

/* Cuts the next path off a list of absolute paths that are joined by '/': "//" is in none of them, so it is where one
 * ends. NULL at the end. */
static char *next_path(char **list)
{
	char *path = *list, *end = strstr(path, "//");

	if (!*path)
		return NULL;
	*list = end ? end + 1 : path + strlen(path);
	if (end)
		*end = '\0';
	return path;
}

static int add_includes(struct err *e)
{
	auto_free char *list = NULL;
	char *rest, *guest, *host;
	size_t n;

	if (file_read(AT_FDCWD, o.includes, INCLUDES_MAX, &list, &n, e) < 0)
		return -1;
	for (rest = list; (guest = next_path(&rest));) {
		host = next_path(&rest);
		if (!host)
			return err_set(e, X_USAGE, "%s: \"%s\" has no file", o.includes, guest);
		if (payload_include(&o.files, host, guest, guest_arch()->elf, e) < 0)
			return -1;
	}
	return 0;
}

static int collect(struct err *e)
{
	if (!o.program && !o.busybox && !o.includes)
		return err_set(e, X_USAGE, "one of --program, --busybox and --includes is required");
	if (o.program && payload_closure(&o.files, o.program, GUEST_PATH, guest_arch()->elf, e) < 0)
		return -1;
	if (o.busybox && add_busybox(e) < 0)
		return -1;
	return o.includes ? add_includes(e) : 0;
}

static int recipe(struct recipe *r, struct hashes *h, struct err *e)
{
	const char *start = getenv("KTSTR_START_DIR");

	if (start && *start == '/')
		o.files.start = start;
	if (collect(e) < 0)
		return -1;
	for (size_t i = 0; i < o.files.n; i++) {
		const struct payload_file *f = &o.files.v[i];

		recipe_str(r, "path", f->guest);
		if (f->target)
			recipe_str(r, "link", f->target);
		else if (recipe_u64(r, "mode", f->mode), recipe_file(r, "file", f->host, h, e) < 0)
			return -1;
		if (f->dated) {
			auto_free char *time = xasprintf("%lld.%09ld", (long long)f->mtime.tv_sec, f->mtime.tv_nsec);

			recipe_str(r, "mtime", time);
		}
	}
	return 0;
}

static int run(int dir, const char *path, struct err *e)
{
	(void)path;
	/* In place of one that was not stored. */
	if (unlinkat(dir, "payload.pack", 0) < 0 && errno != ENOENT)
		return err_sys(e, "replace payload.pack");
	if (pack_write(dir, "payload.pack", &o.files, e) < 0)
		return -1;
	return fchmodat(dir, "payload.pack", 0400, 0) < 0 ? err_sys(e, "make payload.pack read-only") : 0;
}

const struct step step_payload = {
	.name = "payload",
	.format = 2,
	.summary = "pack a scheduler, a shell or files with their shared libraries",
	.opts = opts,
	.recipe = recipe,
	.travels = step_travels,
	.run = run,
};
