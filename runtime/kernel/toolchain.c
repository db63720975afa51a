/* The programs a kernel build runs. What decides its result goes into the recipe; the rest only has to be there. */
#include "kernel/build.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/spawn.h"

enum { VERSION_MAX = 64 << 10, VERSION_MS = 30 * 1000 };

static const struct {
	const char *program, *package; /* Debian's */
	const char *tag;               /* in the recipe, or NULL */
} tools[] = {
	{ .program = "make", .package = "make", .tag = "make" },
	{ .program = "gcc", .package = "gcc", .tag = "cc" },
	{ .program = "ld", .package = "binutils", .tag = "ld" },
	{ .program = "strip", .package = "binutils" }, /* of one package with ld */
	{ .program = "pahole", .package = "dwarves", .tag = "pahole" },
	{ .program = "flex", .package = "flex" },
	{ .program = "bison", .package = "bison" },
	{ .program = "bc", .package = "bc" },
};

/* All at once: nobody likes to install them one by one. */
static int all_there(struct err *e)
{
	auto_free char *missing = NULL, *packages = NULL;
	size_t n, m;
	FILE *f = xmemstream(&missing, &n), *g = xmemstream(&packages, &m);

	for (size_t i = 0; i < countof(tools); i++) {
		auto_free char *path = spawn_find(tools[i].program);

		if (path)
			continue;
		fprintf(f, "%s%s", ftell(f) ? ", " : "", tools[i].program);
		fprintf(g, " %s", tools[i].package);
	}
	fclose(f);
	fclose(g);
	if (!n)
		return 0;
	return err_set(e, X_NO_TOOL, "building a kernel needs %s; on Debian: apt-get install%s", missing, packages);
}

static int first_line(const char *program, char **line, struct err *e)
{
	const char *argv[] = { program, "--version", NULL };
	const char *env[] = { "LC_ALL=C", NULL };
	struct spawn s = { .argv = argv, .env = env, .in = SPAWN_NULL };
	auto_free char *text = NULL;
	char how[64];
	int status;
	size_t n;

	if (spawn_capture(&s, true, VERSION_MAX, VERSION_MS, &text, &n, &status, e) < 0)
		return -1;
	if (status)
		return err_set(e, X_NO_TOOL, "%s --version: %s", program, spawn_status(status, how, sizeof(how)));
	*line = xstrndup(text, strcspn(text, "\n"));
	return 0;
}

/* 1.16 is the first that writes the BTF Linux asks for. */
static int pahole_check(const char *line, struct err *e)
{
	unsigned major, minor;

	if (sscanf(line, "v%u.%u", &major, &minor) != 2)
		return err_set(e, X_NO_TOOL, "pahole calls itself \"%s\", which is no version", line);
	if (major > 1 || (major == 1 && minor >= 16))
		return 0;
	return err_set(e, X_NO_TOOL, "pahole %s is too old for BTF: 1.16 or later is needed (Debian: dwarves)", line);
}

int kbuild_toolchain(char **text, struct err *e)
{
	char *out;
	size_t n;
	FILE *f;
	int r = 0;

	if (all_there(e) < 0)
		return -1;
	f = xmemstream(&out, &n);
	for (size_t i = 0; i < countof(tools) && r == 0; i++) {
		auto_free char *line = NULL;

		if (!tools[i].tag)
			continue;
		r = first_line(tools[i].program, &line, e);
		if (r == 0 && !strcmp(tools[i].program, "pahole"))
			r = pahole_check(line, e);
		if (r == 0)
			fprintf(f, "%s %s\n", tools[i].tag, line);
	}
	fclose(f);
	if (r < 0)
		free(out);
	else
		*text = out;
	return r;
}
