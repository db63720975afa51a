/* Configuring and making a tree, with a make that does what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/utsname.h>

#include "kernel/build/build.h"
#include "kernel/build/makelog.h"
#include "scratch.h"

/* Records its arguments; defconfig gives half of what is needed, olddefconfig loses what $FAKE_LOSES names, building
 * prints $FAKE_PRINTS and ends with $FAKE_STATUS. */
static const char fake_make[] = "#!/bin/sh\n"
				"for a; do case $a in O=*) o=${a#O=};; KCONFIG_CONFIG=*) c=${a#*=};; esac; done\n"
				"echo \"$@\" >> $o/argv\n"
				"[ -z \"$MAKEFLAGS$KBUILD_OUTPUT$LLVM\" ] || exit 9\n"
				"case \"$*\" in\n"
				"*olddefconfig) grep -v \"^$FAKE_LOSES=\" $c > $c.old; cp $c.old $c;;\n"
				"*defconfig) echo CONFIG_FTRACE=y > $c;;\n"
				"*) printf \"$FAKE_PRINTS\"; exit $FAKE_STATUS;;\n"
				"esac\n";

static const char request[] = "CONFIG_SCHED_CLASS_EXT=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_BPF_SYSCALL=y\n"
			      "CONFIG_KPROBE_EVENTS=y\nCONFIG_BPF_EVENTS=y\nCONFIG_NR_CPUS=512\n";

struct place {
	char *dir, *source, *out;
	struct utsname host;
	struct kbuild b;
};

static unsigned long last_done, last_total;

static void remember(unsigned long done, unsigned long total, const char *note)
{
	(void)note;
	last_done = done;
	last_total = total;
}

static void begin(struct place *p, char *dir)
{
	auto_free char *make = xasprintf("%s/bin/make", dir);
	auto_free char *path = xasprintf("%s/bin:%s", dir, getenv("PATH"));

	*p = (struct place){
		.dir = dir,
		.source = xasprintf("%s/linux", dir),
		.out = xasprintf("%s/out", dir),
	};
	uname(&p->host);
	p->b = (struct kbuild){ .source = p->source,
				.out = p->out,
				.arch = p->host.machine,
				.request = request,
				.jobs = 3,
				.progress = remember };
	scratch_text(dir, "bin/make", fake_make);
	assert_int_equal(chmod(make, 0755), 0);
	scratch_text(dir, "linux/Makefile", "VERSION = 6\nPATCHLEVEL = 99\nSUBLEVEL = 1\nEXTRAVERSION =\n");
	scratch_text(dir, "out/argv", "");
	setenv("PATH", path, 1);
	setenv("KTSTR_MAKE_ENV", "FAKE_LOSES FAKE_PRINTS,FAKE_STATUS", 1);
	setenv("FAKE_LOSES", "nothing", 1);
	setenv("FAKE_PRINTS", "  CC      a.o\\n  LD      vmlinux\\n", 1);
	setenv("FAKE_STATUS", "0", 1);
	setenv("MAKEFLAGS", "-j99", 1);
	setenv("LLVM", "1", 1);
	setenv("KTSTR_CCACHE", "0", 1);
}

static void end(struct place *p)
{
	free(p->source);
	free(p->out);
}

static char *out_text(const struct place *p, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", p->out, name);
	struct err e;
	char *text;

	assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &text, NULL, &e), 0);
	return text;
}

static void configures(void **state)
{
	auto_free char *config = NULL, *argv = NULL, *path = NULL;
	struct stat before, after;
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	assert_int_equal(kbuild_configure(&p.b, &e), 0);
	config = out_text(&p, ".config");
	argv = out_text(&p, "argv");
	assert_non_null(strstr(config, "CONFIG_FTRACE=y\n"));
	assert_non_null(strstr(config, "CONFIG_NR_CPUS=512\n"));
	assert_non_null(strstr(argv, "LOCALVERSION="));
	assert_null(strstr(argv, "CC="));
	assert_null(strstr(argv, "CROSS_COMPILE="));
	path = xasprintf("%s/.config", p.out);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(kbuild_configure(&p.b, &e), 0);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
	end(&p);
}

static void names_what_is_lost(void **state)
{
	static const struct {
		const char *lost, *word;
	} cases[] = {
		{ "CONFIG_NR_CPUS", "CONFIG_NR_CPUS: wanted 512, is not set\n" },
		{ "CONFIG_DEBUG_INFO_BTF", "CONFIG_DEBUG_INFO_BTF is not set: needs pahole" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		struct err e = { 0 };
		struct place p;

		begin(&p, *state);
		setenv("FAKE_LOSES", cases[i].lost, 1);
		assert_true(kbuild_configure(&p.b, &e) < 0);
		assert_int_equal(e.code, X_KCONFIG);
		assert_non_null(strstr(e.msg, cases[i].word));

		auto_free char *left = xasprintf("%s/.config.ktstr", p.out);

		assert_false(file_exists(left));
		end(&p);
	}
}

/* The user's lines come last, are demanded like ours, and under another name. */
static void fragment_of_the_user(void **state)
{
	auto_free char *config = NULL;
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	p.b.extra = "CONFIG_MINE=y\n";
	assert_int_equal(kbuild_configure(&p.b, &e), 0);
	config = out_text(&p, ".config");
	assert_true(strstr(config, "CONFIG_MINE=y\n") > strstr(config, "CONFIG_NR_CPUS=512\n"));
	setenv("FAKE_LOSES", "CONFIG_MINE", 1);
	assert_true(kbuild_configure(&p.b, &e) < 0);
	assert_int_equal(e.code, X_KCONFIG);
	assert_non_null(strstr(e.msg, "--kconfig"));
	assert_non_null(strstr(e.msg, "CONFIG_MINE: wanted y, is not set\n"));
	end(&p);
}

static void checks_again(void **state)
{
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	assert_int_equal(kbuild_configure(&p.b, &e), 0);
	assert_int_equal(kbuild_check(&p.b, &e), 0);
	scratch_text(p.dir, "out/.config", "CONFIG_FTRACE=y\n");
	assert_true(kbuild_check(&p.b, &e) < 0);
	assert_int_equal(e.code, X_KCONFIG);
	assert_non_null(strstr(e.msg, "after the build: "));
	assert_non_null(strstr(e.msg, "CONFIG_SCHED_CLASS_EXT is not set"));
	end(&p);
}

static void refuses_a_tree_configured_in_place(void **state)
{
	static const char *const traces[] = { ".config", "include/config/auto.conf",
					      "arch/x86/include/generated/asm/x.h" };

	for (size_t i = 0; i < countof(traces); i++) {
		auto_free char *path = xasprintf("linux/%s", traces[i]);
		auto_free char *tree = NULL;
		struct err e = { 0 };
		struct place p;

		begin(&p, *state);
		p.b.arch = "x86_64";
		tree = xstrdup(p.source);
		assert_null(kbuild_in_place(tree, "x86_64"));
		scratch_text(p.dir, path, "");
		assert_non_null(kbuild_in_place(tree, "x86_64"));
		assert_true(kbuild_configure(&p.b, &e) < 0);
		assert_int_equal(e.code, X_BUILD);
		assert_non_null(strstr(e.msg, "--clean"));
		end(&p);
		assert_int_equal(rmtree(AT_FDCWD, tree, &e), 0);
	}
}

static void toolchains(void **state)
{
	static const struct {
		const char *arch, *llvm, *cross;
		const char *words[4]; /* in make's arguments */
		const char *strip;
	} cases[] = {
		{ "x86_64", "1", NULL, { "LLVM=1", "ARCH=x86_64" }, "llvm-strip" },
		{ "aarch64", "-16", NULL, { "LLVM=-16", "ARCH=arm64" }, "llvm-strip-16" },
		{ "x86_64", "/opt/llvm/bin/", NULL, { "LLVM=/opt/llvm/bin/" }, "/opt/llvm/bin/llvm-strip" },
		{ "aarch64", NULL, "/opt/a64-", { "CROSS_COMPILE=/opt/a64-", "ARCH=arm64" }, "/opt/a64-strip" },
		{ "aarch64", "1", "a64-", { "CROSS_COMPILE=a64-", "LLVM=1" }, "llvm-strip" },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *argv = NULL, *strip = NULL;
		struct err e = { 0 };
		struct place p;

		begin(&p, *state);
		p.b.arch = cases[i].arch;
		p.b.llvm = cases[i].llvm;
		p.b.cross = cases[i].cross;
		assert_int_equal(kbuild_make(&p.b, &e), 0);
		argv = out_text(&p, "argv");
		for (size_t j = 0; cases[i].words[j]; j++)
			assert_non_null(strstr(argv, cases[i].words[j]));
		strip = kbuild_strip(&p.b);
		assert_string_equal(strip, cases[i].strip);
		end(&p);
	}
}

/* Another architecture than ours, by gcc: Debian's compiler for it, unless told otherwise. */
static void cross_by_default(void **state)
{
	auto_free char *argv = NULL;
	struct err e = { 0 };
	struct place p;
	bool here_x86;

	begin(&p, *state);
	here_x86 = !strcmp(p.host.machine, "x86_64");
	p.b.arch = here_x86 ? "aarch64" : "x86_64";
	assert_int_equal(kbuild_make(&p.b, &e), 0);
	argv = out_text(&p, "argv");
	assert_non_null(
		strstr(argv, here_x86 ? "CROSS_COMPILE=aarch64-linux-gnu-" : "CROSS_COMPILE=x86_64-linux-gnu-"));
	end(&p);
}

static void program(const struct place *p, const char *name, const char *text)
{
	auto_free char *file = xasprintf("bin/%s", name);
	auto_free char *path = xasprintf("%s/%s", p->dir, file);

	scratch_text(p->dir, file, text);
	assert_int_equal(chmod(path, 0755), 0);
}

static void uses_ccache(void **state)
{
	auto_free char *argv = NULL, *without = NULL;
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	program(&p, "ccache", "#!/bin/sh\n");
	assert_int_equal(kbuild_make(&p.b, &e), 0);
	without = out_text(&p, "argv");
	assert_null(strstr(without, "ccache"));
	setenv("KTSTR_CCACHE", "", 1);
	p.b.llvm = "-16";
	assert_int_equal(kbuild_make(&p.b, &e), 0);
	argv = out_text(&p, "argv");
	assert_non_null(strstr(argv, "CC=ccache clang-16 HOSTCC=ccache clang-16"));
	end(&p);
}

/* Everything at once, with the packages that have it; each package once. */
static void names_what_is_missing(void **state)
{
	static const char *const tools[] = { "make", "gcc", "ld", "ar", "nm", "strip", "objcopy", "bc", "flex" };
	auto_free char *bin = NULL, *path = xstrdup(getenv("PATH")), *text = NULL;
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	bin = xasprintf("%s/bin", p.dir);
	for (size_t i = 0; i < countof(tools); i++)
		program(&p, tools[i], "#!/bin/sh\ncase $* in *gelf*) exit 1;; *) echo tool 1;; esac\n");
	program(&p, "pahole", "#!/bin/sh\necho v1.10\n");
	setenv("PATH", bin, 1);
	assert_true(kbuild_toolchain(&p.b, &text, &e) < 0);
	assert_int_equal(e.code, X_NO_TOOL);
	assert_string_equal(e.msg, "building a kernel needs bison, pahole 1.16 or later (1.10 is here), <gelf.h>; on "
				   "Debian: apt-get install bison dwarves libelf-dev");
	p.b.llvm = "-16";
	assert_true(kbuild_toolchain(&p.b, &text, &e) < 0);
	assert_non_null(strstr(e.msg, "needs clang-16, ld.lld-16, llvm-ar-16, "));
	assert_non_null(strstr(e.msg, "apt-get install clang-16 lld-16 llvm-16 bison dwarves"));
	program(&p, "pahole", "#!/bin/sh\necho v1.16\n");
	program(&p, "bison", "#!/bin/sh\necho tool 1\n");
	p.b.llvm = NULL;
	assert_int_equal(kbuild_toolchain(&p.b, &text, &e), 0);
	assert_string_equal(text, "make tool 1\npahole v1.16\ncc tool 1\nld tool 1\n");
	setenv("PATH", path, 1);
	end(&p);
}

/* What the tree itself says about pahole. */
/* What packagers say of themselves is no version, and what a program says is any text. */
static void tells_tools_apart(void **state)
{
	static const struct {
		const char *text, *environment, *want;
	} cases[] = {
		{ "make GNU Make 4.3\npahole v1.24\ncc gcc (Debian 12.2.0-14+deb12u1) 12.2.0\nld GNU ld (GNU Binutils for Debian) 2.40\n",
		  NULL, "make GNU Make 4.3; pahole v1.24; cc gcc 12.2.0; ld GNU ld 2.40" },
		{ "cc Ubuntu clang version 18.1.3 (1ubuntu1)\nld Ubuntu LLD 18.1.3 (compatible with GNU linkers)\n",
		  "0123456789abcdef0123",
		  "cc Ubuntu clang version 18.1.3; ld Ubuntu LLD 18.1.3; environment 0123456789abcdef" },
		{ "cc gcc (GCC (x) y) 14.2.1 20240912 (Red Hat 14.2.1-3)\n", NULL, "cc gcc 14.2.1 20240912" },
		{ "cc  a) (b\n", NULL, "cc a)" },
		{ "cc \033[31mred\302\233m\342\200\256\t1\r\n", NULL, "cc red? 1" },
		{ "", NULL, "" },
	};
	char longer[1000] = "cc ";

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *got = kbuild_identity(cases[i].text, cases[i].environment);

		assert_string_equal(got, cases[i].want);
	}
	memset(longer + 3, 'x', sizeof(longer) - 4);
	auto_free char *got = kbuild_identity(longer, NULL);

	assert_int_equal(strlen(got), 200);
}

static void tree_wants_a_newer_pahole(void **state)
{
	static const char kconfig[] = "config A\n\tdepends on PAHOLE_VERSION >= 999\n\nconfig DEBUG_INFO_BTF\n\tbool\n"
				      "\tdepends on PAHOLE_VERSION >= 116\n"
				      "\tdepends on DEBUG_INFO_DWARF4 || PAHOLE_VERSION >= 121\n\nconfig B\n"
				      "\tdepends on PAHOLE_VERSION >= 998\n";
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	program(&p, "pahole", "#!/bin/sh\necho v1.20\n");
	assert_int_equal(kbuild_preflight(&p.b, &e), 0);
	scratch_text(p.dir, "linux/lib/Kconfig.debug", kconfig);
	assert_true(kbuild_preflight(&p.b, &e) < 0);
	assert_int_equal(e.code, X_NO_TOOL);
	assert_non_null(strstr(e.msg, "pahole 1.21 or later (1.20 is here)"));
	p.b.extra = "CONFIG_DEBUG_INFO_DWARF4=y\n";
	assert_int_equal(kbuild_preflight(&p.b, &e), 0);
	end(&p);
}

/* Programs and headers that only some configurations need. */
static void what_the_configuration_needs(void **state)
{
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	p.b.extra = "CONFIG_KERNEL_LZO=y\nCONFIG_SYSTEM_TRUSTED_KEYRING=y\n";
	program(&p, "gcc", "#!/bin/sh\ncase $* in *openssl*) exit 1;; esac\n");
	assert_true(kbuild_configure(&p.b, &e) < 0);
	assert_int_equal(e.code, X_NO_TOOL);
	assert_non_null(strstr(e.msg, "<openssl/opensslv.h>"));
	assert_non_null(strstr(e.msg, "libssl-dev"));
	p.b.extra = NULL;
	assert_int_equal(kbuild_configure(&p.b, &e), 0);
	end(&p);
}

static void cleans(void **state)
{
	auto_free char *argv = NULL;
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	program(&p, "make",
		"#!/bin/sh\necho \"$@\" >>\"$2/argv\"\n[ ! -f \"$2/broken\" ] || { echo is broken; exit 1; }\n");
	scratch_text(p.dir, "linux/arch/arm64/include/generated/x.h", "");
	assert_int_equal(kbuild_clean(p.source, "x86_64", &e), 0);
	free(TAKE(p.out));
	p.out = xstrdup(p.source);
	argv = out_text(&p, "argv");
	assert_non_null(strstr(argv, "ARCH=x86_64 mrproper\n"));
	assert_non_null(strstr(argv, "ARCH=arm64 mrproper\n"));
	scratch_text(p.dir, "linux/broken", "");
	assert_true(kbuild_clean(p.source, "x86_64", &e) < 0);
	assert_int_equal(e.code, X_BUILD);
	assert_non_null(strstr(e.msg, "is broken"));
	end(&p);
}

static void makes(void **state)
{
	auto_free char *log = NULL, *argv = NULL, *count = NULL;
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	count = xasprintf("%s/count", p.dir);
	p.b.count = count;
	assert_int_equal(kbuild_make(&p.b, &e), 0);
	log = out_text(&p, "ktstr-make.log");
	argv = out_text(&p, "argv");
	assert_string_equal(log, "  CC      a.o\n  LD      vmlinux\n");
	assert_non_null(strstr(argv, " -j3 "));
	assert_non_null(strstr(argv, " KCFLAGS=-Wno-error "));
	assert_int_equal(last_done, 2);
	assert_true(last_total > 2);
	assert_int_equal(kbuild_make(&p.b, &e), 0);
	assert_int_equal(last_total, 3);
	end(&p);
}

static void tells_why_make_failed(void **state)
{
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	setenv("FAKE_PRINTS",
	       "  CC      a.o\\na.c: In function 'f':\\na.c:1: warning: meh\\n    1 | meh\\n"
	       "b.c: In function 'g':\\nb.c:2:3: error: no such thing\\n    2 | thing();\\n      | ^~~~~\\n"
	       "make[1]: *** [a.o] Error 1",
	       1);
	setenv("FAKE_STATUS", "2", 1);
	assert_true(kbuild_make(&p.b, &e) < 0);
	assert_int_equal(e.code, X_BUILD);
	assert_non_null(strstr(e.msg, "  b.c: In function 'g':\n  b.c:2:3: error: no such thing\n"
				      "      2 | thing();\n        | ^~~~~\n  make[1]: *** [a.o] Error 1\n"));
	assert_non_null(strstr(e.msg, "ktstr-make.log"));
	assert_null(strstr(e.msg, "meh"));
	assert_null(strstr(e.msg, "'f'"));
	end(&p);
}

static void foreign_architectures(void **state)
{
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	p.b.arch = "mips";
	assert_true(kbuild_configure(&p.b, &e) < 0);
	assert_int_equal(e.code, X_USAGE);
	assert_true(kbuild_make(&p.b, &e) < 0);
	assert_null(kbuild_image("mips"));
	end(&p);
}

static void tree_versions(void **state)
{
	static const struct {
		const char *makefile, *version; /* NULL: refused */
	} cases[] = {
		{ "# x\nVERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 117\nEXTRAVERSION =\nNAME = Opossum\n", "6.12.117" },
		{ "VERSION=7\nPATCHLEVEL =0\nSUBLEVEL= 0\nEXTRAVERSION = -rc3\n", "7.0.0-rc3" },
		{ "VERSIONS = 7\nPATCHLEVEL = 0\nSUBLEVEL = 0\nEXTRAVERSION =\n", NULL },
		{ "VERSION = 7\n", NULL },
		{ "", NULL },
	};
	const char *dir = *state;

	for (size_t i = 0; i < countof(cases); i++) {
		char version[64] = "";
		struct err e = { 0 };

		scratch_text(dir, "Makefile", cases[i].makefile);
		assert_int_equal(kbuild_version(dir, version, sizeof(version), &e), cases[i].version ? 0 : -1);
		assert_string_equal(version, cases[i].version ? cases[i].version : "");
	}
}

static void log_in_pieces(void **state)
{
	static const char text[] = "make[1]: Entering\n  CC      one.o\nx: error: y\n  LD [M]  two.o\n";
	auto_makelog struct makelog l = { 0 };
	struct err e = { 0 };

	assert_int_equal(makelog_open(&l, *state, "make", NULL, remember, &e), 0);
	for (size_t i = 0; i < strlen(text); i++)
		assert_int_equal(makelog_add(&l, text + i, 1, &e), 0);
	assert_int_equal(l.done, 2);
	assert_string_equal(makelog_errors(&l), "  x: error: y\n");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(makelog_add(&l, " error: again and again\n", 24, &e), 0);
	assert_true(strlen(makelog_errors(&l)) < sizeof(l.errors));
	assert_false(l.full);
	assert_int_equal(makelog_add(&l, "ld: out: Disk quota exceeded\n", 29, &e), 0);
	assert_true(l.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(configures),
		in_scratch(names_what_is_lost),
		in_scratch(fragment_of_the_user),
		in_scratch(checks_again),
		in_scratch(toolchains),
		in_scratch(cross_by_default),
		in_scratch(uses_ccache),
		in_scratch(names_what_is_missing),
		cmocka_unit_test(tells_tools_apart),
		in_scratch(tree_wants_a_newer_pahole),
		in_scratch(what_the_configuration_needs),
		in_scratch(cleans),
		in_scratch(refuses_a_tree_configured_in_place),
		in_scratch(makes),
		in_scratch(tells_why_make_failed),
		in_scratch(foreign_architectures),
		in_scratch(tree_versions),
		in_scratch(log_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
