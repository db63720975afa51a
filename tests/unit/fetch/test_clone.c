/* A commit's files: all of them as committed, and nothing that a hostile repository would like to write elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <dirent.h>
#include <sys/stat.h>

#include "fetch/git/clone.h"
#include "store/store.h"
#include "gitrun.h"
#include "scratch.h"

/* What the shell lines below use: blob TEXT, tree "MODE NAME ID"…, commit TREE; each prints an id. */
#define TOOLS \
	"blob() { printf '%s' \"$1\" | git hash-object -w --stdin; }\n" \
	"tree() { perl -e 'for (@ARGV) { /^(\\S+) (.*) (\\S+)$/s; print \"$1 $2\\0\", pack(\"H*\", $3) }' \"$@\" | " \
	"git hash-object -w --literally -t tree --stdin; }\n" \
	"commit() { printf 'tree %s\\nauthor a <a> 1 +0000\\ncommitter a <a> 1 +0000\\n\\nx' \"$1\" | " \
	"git hash-object -w -t commit --literally --stdin; }\n" \
	"b=$(blob text); d=$(tree \"100644 file $b\")\n"

static char *repository(const char *dir)
{
	git_do(dir, "git init -q --bare repo");
	return xasprintf("%s/repo", dir);
}

static void open_store(struct store *st, const char *dir)
{
	auto_free char *path = xasprintf("%s/store", dir);
	struct err e = { 0 };

	assert_int_equal(store_open(st, path, &e), 0);
}

static bool empty(const struct store *st, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", st->path, name);
	DIR *d = opendir(path);
	bool none = true;
	struct dirent *entry;

	while (d && (entry = readdir(d)))
		none = none && entry->d_name[0] == '.';
	if (d)
		closedir(d);
	return none;
}

static void hostile_trees(void **state)
{
	static const struct {
		const char *line, *text;
	} cases[] = {
		{ "commit $(tree \"40000 .. $d\")", "'.git'" },
		{ "commit $(tree \"100644 .. $b\")", "'.git'" },
		{ "commit $(tree \"40000 . $d\")", "'.git'" },
		{ "commit $(tree \"40000 .git $d\")", "'.git'" },
		{ "commit $(tree \"40000 sub $(tree \"40000 .GIT $d\")\")", "'.git'" },
		{ "commit $(tree \"100644 ../../outside $b\")", "'.git'" },
		{ "commit $(tree \"100644 /tmp/outside $b\")", "'.git'" },
		{ "commit $(tree \"100644 $(printf 'a\\033[2J') $b\")", "control characters" },
		{ "commit $(tree \"120000 a $(blob ..)\" \"40000 a $d\")", "File exists" },
		{ "commit $(tree \"120000 a $(blob ../../../outside)\" \"100644 a $b\")", "File exists" },
		{ "commit $(tree \"100644 a $b\" \"100644 a $b\")", "File exists" },
		{ "commit $(tree \"120000 a $(blob '')\")", "link to nowhere" },
		{ "commit $(tree \"120000 a $(printf 'x\\0y' | git hash-object -w --stdin)\")", "link to nowhere" },
		{ "commit $(tree \"100644 a $d\")", "a file that is none" },
		{ "commit $(tree \"40000 a $b\")", "folder a" },
		{ "commit $(tree \"100644 a $(printf %040d 7)\")",
		  "a: object 0000000000000000000000000000000000000007 is missing" },
		{ "commit $(printf %040d 7)", "tree of commit" },
		{ "t=$d; for i in 1 2 3 4 5 6 7 8 9 10; do t=$(tree \"40000 a $t\" \"40000 b $t\" \"40000 c $t\" \"40000 d $t\"); "
		  "done; commit $t",
		  "too many files" },
		{ "t=$d; i=0; while [ $i -lt 150 ]; do t=$(tree \"40000 a $t\"); i=$((i + 1)); done; commit $t",
		  "too many folders" },
	};
	auto_free char *repo = repository(*state);
	auto_free char *outside = xasprintf("%s/outside", (char *)*state);
	auto_store struct store st = { .dir = -1 };

	open_store(&st, *state);
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *line = xasprintf("%s%s", TOOLS, cases[i].line);
		auto_free char *id = git_sh(repo, line);
		auto_free char *tree = NULL;
		struct err e = { 0 };

		if (clone_tree(&st, repo, NULL, id, &tree, NULL, &e) == 0)
			fail_msg("%s: was taken", cases[i].line);
		if (!strstr(e.msg, cases[i].text))
			fail_msg("%s: %s", cases[i].line, e.msg);
		assert_true(empty(&st, "sources") && empty(&st, "drafts") && empty(&st, "locks"));
		assert_false(file_exists(outside));
	}
}

/* Modes of all kinds, and a link that leads out, which is made but never followed. */
static void all_kinds(void **state)
{
	auto_free char *repo = repository(*state);
	auto_free char *id =
		git_sh(repo, TOOLS "commit $(tree \"100664 group $b\" \"120000 link $(blob /nowhere/at/all)\" "
				   "\"160000 module $(printf %040d 9)\" \"100755 run $b\" \"40000 sub $d\")");
	auto_free char *got = NULL, *tree = NULL;
	auto_store struct store st = { .dir = -1 };
	struct err e = { 0 };

	open_store(&st, *state);
	assert_int_equal(clone_tree(&st, repo, NULL, id, &tree, NULL, &e), 0);
	got = git_sh(tree, "umask 022; find . -printf '%P %y %l ' -perm -100 -printf 'x\\n' -o -printf '-\\n'");
	assert_non_null(strstr(got, "group f  -"));
	assert_non_null(strstr(got, "link l /nowhere/at/all "));
	assert_non_null(strstr(got, "module d  x"));
	assert_non_null(strstr(got, "run f  x"));
	assert_non_null(strstr(got, "sub/file f  -"));
	assert_int_equal(clone_drop_tree(&st, id, &e), 0);
	assert_true(empty(&st, "sources") && empty(&st, "drafts") && empty(&st, "locks"));
	assert_int_equal(clone_drop_tree(&st, id, &e), 0);
}

/* After a power failure names may be on disk without their files. */
static void of_another_boot(void **state)
{
	auto_free char *repo = repository(*state);
	auto_free char *id = git_sh(repo, TOOLS "commit $d");
	auto_free char *tree = NULL, *again = NULL, *note = xasprintf("store/hashes/boot-%s", id);
	auto_store struct store st = { .dir = -1 };
	struct err e = { 0 };

	open_store(&st, *state);
	assert_int_equal(clone_tree(&st, repo, NULL, id, &tree, NULL, &e), 0);
	auto_free char *file = xasprintf("%s/file", tree);

	assert_int_equal(unlink(file), 0);
	assert_int_equal(clone_tree(&st, repo, NULL, id, &again, NULL, &e), 0);
	assert_false(file_exists(file));
	scratch_text(*state, note, "another\n");
	free(again);
	assert_int_equal(clone_tree(&st, repo, NULL, id, &again, NULL, &e), 0);
	assert_true(file_exists(file));
	assert_true(empty(&st, "drafts") && empty(&st, "locks"));
	assert_int_equal(clone_drop_tree(&st, id, &e), 0);
	assert_true(empty(&st, "sources") && empty(&st, "hashes"));
}

static void not_an_id(void **state)
{
	static const char *const cases[] = { "", "..", "abc", "../../../../../../../../../../../etc/passwd",
					     "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	auto_store struct store st = { .dir = -1 };

	open_store(&st, *state);
	for (size_t i = 0; i < countof(cases); i++) {
		char *tree;
		struct err e = { 0 };

		assert_true(clone_tree(&st, "git://127.0.0.1:1/x", NULL, cases[i], &tree, NULL, &e) < 0);
		assert_int_equal(e.code, X_USAGE);
		assert_true(clone_drop_tree(&st, cases[i], &e) < 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(hostile_trees),
		in_scratch(all_kinds),
		in_scratch(of_another_boot),
		in_scratch(not_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
