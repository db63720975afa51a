/* What a store keeps and throws out: order, bound, use by others, links in build folders, crowds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scratch.h"
#include "store/gc.h"
#include "store/recipe.h"
#include "store/store.h"

enum { LARGE = 2 << 20 };

static void open_store(struct store *st, const char *dir)
{
	auto_free char *root = xasprintf("%s/store", dir);
	struct err e = { 0 };

	if (store_open(st, root, &e) < 0)
		fail_msg("%s", e.msg);
}

/* Result of step with this fact: a large file, placed in out of a build folder unless that is NULL. w stays open. */
static int make(struct store *st, const char *step, const char *fact, const char *out, struct work *w)
{
	auto_recipe struct recipe r = { 0 };
	auto_free char *data = xcalloc(1, LARGE);
	struct err e = { 0 };

	memset(data, *fact, LARGE);
	recipe_open(&r, step, 1);
	recipe_str(&r, "fact", fact);
	int rc = store_begin(st, &r, false, w, &e);
	if (rc < 0)
		fail_msg("%s", e.msg);
	if (rc == STORE_MISS && (file_write(w->dir, "ram0", data, LARGE, &e) < 0 || work_publish(w, &r, &e) < 0))
		fail_msg("%s", e.msg);
	auto_free char *path = out ? xasprintf("%s/graphs/%s", st->path, out) : NULL;
	if (path && work_place(w, NULL, path, NULL, &e) < 0)
		fail_msg("%s", e.msg);
	return rc;
}

static int have(struct store *st, const char *step, const char *fact, const char *out)
{
	auto_work struct work w = { .lock = -1, .dir = -1 };

	return make(st, step, fact, out, &w);
}

static void set_age(struct store *st, const char *key, const char *name, long long seconds)
{
	auto_free char *path = name ? xasprintf("graphs/%s/used", name) : xasprintf("objects/%.2s/%s/recipe", key, key);
	struct timespec t[2] = { { .tv_sec = seconds }, { .tv_sec = seconds } };

	assert_int_equal(utimensat(st->dir, path, t, 0), 0);
}

/* Uses in the order in which they were made, long ago. */
static void age_all(struct store *st, const char *const *facts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		auto_work struct work w = { .lock = -1, .dir = -1 };

		assert_int_equal(make(st, "snap", facts[i], NULL, &w), STORE_HIT);
		set_age(st, w.key, NULL, 1000 + (long long)i);
	}
}

static bool is_there(struct store *st, const char *fact)
{
	auto_gc struct gc g = { 0 };
	auto_recipe struct recipe r = { 0 };
	char key[KEY_LEN + 1];
	struct err e;
	bool found = false;

	recipe_open(&r, "snap", 1);
	recipe_str(&r, "fact", fact);
	recipe_key(&r, key);
	assert_int_equal(gc_open(&g, st, "snap", &e), 0);
	for (size_t i = 0; i < g.n; i++)
		found |= !strcmp(g.v[i].key, key);
	return found;
}

static const char *const abc[] = { "a", "b", "c" };

static void lists_by_step_and_use(void **state)
{
	auto_store struct store st = { .dir = -1 };
	auto_gc struct gc g = { 0 }, all = { 0 };
	struct err e;

	open_store(&st, *state);
	have(&st, "snap", "a", NULL);
	have(&st, "snap", "b", NULL);
	have(&st, "snap", "c", NULL);
	have(&st, "other", "x", NULL);
	age_all(&st, abc, 3);
	assert_int_equal(gc_open(&g, &st, "snap", &e), 0);
	assert_int_equal(g.n, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_string_equal(g.v[i].step, "snap");
		assert_true(g.v[i].bytes >= LARGE && g.v[i].bytes < 2 * LARGE);
		assert_int_equal(g.v[i].used, 1000 + i);
	}
	assert_int_equal(gc_open(&all, &st, NULL, &e), 0);
	assert_int_equal(all.n, 4);
}

static void the_oldest_go_until_it_fits(void **state)
{
	auto_store struct store st = { .dir = -1 };
	struct err e;

	open_store(&st, *state);
	have(&st, "snap", "a", NULL);
	have(&st, "snap", "b", NULL);
	have(&st, "snap", "c", NULL);
	have(&st, "other", "x", NULL);
	age_all(&st, abc, 3);
	assert_int_equal(gc_bound(&st, "snap", 100 << 20, &e), 0);
	assert_true(is_there(&st, "a"));
	assert_int_equal(gc_bound(&st, "snap", LARGE * 5 / 2, &e), 0);
	assert_false(is_there(&st, "a"));
	assert_true(is_there(&st, "b"));
	assert_true(is_there(&st, "c"));
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_false(is_there(&st, "c"));
	assert_int_equal(have(&st, "other", "x", NULL), STORE_HIT);
	assert_int_equal(have(&st, "snap", "a", NULL), STORE_MISS);
}

static void who_looked_it_up_keeps_it(void **state)
{
	auto_store struct store st = { .dir = -1 };
	auto_work struct work new = { .lock = -1, .dir = -1 }, found = { .lock = -1, .dir = -1 };
	struct err e;

	open_store(&st, *state);
	assert_int_equal(make(&st, "snap", "a", NULL, &new), STORE_MISS);
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_true(is_there(&st, "a"));
	assert_int_equal(make(&st, "snap", "a", NULL, &found), STORE_HIT);
	work_drop(&new);
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_true(is_there(&st, "a"));
	work_drop(&found);
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_false(is_there(&st, "a"));
}

static int use(const struct store *st, const char *graph)
{
	auto_free char *path = xasprintf("%s/graphs/%s", st->path, graph);
	auto_close int dir = -1;
	struct err e = { 0 };

	assert_int_equal(mkdir_p(AT_FDCWD, path, 0755, &e), 0);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = store_use_graph(dir, &e);
	if (fd < 0)
		fail_msg("%s", e.msg);
	return fd;
}

static bool placed(const struct store *st, const char *path)
{
	return faccessat(st->dir, path, F_OK, 0) == 0;
}

/* The room is free only when the links are gone too, and only the links' whole folder makes ninja ask again. */
static void links_go_with_it(void **state)
{
	auto_store struct store st = { .dir = -1 };
	struct err e;

	open_store(&st, *state);
	have(&st, "snap", "a", "one/snapshots/k");
	have(&st, "snap", "a", "two/snapshots/k");
	have(&st, "snap", "b", "two/snapshots/l");
	auto_free char *strange = xasprintf("%s/graphs/one/snapshots/k/other", st.path);
	assert_true(file_write(AT_FDCWD, strange, "x", 1, &e) >= 0);
	age_all(&st, abc, 2);
	assert_int_equal(gc_bound(&st, "snap", LARGE * 3 / 2, &e), 0);
	assert_false(is_there(&st, "a"));
	assert_false(placed(&st, "graphs/one/snapshots/k/ram0"));
	assert_false(placed(&st, "graphs/one/snapshots/k/recipe"));
	assert_false(placed(&st, "graphs/two/snapshots/k/ram0"));
	assert_true(placed(&st, "graphs/one/snapshots/k/other"));
	assert_true(placed(&st, "graphs/two/snapshots/l/ram0"));
	assert_true(placed(&st, "graphs/two/snapshots/l/recipe"));
}

static void a_busy_build_folder_keeps_it(void **state)
{
	auto_store struct store st = { .dir = -1 };
	struct err e;
	int busy, busy_too;

	open_store(&st, *state);
	have(&st, "snap", "a", "one/snapshots/k");
	have(&st, "snap", "a", "two/snapshots/k");
	busy = use(&st, "two");
	busy_too = use(&st, "two");
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_true(is_there(&st, "a"));
	assert_true(placed(&st, "graphs/one/snapshots/k/ram0"));
	close(busy);
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_true(is_there(&st, "a"));
	close(busy_too);
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_false(is_there(&st, "a"));
}

static void a_link_elsewhere_keeps_it(void **state)
{
	auto_store struct store st = { .dir = -1 };
	auto_free char *outside = xasprintf("%s/ram", (const char *)*state);
	struct err e;

	open_store(&st, *state);
	have(&st, "snap", "a", "one/k");
	assert_int_equal(linkat(st.dir, "graphs/one/k/ram0", AT_FDCWD, outside, 0), 0);
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_true(is_there(&st, "a"));
	assert_int_equal(unlink(outside), 0);
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	assert_false(is_there(&st, "a"));
}

/* A request whose results are all up to date asks no step, and uses them all the same. */
static void work_in_a_build_folder_is_use(void **state)
{
	auto_store struct store st = { .dir = -1 };
	struct err e;

	open_store(&st, *state);
	have(&st, "snap", "a", "one/snapshots/k");
	have(&st, "snap", "b", "two/snapshots/k");
	age_all(&st, abc, 2);
	close(use(&st, "one"));
	set_age(&st, NULL, "one", 5000);
	assert_int_equal(gc_bound(&st, "snap", LARGE * 3 / 2, &e), 0);
	assert_true(is_there(&st, "a"));
	assert_false(is_there(&st, "b"));
}

static void damage_can_go(void **state)
{
	auto_store struct store st = { .dir = -1 };
	auto_work struct work w = { .lock = -1, .dir = -1 };
	auto_gc struct gc g = { 0 };
	struct err e;

	open_store(&st, *state);
	make(&st, "snap", "a", NULL, &w);
	assert_int_equal(unlinkat(w.dir, "recipe", 0), 0);
	assert_int_equal(unlinkat(w.dir, "content", 0), 0);
	work_drop(&w);
	assert_int_equal(gc_open(&g, &st, NULL, &e), 0);
	assert_int_equal(g.n, 1);
	assert_string_equal(g.v[0].step, "");
	assert_int_equal(gc_remove(&g, &g.v[0], &e), GC_REMOVED);
	assert_int_equal(gc_remove(&g, &g.v[0], &e), GC_REMOVED);
	gc_close(&g);
	assert_int_equal(gc_open(&g, &st, NULL, &e), 0);
	assert_int_equal(g.n, 0);
}

/* Makers and placers beside throwers-out: nobody fails, and what was placed is whole. */
static void crowd(void **state)
{
	enum { WORKERS = 6, ROUNDS = 60 };
	pid_t pids[WORKERS];

	for (int k = 0; k < WORKERS; k++) {
		pids[k] = fork();
		assert_true(pids[k] >= 0);
		if (pids[k])
			continue;
		auto_store struct store st = { .dir = -1 };
		struct err e = { 0 };

		open_store(&st, *state);
		for (int i = 0; i < ROUNDS; i++) {
			auto_work struct work w = { .lock = -1, .dir = -1 };
			auto_free char *graph = xasprintf("g%d", (i + k) % 3);
			auto_free char *out = xasprintf("%s/w%d", graph, k);
			auto_free char *ram = xasprintf("graphs/%s/ram0", out);
			auto_close int used = use(&st, graph);
			struct stat s;

			if (k % 2 && gc_bound(&st, "snap", (uint64_t)LARGE * (unsigned)(i % 3), &e) < 0)
				_exit(2);
			make(&st, "snap", abc[(i + k / 2) % 3], out, &w);
			work_drop(&w);
			if (fstatat(st.dir, ram, &s, 0) < 0 || s.st_size != LARGE)
				_exit(3);
		}
		_exit(0);
	}
	for (int k = 0; k < WORKERS; k++) {
		int status;

		assert_int_equal(waitpid(pids[k], &status, 0), pids[k]);
		assert_int_equal(status, 0);
	}
	auto_store struct store st = { .dir = -1 };
	struct err e;

	open_store(&st, *state);
	assert_int_equal(gc_bound(&st, "snap", 0, &e), 0);
	for (size_t i = 0; i < 3; i++)
		assert_false(is_there(&st, abc[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		in_scratch(lists_by_step_and_use),
		in_scratch(the_oldest_go_until_it_fits),
		in_scratch(who_looked_it_up_keeps_it),
		in_scratch(links_go_with_it),
		in_scratch(a_busy_build_folder_keeps_it),
		in_scratch(a_link_elsewhere_keeps_it),
		in_scratch(work_in_a_build_folder_is_use),
		in_scratch(damage_can_go),
		in_scratch(crowd),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
