/* Configuring and making a tree, with a make that does what the test wants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <sys/utsname.h>

#include "kernel/build.h"
#include "kernel/makelog.h"
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

static const char fragment[] = "CONFIG_SCHED_CLASS_EXT=y\nCONFIG_DEBUG_INFO_BTF=y\nCONFIG_BPF_SYSCALL=y\n"
			       "CONFIG_KPROBE_EVENTS=y\nCONFIG_BPF_EVENTS=y\nCONFIG_NR_CPUS=512\n";

struct place {
	char *dir, *source, *out, *fragment;
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
		.fragment = xasprintf("%s/fragment", dir),
	};
	uname(&p->host);
	p->b = (struct kbuild){ p->source, p->out, p->fragment, p->host.machine, 3, remember };
	scratch_text(dir, "bin/make", fake_make);
	assert_int_equal(chmod(make, 0755), 0);
	scratch_text(dir, "linux/Makefile", "VERSION = 6\nPATCHLEVEL = 99\nSUBLEVEL = 1\nEXTRAVERSION =\n");
	scratch_text(dir, "fragment", fragment);
	scratch_text(dir, "out/argv", "");
	setenv("PATH", path, 1);
	setenv("FAKE_LOSES", "nothing", 1);
	setenv("FAKE_PRINTS", "  CC      a.o\\n  LD      vmlinux\\n", 1);
	setenv("FAKE_STATUS", "0", 1);
	setenv("MAKEFLAGS", "-j99", 1);
	setenv("LLVM", "1", 1);
}

static void end(struct place *p)
{
	free(p->source);
	free(p->out);
	free(p->fragment);
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

static void refuses_a_tree_configured_in_place(void **state)
{
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	scratch_text(p.dir, "linux/.config", "");
	assert_true(kbuild_configure(&p.b, &e) < 0);
	assert_int_equal(e.code, X_BUILD);
	assert_non_null(strstr(e.msg, "mrproper"));
	end(&p);
}

static void makes(void **state)
{
	auto_free char *log = NULL, *argv = NULL;
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	assert_int_equal(kbuild_make(&p.b, &e), 0);
	log = out_text(&p, "ktstr-make.log");
	argv = out_text(&p, "argv");
	assert_string_equal(log, "  CC      a.o\n  LD      vmlinux\n");
	assert_non_null(strstr(argv, "-j3 KCFLAGS=-Wno-error"));
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
	       "  CC      a.o\\na.c:1: warning: meh\\na.c:2:3: error: no such thing\\n"
	       "make[1]: *** [a.o] Error 1",
	       1);
	setenv("FAKE_STATUS", "2", 1);
	assert_true(kbuild_make(&p.b, &e) < 0);
	assert_int_equal(e.code, X_BUILD);
	assert_non_null(strstr(e.msg, "  a.c:2:3: error: no such thing\n  make[1]: *** [a.o] Error 1\n"));
	assert_non_null(strstr(e.msg, "ktstr-make.log"));
	assert_null(strstr(e.msg, "warning"));
	end(&p);
}

static void foreign_architectures(void **state)
{
	struct err e = { 0 };
	struct place p;

	begin(&p, *state);
	p.b.arch = strcmp(p.host.machine, "x86_64") ? "x86_64" : "aarch64";
	assert_true(kbuild_configure(&p.b, &e) < 0);
	p.b.arch = "mips";
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

	assert_int_equal(makelog_open(&l, *state, remember, &e), 0);
	for (size_t i = 0; i < strlen(text); i++)
		assert_int_equal(makelog_add(&l, text + i, 1, &e), 0);
	assert_int_equal(l.done, 2);
	assert_string_equal(makelog_errors(&l), "  x: error: y\n");
	for (int i = 0; i < 1000; i++)
		assert_int_equal(makelog_add(&l, " error: again and again\n", 24, &e), 0);
	assert_true(strlen(makelog_errors(&l)) < sizeof(l.errors));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(configures),
		in_scratch(names_what_is_lost),
		in_scratch(refuses_a_tree_configured_in_place),
		in_scratch(makes),
		in_scratch(tells_why_make_failed),
		in_scratch(foreign_architectures),
		in_scratch(tree_versions),
		in_scratch(log_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
