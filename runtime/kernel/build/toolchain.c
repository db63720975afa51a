/* The programs and headers a kernel build uses. What decides its result goes into the recipe; the rest only has to be
 * there, and what is not is named all at once: nobody likes to install things one by one. */
#include "kernel/build/build.h"

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "process/spawn.h"
#include "text/text.h"
#include "host/tool.h"
#include "kernel/build/command.h"
#include "kernel/image/image.h"

enum {
	HEADER_MAX = 64 << 10,
	HEADER_MS = 30 * 1000,
	KCONFIG_DEBUG_MAX = 4 << 20,
	VERSION_MAX = 200, /* bytes of what a tool says of itself */
	PAHOLE_MIN = 116,  /* the first that writes the BTF Linux asks for; newer trees say what they want */
};

/* What is not there, and what would bring it. */
struct lack {
	char *text, *packages;
	size_t text_n, packages_n;
	FILE *f, *p;
};

static void lack_open(struct lack *l)
{
	*l = (struct lack){ 0 };
	l->f = xmemstream(&l->text, &l->text_n);
	l->p = xmemstream(&l->packages, &l->packages_n);
}

static void lack_drop(struct lack *l)
{
	fclose(l->f);
	fclose(l->p);
	free(l->text);
	free(l->packages);
}
#define auto_lack __attribute__((unused, cleanup(lack_drop)))

static void lack_package(struct lack *l, const char *package)
{
	auto_free char *word = xasprintf(" %s", package);
	size_t n = strlen(word);

	fflush(l->p);
	for (const char *p = l->packages; p && (p = strstr(p, word)); p += n)
		if (p[n] == ' ' || !p[n])
			return;
	fputs(word, l->p);
}

/* package may be NULL */
static void lack_add(struct lack *l, const char *what, const char *package)
{
	fprintf(l->f, "%s%s", ftell(l->f) ? ", " : "", what);
	if (package)
		lack_package(l, package);
}

static int lack_err(struct lack *l, struct err *e)
{
	fflush(l->f);
	fflush(l->p);
	if (!l->text_n)
		return 0;
	return err_set(e, X_NO_TOOL, "building a kernel needs %s%s%s", l->text,
		       l->packages_n ? "; on Debian: apt-get install" : "", l->packages);
}

static const struct {
	const char *gnu, *llvm, *llvm_package;
	const char *tag; /* in the recipe, or NULL */
} target_tools[] = {
	{ "gcc", "clang", "clang", "cc" },       { "ld", "ld.lld", "lld", "ld" },
	{ "ar", "llvm-ar", "llvm", NULL },       { "nm", "llvm-nm", "llvm", NULL },
	{ "strip", "llvm-strip", "llvm", NULL }, { "objcopy", "llvm-objcopy", "llvm", NULL },
};

static const struct {
	const char *program, *package, *tag;
} host_tools[] = {
	{ "make", "make", "make" }, { "pahole", "dwarves", "pahole" },
	{ "flex", "flex", NULL },   { "bison", "bison", NULL },
	{ "bc", "bc", NULL },
};

/* Headers of programs that run during the build. option: needed when it is set, or NULL: by every build. */
static const struct {
	const char *header, *package, *options[2];
} headers[] = {
	{ "gelf.h", "libelf-dev", { "CONFIG_DEBUG_INFO_BTF=y", "CONFIG_OBJTOOL=y" } },
	{ "zlib.h", "zlib1g-dev", { "CONFIG_DEBUG_INFO_BTF=y", NULL } },
	{ "openssl/opensslv.h", "libssl-dev", { "CONFIG_SYSTEM_TRUSTED_KEYRING=y", "CONFIG_MODULE_SIG_FORMAT=y" } },
};

bool kbuild_header(size_t i, const char **header, const char **package)
{
	if (i >= countof(headers))
		return false;
	*header = headers[i].header;
	*package = headers[i].package;
	return true;
}

static bool there(const char *program)
{
	auto_free char *path = spawn_find(program);

	return path;
}

/* Debian's name of what has a program of the chosen toolchain; NULL: we cannot know. */
static char *tool_package(const struct kbuild *b, size_t i)
{
	const struct kbuild_arch *a;
	struct err ignored;

	if (b->llvm)
		return strchr(b->llvm, '/')
			       ? NULL
			       : xasprintf("%s%s", target_tools[i].llvm_package, b->llvm[0] == '-' ? b->llvm : "");
	if (!*kbuild_prefix(b))
		return xstrdup(i == 0 ? "gcc" : "binutils");
	a = kbuild_arch(b->arch, &ignored);
	if (!a || strcmp(kbuild_prefix(b), a->prefix) != 0)
		return NULL;
	return xasprintf("%s-%s", i == 0 ? "gcc" : "binutils", a->package);
}

bool kbuild_tool(const struct kbuild *b, size_t i, char **program, char **package)
{
	size_t h = i - countof(target_tools);

	if (i < countof(target_tools)) {
		*program = kbuild_program(b, target_tools[i].gnu, target_tools[i].llvm);
		*package = tool_package(b, i);
	} else if (h < countof(host_tools)) {
		*program = xstrdup(host_tools[h].program);
		*package = xstrdup(host_tools[h].package);
	} else if (h == countof(host_tools) && *kbuild_prefix(b) && !b->llvm) {
		*program = kbuild_host_cc(b);
		*package = xstrdup("gcc");
	} else {
		return false;
	}
	return true;
}

static void look_for_programs(const struct kbuild *b, struct lack *l)
{
	char *program, *package;

	for (size_t i = 0; kbuild_tool(b, i, &program, &package); i++) {
		if (!there(program))
			lack_add(l, program, package);
		free(program);
		free(package);
	}
}

static const struct {
	const char *option, *program, *package;
} packers[] = {
	{ "CONFIG_KERNEL_GZIP=y", "gzip", "gzip" },   { "CONFIG_KERNEL_BZIP2=y", "bzip2", "bzip2" },
	{ "CONFIG_KERNEL_LZMA=y", "xz", "xz-utils" }, { "CONFIG_KERNEL_XZ=y", "xz", "xz-utils" },
	{ "CONFIG_KERNEL_LZO=y", "lzop", "lzop" },    { "CONFIG_KERNEL_LZ4=y", "lz4", "lz4" },
	{ "CONFIG_KERNEL_ZSTD=y", "zstd", "zstd" },
};

int kbuild_has_header(const struct kbuild *b, const char *header, bool *has, struct err *e)
{
	auto_free char *cc = kbuild_host_cc(b);
	auto_free char *file = xasprintf("-include%s", header);
	const char *argv[] = { cc, "-fsyntax-only", "-x", "c", file, "/dev/null", NULL };
	struct spawn s = { .argv = argv, .in = SPAWN_NULL };
	auto_free char *text = NULL;
	char how[64];
	int status;
	size_t n;

	kbuild_environment(&s);
	if (spawn_capture(&s, true, HEADER_MAX, HEADER_MS, &text, &n, &status, e) < 0)
		return -1;
	/* It names what it did not find. Who has no memory, or no folder for its own files, says something else. */
	if (!status || (WIFEXITED(status) && (!*text || strstr(text, header)))) {
		*has = !status;
		return 0;
	}
	text[strcspn(text, "\n")] = '\0';
	return err_set(e, X_BUILD, "%s does not work: %s: %s", cc, spawn_status(status, how, sizeof(how)), text);
}

/* Without a configuration: what most need. */
static bool wanted(const char *config, size_t n, const char *const options[2])
{
	for (int i = 0; i < 2; i++)
		if (!config || (options[i] && config_has(config, n, options[i])))
			return true;
	return false;
}

static int look_for_headers(const struct kbuild *b, const char *config, size_t n, struct lack *l, struct err *e)
{
	auto_free char *cc = kbuild_host_cc(b);

	if (!there(cc))
		return 0;
	for (size_t i = 0; i < countof(headers); i++) {
		bool has = true;

		if (wanted(config, n, headers[i].options) && kbuild_has_header(b, headers[i].header, &has, e) < 0)
			return -1;
		if (!has) {
			auto_free char *what = xasprintf("<%s>", headers[i].header);

			lack_add(l, what, headers[i].package);
		}
	}
	return 0;
}

int kbuild_needs(const struct kbuild *b, const char *config, size_t n, struct err *e)
{
	auto_lack struct lack l;

	lack_open(&l);
	if (look_for_headers(b, config, n, &l, e) < 0)
		return -1;
	for (size_t i = 0; i < countof(packers); i++)
		if (config_has(config, n, packers[i].option) && !there(packers[i].program))
			lack_add(&l, packers[i].program, packers[i].package);
	return lack_err(&l, e);
}

static char *version_of(const char *program, struct err *e)
{
	const char *const argv[] = { program, "--version", NULL };

	return tool_line(argv, e);
}

/* 125 for 1.25, as Linux counts. */
static int pahole_version(unsigned *version, struct err *e)
{
	auto_free char *line = version_of("pahole", e);
	unsigned major, minor;

	if (!line)
		return -1;
	if (sscanf(line, "v%u.%u", &major, &minor) != 2 || major > 1000 || minor > 99)
		return err_set(e, X_NO_TOOL, "pahole calls itself \"%s\", which is not a version", line);
	*version = major * 100 + minor;
	return 0;
}

static int look_at_pahole(unsigned min, struct lack *l, struct err *e)
{
	unsigned is = 0;

	if (!there("pahole"))
		return 0;
	if (pahole_version(&is, e) < 0)
		return -1;
	if (is >= min)
		return 0;

	auto_free char *what =
		xasprintf("pahole %u.%02u or later (%u.%02u is here)", min / 100, min % 100, is / 100, is % 100);

	lack_add(l, what, "dwarves");
	return 0;
}

/* Programs come first, because the recipe needs their versions; when one is missing, the rest is looked for as well. */
static int look(const struct kbuild *b, struct err *e)
{
	auto_lack struct lack l;

	lack_open(&l);
	look_for_programs(b, &l);
	if (look_at_pahole(PAHOLE_MIN, &l, e) < 0)
		return -1;
	if (ftell(l.f) && look_for_headers(b, NULL, 0, &l, e) < 0)
		return -1;
	return lack_err(&l, e);
}

static int write_versions(const struct kbuild *b, FILE *f, struct err *e)
{
	for (size_t i = 0; i < countof(host_tools) + countof(target_tools); i++) {
		bool host = i < countof(host_tools);
		size_t t = i - countof(host_tools);
		const char *tag = host ? host_tools[i].tag : target_tools[t].tag;
		auto_free char *program = host ? xstrdup(host_tools[i].program)
					       : kbuild_program(b, target_tools[t].gnu, target_tools[t].llvm);
		auto_free char *line = NULL;

		if (!tag)
			continue;
		line = version_of(program, e);
		if (!line)
			return -1;
		fprintf(f, "%s %s\n", tag, line);
	}
	return 0;
}

int kbuild_toolchain(const struct kbuild *b, char **text, struct err *e)
{
	char *out;
	size_t n;
	FILE *f;
	int r;

	if (!kbuild_arch(b->arch, e) || look(b, e) < 0)
		return -1;
	f = xmemstream(&out, &n);
	r = write_versions(b, f, e);
	fclose(f);
	if (r < 0)
		free(out);
	else
		*text = out;
	return r;
}

/* A line without what stands in parentheses, and the blanks that are too many then. */
static void put_version(FILE *f, const char *line, size_t n)
{
	auto_free char *plain = text_plain(line, n, TEXT_LINE);
	size_t fit = text_fit(plain, strlen(plain), VERSION_MAX);
	unsigned inside = 0;
	bool blank = false;

	for (size_t i = 0; i < fit; i++) {
		char c = plain[i];

		if (c == '(')
			inside++;
		else if (c == ')' && inside)
			inside--;
		else if (c == ' ')
			blank = true;
		else if (!inside)
			fprintf(f, "%s%c", blank ? " " : "", c), blank = false;
	}
}

char *kbuild_identity(const char *toolchain, const char *environment)
{
	char *text;
	size_t n;
	FILE *f = xmemstream(&text, &n);

	for (const char *line = toolchain; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (line > toolchain)
			fputs("; ", f);
		put_version(f, line, strcspn(line, "\n"));
	}
	if (environment)
		fprintf(f, "; environment %.16s", environment);
	fclose(f);
	return text;
}

static bool asked(const char *lines, const char *option)
{
	return lines && config_has(lines, strlen(lines), option);
}

/* The tree's own words: "depends on PAHOLE_VERSION >= 122" of DEBUG_INFO_BTF, in lib/Kconfig.debug. */
static unsigned pahole_min(const struct kbuild *b, const char *text)
{
	const char *from = strstr(text, "\nconfig DEBUG_INFO_BTF\n");
	const char *end = from ? strstr(from + 1, "\nconfig ") : NULL;
	bool dwarf4 = asked(b->request, "CONFIG_DEBUG_INFO_DWARF4=y") || asked(b->extra, "CONFIG_DEBUG_INFO_DWARF4=y");
	unsigned min = PAHOLE_MIN, n;

	for (const char *p = from; p && (p = strstr(p, "PAHOLE_VERSION >= ")) && (!end || p < end); p++) {
		const char *line = p;

		while (line > from && line[-1] != '\n')
			line--;
		if (dwarf4 && memmem(line, (size_t)(p - line), "DWARF4 ||", strlen("DWARF4 ||")))
			continue;
		if (sscanf(p, "PAHOLE_VERSION >= %u", &n) == 1 && n > min)
			min = n;
	}
	return min;
}

/* make and the shell commands of Linux take such names apart; gcc the argument of -fdebug-prefix-map at the first "=". */
int kbuild_folder(const char *path, const char *advice, struct err *e)
{
	const char *at = strpbrk(path, " =:$#%'\"\\`;&|<>()*?[]");

	if (!at)
		return 0;
	return err_set(e, X_NO_INPUT, "make cannot build in %s because of the '%c' in its name; %s", path, *at, advice);
}

int kbuild_preflight(const struct kbuild *b, struct err *e)
{
	auto_free char *path = xasprintf("%s/lib/Kconfig.debug", b->source);
	auto_lack struct lack l;
	auto_free char *text = NULL;
	struct err ignored;

	lack_open(&l);
	if (kbuild_folder(b->out, "name another folder by KTSTR_STORE", e) < 0 ||
	    kbuild_folder(b->source, "rename it", e) < 0)
		return -1;
	/* A tree that keeps it elsewhere is judged by what its configuration comes to. */
	if (file_read(AT_FDCWD, path, KCONFIG_DEBUG_MAX, &text, NULL, &ignored) < 0)
		return 0;
	if (look_at_pahole(pahole_min(b, text), &l, e) < 0)
		return -1;
	return lack_err(&l, e);
}
