/* A source tree's identity: what counts and what does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <sys/stat.h>

#include "kernel/srctree.h"
#include "scratch.h"

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

	assert_int_equal(srctree_hash(p->store, p->source, hex, NULL, &e), 0);
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
		{ "linux/.git/HEAD", "ref", false },
		{ "linux/kernel/fork.o", "ELF", false },
		{ "linux/kernel/.fork.o.cmd", "cc", false },
		{ "linux/kernel/fork.c~", "old", false },
		{ "linux/compile_commands.json", "[]", false },
		{ "linux/tools/testing/selftests/ftrace/test.d", "", true },
		{ "linux/tools/perf/util/bpf_skel/vmlinux/vmlinux.h", "", true },
	};
	struct place p = begin(*state);
	char before[33], after[33];

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
	char plain[33], exec[33], linked[33], other[33];

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

/* The same files elsewhere are the same tree; a file under another name is another. */
static void place_does_not_matter(void **state)
{
	struct place p = begin(*state), q;
	auto_free char *to = xasprintf("%s/moved", (char *)*state);
	auto_free char *fork = xasprintf("%s/kernel/fork.c", to);
	auto_free char *exec = xasprintf("%s/kernel/exec.c", to);
	char before[33], after[33];

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

static void refusals(void **state)
{
	auto_free char *missing = xasprintf("%s/missing", (char *)*state);
	const char *const sources[] = { missing, *state, "/dev/null" };
	char hex[33];

	for (size_t i = 0; i < countof(sources); i++) {
		struct err e = { 0 };

		assert_true(srctree_hash(*state, sources[i], hex, NULL, &e) < 0);
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
		in_scratch(refusals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
