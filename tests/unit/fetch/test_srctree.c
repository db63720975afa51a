/* A source tree's identity: what counts and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "fetch/tree/srctree.h"
#include "gitrun.h"
#include "scratch.h"
#include "store/digest.h"

struct place {
	char *store, *source;
};

static struct place begin(const char *dir)
{
	scratch_text(dir, "linux/Makefile", "VERSION = 6\n");
	scratch_text(dir, "linux/Kconfig", "");
	scratch_text(dir, "linux/arch/x86/Kconfig", "");
	scratch_text(dir, "linux/kernel/fork.c", "int fork;");
	scratch_text(dir, "linux/scripts/run.sh", "#!/bin/sh\n");
	scratch_text(dir, "store/hashes/x", "");
	return (struct place){ xasprintf("%s/store", dir), xasprintf("%s/linux", dir) };
}

static void hash(const struct place *p, char *hex)
{
	struct err e = { 0 };

	assert_int_equal(srctree_hash(p->store, p->source, hex, NULL, NULL, &e), 0);
}

static void end(struct place *p)
{
	free(p->store);
	free(p->source);
}

static void what_counts(void **state)
{
	static const struct {
		const char *path, *text;
		bool counts;
	} cases[] = {
		{ "linux/kernel/fork.c", "int fork2;", true },
		{ "linux/kernel/new.c", "", true },
		{ "linux/.gitignore", "*", true },
		{ "linux/localversion-x", "-x", true },
		{ "linux/kernel/fork.o", "ELF", false },
		{ "linux/kernel/.fork.o.cmd", "cc", false },
		{ "linux/kernel/fork.c~", "old", false },
		{ "linux/compile_commands.json", "[]", false },
		{ "linux/kernel/bounds.s", "asm", false },
		{ "linux/scripts/kconfig/lexer.lex.c", "int lex;", false },
		{ "linux/System.map", "0", false },
		{ "linux/tools/testing/selftests/ftrace/test.d", "", true },
		{ "linux/tools/perf/util/bpf_skel/vmlinux/vmlinux.h", "", true },
	};
	struct place p = begin(*state);
	char before[KEY_LEN + 1], after[KEY_LEN + 1];

	hash(&p, before);
	for (size_t i = 0; i < countof(cases); i++) {
		scratch_text(*state, cases[i].path, cases[i].text);
		hash(&p, after);
		assert_int_equal(strcmp(before, after) != 0, cases[i].counts);
		memcpy(before, after, sizeof(before));
	}
	end(&p);
}

static void modes_and_links_count(void **state)
{
	struct place p = begin(*state);
	auto_free char *script = xasprintf("%s/scripts/run.sh", p.source);
	auto_free char *link = xasprintf("%s/link", p.source);
	char plain[KEY_LEN + 1], exec[KEY_LEN + 1], linked[KEY_LEN + 1], other[KEY_LEN + 1];

	hash(&p, plain);
	assert_int_equal(chmod(script, 0755), 0);
	hash(&p, exec);
	assert_string_not_equal(plain, exec);
	assert_int_equal(symlink("kernel", link), 0);
	hash(&p, linked);
	assert_string_not_equal(exec, linked);
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("nowhere", link), 0);
	hash(&p, other);
	assert_string_not_equal(linked, other);
	end(&p);
}

/* make reads what links lead to, wherever that is. */
static void links_out_of_the_tree_are_followed(void **state)
{
	struct place p = begin(*state);
	auto_free char *file = xasprintf("%s/kernel/d.c", p.source), *folder = xasprintf("%s/drivers", p.source);
	auto_free char *cycle = xasprintf("%s/drv/more/up", (char *)*state),
		       *back = xasprintf("%s/drv/tree", (char *)*state);
	char before[KEY_LEN + 1], after[KEY_LEN + 1];

	scratch_text(*state, "drv/d.c", "int d;");
	scratch_text(*state, "drv/more/e.c", "int e;");
	assert_int_equal(symlink("../../drv/d.c", file), 0);
	hash(&p, before);
	scratch_text(*state, "drv/d.c", "int x;");
	hash(&p, after);
	assert_string_not_equal(before, after);

	assert_int_equal(symlink("../drv", folder), 0);
	assert_int_equal(symlink("..", cycle) | symlink("../linux", back), 0);
	hash(&p, before);
	scratch_text(*state, "drv/more/e.c", "int y;");
	hash(&p, after);
	assert_string_not_equal(before, after);
	/* What make leaves there is no source. */
	scratch_text(*state, "drv/more/e.o", "object");
	hash(&p, before);
	assert_string_equal(before, after);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(symlink("/dev/null", file), 0);
	hash(&p, after);
	assert_string_not_equal(before, after);
	end(&p);
}

/* A folder in the tree of which no file counts by itself is one that only the link leads to. */
static void links_to_what_does_not_count_are_followed(void **state)
{
	static const struct {
		const char *target, *file;
		bool counts;
	} cases[] = {
		{ "../.cache/drv", "linux/.cache/drv/d.c", true }, { "../drv.o/more", "linux/drv.o/more/d.c", true },
		{ "../.cache", "linux/.cache/drv/d.c", true },     { "../scripts", "linux/scripts/run.o", false },
		{ "..", "linux/.cache/drv/d.c", false },
	};
	struct place p = begin(*state);
	auto_free char *link = xasprintf("%s/kernel/drv", p.source);
	char before[KEY_LEN + 1], after[KEY_LEN + 1];

	scratch_text(*state, "linux/scripts-x/z", "");
	for (size_t i = 0; i < countof(cases); i++) {
		scratch_text(*state, cases[i].file, "one");
		assert_int_equal(symlink(cases[i].target, link), 0);
		hash(&p, before);
		scratch_text(*state, cases[i].file, "two");
		hash(&p, after);
		assert_int_equal(strcmp(before, after) != 0, cases[i].counts);
		assert_int_equal(unlink(link), 0);
	}
	end(&p);
}

static void links_to_too_much_are_refused(void **state)
{
	struct place p = begin(*state);
	auto_free char *path = xasprintf("%s/drivers", p.source);
	auto_free char *deep = xstrdup("drv");
	char hex[KEY_LEN + 1];
	struct err e = { 0 };

	for (int i = 0; i < 70; i++) {
		char *next = xasprintf("%s/d", deep);

		free(deep);
		deep = next;
	}
	auto_free char *leaf = xasprintf("%s/f.c", deep);

	scratch_text(*state, leaf, "");
	assert_int_equal(symlink("../drv", path), 0);
	assert_true(srctree_hash(p.store, p.source, hex, NULL, NULL, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
	assert_non_null(strstr(e.msg, "link drivers"));
	end(&p);
}

/* The same files elsewhere are the same tree; a file under another name is another. */
static void place_does_not_matter(void **state)
{
	struct place p = begin(*state), q;
	auto_free char *to = xasprintf("%s/moved", (char *)*state);
	auto_free char *fork = xasprintf("%s/kernel/fork.c", to);
	auto_free char *exec = xasprintf("%s/kernel/exec.c", to);
	char before[KEY_LEN + 1], after[KEY_LEN + 1];

	hash(&p, before);
	assert_int_equal(rename(p.source, to), 0);
	q = (struct place){ p.store, to };
	hash(&q, after);
	assert_string_equal(before, after);
	assert_int_equal(rename(fork, exec), 0);
	hash(&q, after);
	assert_string_not_equal(before, after);
	end(&p);
}

/* In a work tree git decides, but for products that nobody tracks; a clean one is the same tree as without git. */
static void git_decides(void **state)
{
	static const struct {
		const char *path, *text;
		bool counts;
	} cases[] = {
		{ "linux/kernel/fork.c", "int fork2;", true },
		{ "linux/kernel/new.c", "", true },
		{ "linux/vmlinux", "ELF", false },
		{ "linux/include/generated/autoconf.h", "", false },
		{ "linux/include/linux/new.h", "", true },
		{ "linux/kernel/fork.o", "ELF", false },
		{ "linux/kernel/fork.c~", "old", false },
		{ "linux/kernel/tracked.o", "changed", true },
		{ "linux/odd/tracked.h", "changed", true },
		{ "linux/odd/other.h", "", false },
	};
	struct place p = begin(*state);
	char plain[KEY_LEN + 1], before[KEY_LEN + 1], after[KEY_LEN + 1];

	scratch_text(*state, "linux/.gitignore", "/vmlinux\n/include/generated/\n/odd/\n");
	hash(&p, plain);
	git_do(p.source, "git init -q; git add -A; git commit -qm one");
	hash(&p, before);
	assert_string_equal(plain, before);
	scratch_text(*state, "linux/kernel/tracked.o", "");
	scratch_text(*state, "linux/odd/tracked.h", "");
	git_do(p.source, "git add -f kernel/tracked.o odd/tracked.h; git commit -qm two");
	hash(&p, before);
	for (size_t i = 0; i < countof(cases); i++) {
		scratch_text(*state, cases[i].path, cases[i].text);
		hash(&p, after);
		assert_int_equal(strcmp(before, after) != 0, cases[i].counts);
		memcpy(before, after, sizeof(before));
	}
	end(&p);
}

/* One further up knows nothing of us. */
static void foreign_repository(void **state)
{
	struct place p = begin(*state);
	char before[KEY_LEN + 1], after[KEY_LEN + 1];

	hash(&p, before);
	scratch_text(*state, ".gitignore", "*\n");
	git_do(*state, "git init -q; git add -f .gitignore; git commit -qm one");
	hash(&p, after);
	assert_string_equal(before, after);
	end(&p);
}

static void mirror(const struct place *p, const char *to)
{
	struct err e = { 0 };

	assert_int_equal(srctree_mirror(p->source, to, &e), 0);
}

static bool mirrored(const char *to, const char *path)
{
	auto_free char *file = xasprintf("%s/%s", to, path);
	struct stat st;

	return lstat(file, &st) == 0 && S_ISLNK(st.st_mode) && stat(file, &st) == 0;
}

static void mirrors(void **state)
{
	struct place p = begin(*state);
	auto_free char *to = xasprintf("%s/mirror", (char *)*state);
	auto_free char *script = xasprintf("%s/scripts/run.sh", p.source);
	auto_free char *scripts = xasprintf("%s/scripts", p.source);
	auto_free char *link = xasprintf("%s/include", p.source);
	auto_free char *kept = xasprintf("%s/mirror/kernel/fork.c", (char *)*state);
	struct stat before, after;

	scratch_text(*state, "linux/kernel/fork.o", "ELF");
	scratch_text(*state, "mirror/ktstr-out/vmlinux", "ELF");
	assert_int_equal(symlink("kernel", link), 0);
	mirror(&p, to);
	assert_true(mirrored(to, "Makefile") && mirrored(to, "kernel/fork.c") && mirrored(to, "arch/x86/Kconfig"));
	assert_true(mirrored(to, "include") && mirrored(to, "include/fork.c"));
	assert_false(mirrored(to, "kernel/fork.o"));
	assert_int_equal(lstat(kept, &before), 0);

	/* A file that went with its folder, a folder that became a file, a link that leads elsewhere, and garbage. */
	assert_int_equal(unlink(script), 0);
	assert_int_equal(rmdir(scripts), 0);
	scratch_text(*state, "linux/scripts", "");
	assert_int_equal(unlink(link), 0);
	assert_int_equal(symlink("arch", link), 0);
	scratch_text(*state, "mirror/include2/generated/x.h", "poison");
	mirror(&p, to);
	assert_true(mirrored(to, "scripts") && mirrored(to, "include/x86/Kconfig"));
	assert_false(mirrored(to, "include/fork.c"));

	auto_free char *garbage = xasprintf("%s/include2", to);
	auto_free char *ours = xasprintf("%s/ktstr-out/vmlinux", to);

	assert_false(file_exists(garbage));
	assert_true(file_exists(ours));
	assert_int_equal(lstat(kept, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	end(&p);
}

static void refusals(void **state)
{
	auto_free char *missing = xasprintf("%s/missing", (char *)*state);
	const char *const sources[] = { missing, *state, "/dev/null" };
	char hex[KEY_LEN + 1];

	for (size_t i = 0; i < countof(sources); i++) {
		struct err e = { 0 };

		assert_true(srctree_hash(*state, sources[i], hex, NULL, NULL, &e) < 0);
		assert_int_equal(e.code, X_NO_INPUT);
		assert_non_null(strstr(e.msg, sources[i]));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(what_counts),
		in_scratch(modes_and_links_count),
		in_scratch(place_does_not_matter),
		in_scratch(git_decides),
		in_scratch(foreign_repository),
		in_scratch(mirrors),
		in_scratch(refusals),
		in_scratch(links_out_of_the_tree_are_followed),
		in_scratch(links_to_what_does_not_count_are_followed),
		in_scratch(links_to_too_much_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
