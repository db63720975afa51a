/* test_private.c: folders of private files that are noted, and what else such a note may say in a store that others use. */
#include "store_place.h"

#include "store/private.h"

static void folder(const struct place *p, const char *path)
{
	auto_free char *full = xasprintf("%s/%s", p->dir, path);
	struct err e;

	assert_int_equal(mkdir_p(AT_FDCWD, full, 0755, &e), 0);
}

static bool there(const struct place *p, const char *path)
{
	auto_free char *full = xasprintf("%s/%s", p->dir, path);

	return access(full, F_OK) == 0;
}

static void note(const struct place *p, const char *name, const char *to)
{
	auto_free char *link = xasprintf("%s/%s", p->st.path, name);

	assert_int_equal(symlink(to, link), 0);
}

static void taken_away(void **state)
{
	struct place *p = *state;
	struct err e = { 0 };

	auto_free char *noted = xasprintf("%s/graphs/g/pack", p->st.path);

	assert_int_equal(mkdir_p(AT_FDCWD, noted, 0755, &e), 0);
	assert_int_equal(private_note(&p->st, noted, &e), 0);
	assert_int_equal(entries(p->st.path, "private"), 1);
	private_collect(&p->st);
	assert_false(file_exists(noted));
	assert_int_equal(entries(p->st.path, "private"), 0);
}

static void nothing_elsewhere(void **state)
{
	static const char *const notes[] = { "../graphs/g/away/victim",
					     "../graphs/away/victim",
					     "../graphs/../../home/victim",
					     "../../home/victim",
					     "/etc/ktstr",
					     "../graphs/g" };
	struct place *p = *state;
	struct err e;

	auto_free char *graph = xasprintf("%s/graphs/g", p->st.path);
	auto_free char *home = xasprintf("%s/home", p->dir), *notes_dir = xasprintf("%s/private", p->st.path);

	folder(p, "home/victim");
	assert_int_equal(mkdir_p(AT_FDCWD, graph, 0755, &e), 0);
	assert_int_equal(mkdir_p(AT_FDCWD, notes_dir, 0755, &e), 0);
	note(p, "graphs/g/away", home);
	note(p, "graphs/away", home);
	for (size_t i = 0; i < countof(notes); i++) {
		note(p, "private/x", notes[i]);
		private_collect(&p->st);
		if (!there(p, "home/victim") || !file_exists(graph) || entries(p->st.path, "private"))
			fail_msg("%s", notes[i]);
	}
	assert_false(there(p, "home/lock"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(taken_away, enter, leave),
		cmocka_unit_test_setup_teardown(nothing_elsewhere, enter, leave),
	};

	return cmocka_run_group_tests_name("private", tests, NULL, NULL);
}
