/* What git says about a tree: its own repository, its commit, whether it differs, what is ignored. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "fetch/git/local.h"
#include "gitrun.h"
#include "scratch.h"

/* What libgit2 reads itself, and what git is asked about. */
static const struct kind {
	const char *name;
	const char *init;  /* options of git init */
	const char *after; /* what is done to the repository */
} kinds[] = {
	{ "plain", "", "" },
	{ "split index", "", "; git update-index --split-index" },
	{ "index without a checksum", "", "; git config index.skipHash true; git update-index --force-write-index" },
	{ "SHA-256", "--object-format=sha256", "" },
	{ "reftable", "--ref-format=reftable", "" },
};
static const struct kind *kind = kinds;

/* {dir}/linux with one commit. */
static char *begin(const char *dir)
{
	char *tree = xasprintf("%s/linux", dir);

	scratch_text(dir, "linux/Makefile", "VERSION = 6\n");
	scratch_text(dir, "linux/arch/x86/Kconfig", "config X86\n");
	scratch_text(dir, "linux/.gitignore", "*.o\n/out/\n!keep.o\n");
	scratch_text(dir, "linux/kernel/tracked.o", "blob");
	scratch_text(dir, "linux/gen/.gitignore", "*\n");
	auto_free char *line = xasprintf("git init -q %s; git add -f .; git commit -qm one%s", kind->init, kind->after);

	git_do(tree, line);
	return tree;
}

static bool dirty(const char *dir)
{
	struct localgit *g;
	struct err e = { 0 };
	bool is = false;

	assert_int_equal(localgit_open(&g, dir, &e), 0);
	assert_non_null(g);
	assert_int_equal(localgit_dirty(g, &is, &e), 0);
	localgit_close(g);
	return is;
}

static void head(void **state)
{
	auto_free char *tree = begin(*state);
	auto_free char *want = git_sh(tree, "git rev-parse HEAD");
	struct localgit *g;
	struct err e = { 0 };
	char commit[GIT_ID];

	assert_int_equal(localgit_open(&g, tree, &e), 0);
	assert_int_equal(localgit_head(g, commit, &e), 0);
	assert_string_equal(commit, want);
	localgit_close(g);
}

static void before_the_first_commit(void **state)
{
	struct localgit *g;
	struct err e = { 0 };
	char commit[GIT_ID];
	bool is;

	auto_free char *line = xasprintf("git init -q %s; echo a >a; git add a%s", kind->init, kind->after);

	git_do(*state, line);
	assert_int_equal(localgit_open(&g, *state, &e), 0);
	assert_int_equal(localgit_head(g, commit, &e), 0);
	assert_string_equal(commit, "");
	assert_int_equal(localgit_dirty(g, &is, &e), 0);
	assert_true(is);
	localgit_close(g);
}

static void what_makes_it_dirty(void **state)
{
	static const struct {
		const char *line;
		bool dirty;
	} cases[] = {
		{ "true", false },
		{ "touch Makefile", false },
		{ "touch -d 2001-01-01 Makefile", false },
		{ "cp Makefile x; mv x Makefile", false },
		{ "echo x >new.c", false },
		{ "echo x >junk.o", false },
		{ "echo x >>Makefile", true },
		{ "printf 'VERSION = 7\\n' >Makefile", true },
		{ "rm arch/x86/Kconfig", true },
		{ "chmod +x Makefile", true },
		{ "ln -sf Kbuild Makefile", true },
		{ "echo x >new.c; git add new.c", true },
		{ "git rm -q --cached Makefile", true },
		{ "echo x >>Makefile; git add Makefile; echo 'VERSION = 6' >Makefile", true },
		{ "git -c core.autocrlf=true status -s; git mv Makefile Kbuild", true },
		{ "git init -q sub; cd sub; git commit -q --allow-empty -m s; cd ..; git add sub 2>/dev/null; "
		  "git commit -qm sub; cd sub; git commit -q --allow-empty -m t",
		  false },
		{ "git sparse-checkout set --no-cone /Makefile >/dev/null; [ ! -e arch ]", false },
		{ "git checkout -q --detach", false },
	};

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *sub = xasprintf("%s/%zu", (char *)*state, i);
		auto_free char *tree = begin(sub);

		git_do(tree, cases[i].line);
		if (dirty(tree) != cases[i].dirty)
			fail_msg("%s: %s", cases[i].line, cases[i].dirty ? "should be dirty" : "should be clean");
	}
}

/* Reading must not write: the tree may be somebody else's, or read-only. */
static void index_is_left_alone(void **state)
{
	auto_free char *tree = begin(*state);
	auto_free char *sum = NULL, *now = NULL;

	git_do(tree, "touch -d 2001-01-01 Makefile arch/x86/Kconfig");
	sum = git_sh(tree, "find .git -type f -exec sha256sum {} + | sort");
	assert_false(dirty(tree));
	now = git_sh(tree, "find .git -type f -exec sha256sum {} + | sort");
	assert_string_equal(sum, now);
}

/* A folder of a repository, a bare repository, and one whose work tree is elsewhere are no trees with git. */
static void not_its_own(void **state)
{
	auto_free char *tree = begin(*state);
	auto_free char *arch = xasprintf("%s/arch", tree);
	auto_free char *bare = xasprintf("%s/bare", (char *)*state);
	auto_free char *other = xasprintf("%s/other", (char *)*state);
	const char *const cases[] = { arch, bare, other, *state };
	struct localgit *g;
	struct err e = { 0 };

	git_do(*state,
	       "git init -q --bare bare; mkdir other; git init -q other/x; mv other/x/.git other/.git; rmdir other/x");
	git_do(other, "git config core.worktree ../../linux");
	for (size_t i = 0; i < countof(cases); i++) {
		assert_int_equal(localgit_open(&g, cases[i], &e), 0);
		assert_null(g);
	}
}

static void linked_work_tree(void **state)
{
	auto_free char *tree = begin(*state);
	auto_free char *second = xasprintf("%s/second", (char *)*state);

	git_do(tree, "git worktree add -q ../second HEAD");
	assert_false(dirty(second));
	scratch_text(second, "Makefile", "VERSION = 7\n");
	assert_true(dirty(second));
	assert_false(dirty(tree));
}

static void damage(void **state)
{
	static const char *const cases[] = {
		"rm .git/HEAD",
		"echo nonsense >.git/HEAD",
		"echo nonsense >.git/index",
		"rm -r .git; echo 'gitdir: /nowhere' >.git",
		"rm -r .git; mkdir .git",
		"git config core.repositoryformatversion 7",
		"git rev-parse HEAD^{tree} | sed 's,..,&/,' | { read -r o; rm -f .git/objects/$o; }",
	};

	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *sub = xasprintf("%s/%zu", (char *)*state, i);
		auto_free char *tree = begin(sub);
		struct localgit *g;
		struct err e = { 0 };
		char commit[GIT_ID];
		bool is;

		git_do(tree, cases[i]);
		if (localgit_open(&g, tree, &e) == 0) {
			assert_non_null(g);
			assert_true(localgit_head(g, commit, &e) < 0 || localgit_dirty(g, &is, &e) < 0);
			localgit_close(g);
		}
		assert_int_equal(e.code, X_NO_INPUT);
		assert_non_null(strstr(e.msg, tree));
	}
}

static void missing_folder(void **state)
{
	auto_free char *none = xasprintf("%s/none", (char *)*state);
	struct localgit *g;
	struct err e = { 0 };

	assert_true(localgit_open(&g, none, &e) < 0);
	assert_int_equal(e.code, X_NO_INPUT);
}

/* Root in a user's checkout; only root can try. */
static void somebody_elses(void **state)
{
	auto_free char *tree = begin(*state);

	if (geteuid() == 0)
		git_do(tree, "chown -R 12345:12345 .");
	assert_false(dirty(tree));
}

static void ignored(void **state)
{
	static const struct {
		const char *path;
		bool ignored;
	} cases[] = {
		{ "Makefile", false },
		{ "kernel/tracked.o", false },
		{ "kernel/fork.o", true },
		{ "kernel/keep.o", false },
		{ "out/", true },
		{ "out/x", true },
		{ "kernel/out/", false },
		{ "new.c", false },
		{ "gen/", false },
		{ "gen/x.h", true },
		{ "gen/.gitignore", false },
		{ "kernel/", false },
		{ "deep/none/x.o", true },
		{ "from/exclude.txt", true },
	};
	auto_free char *tree = begin(*state);
	struct localgit *g;
	struct err e = { 0 };

	scratch_text(tree, ".git/info/exclude", "exclude.txt\n");
	git_do(tree, "mkdir out kernel/out");
	assert_int_equal(localgit_open(&g, tree, &e), 0);
	for (size_t i = 0; i < countof(cases); i++) {
		bool is = false;

		assert_int_equal(localgit_ignored(g, cases[i].path, &is, &e), 0);
		if (is != cases[i].ignored)
			fail_msg("%s", cases[i].path);
	}
	localgit_close(g);
}

/* A git that cannot make such a repository has nobody who has one. */
static bool known(const struct kind *k)
{
	auto_free char *line = xasprintf("git init -q %s x 2>&1 >/dev/null || :", k->init);
	struct err e = { 0 };
	auto_free char *dir = tmpdir_make("test", &e);
	auto_free char *said = git_sh(dir, line);

	if (*said)
		printf("%s: %s\n", k->name, said);
	rmtree(AT_FDCWD, dir, &e);
	return !*said;
}

/* One plan for all: each test once for each kind, and named after both. */
static int enter(void **state)
{
	kind = *state;
	return scratch_enter(state);
}

#define OF_ALL_KINDS(test) \
	{ \
#test, test, enter, scratch_leave, NULL \
	}

int main(void)
{
	static const struct CMUnitTest each[] = {
		OF_ALL_KINDS(head),
		OF_ALL_KINDS(before_the_first_commit),
		OF_ALL_KINDS(what_makes_it_dirty),
		OF_ALL_KINDS(index_is_left_alone),
		OF_ALL_KINDS(not_its_own),
		OF_ALL_KINDS(linked_work_tree),
		OF_ALL_KINDS(damage),
		OF_ALL_KINDS(missing_folder),
		OF_ALL_KINDS(somebody_elses),
		OF_ALL_KINDS(ignored),
	};
	struct CMUnitTest tests[countof(kinds) * countof(each)];
	char *names[countof(tests)];
	size_t n = 0;

	for (const struct kind *k = kinds; k < kinds + countof(kinds); k++) {
		if (!known(k))
			continue;
		for (size_t i = 0; i < countof(each); i++, n++) {
			names[n] = xasprintf("%s of %s", each[i].name, k->name);
			tests[n] = each[i];
			tests[n].name = names[n];
			tests[n].initial_state = (void *)k;
		}
	}
	int failed = _cmocka_run_group_tests("local git", tests, n, NULL, NULL);

	while (n)
		free(names[--n]);
	return failed;
}
