/* test_select.c: parts of a matrix by names of cells, and which of them a budget takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "gen/graph/guest.h"
#include "gen/kernels/target.h"
#include "gen/matrix/budget.h"
#include "gen/matrix/history.h"
#include "gen/matrix/matrix.h"
#include "gen/matrix/select.h"

static void words(void **state)
{
	static const char *const bad[] = { "",     "1",    "1/",   "/3",   "0/3",     "4/3", "1/0",
					   "1/3x", "-1/3", "1/-3", " 1/3", "1/10001", "1//3" };
	struct shard s;
	struct err e = { 0 };

	(void)state;
	for (size_t i = 0; i < countof(bad); i++) {
		assert_int_not_equal(shard_parse(&s, bad[i], &e), 0);
		assert_int_equal(e.code, X_USAGE);
	}
	assert_int_equal(shard_parse(&s, "2/3", &e), 0);
	assert_int_equal(s.i, 2);
	assert_int_equal(s.n, 3);
}

/* Each name is in one of them, all have about as many, and where a name is has nothing to do with others. */
static void parts(void **state)
{
	size_t of[3] = { 0 };

	(void)state;
	for (unsigned k = 0; k < 3000; k++) {
		auto_free char *name = xasprintf("test_%u/7.3.4/1n2l4c1t/default", k);

		for (unsigned i = 0; i < 3; i++) {
			const struct shard s = { i + 1, 3 };

			of[i] += shard_has(&s, name);
		}
	}
	assert_int_equal(of[0] + of[1] + of[2], 3000);
	for (unsigned i = 0; i < 3; i++)
		assert_in_range(of[i], 900, 1100);
	assert_true(shard_has(&(struct shard){ 0, 0 }, "any"));
	/* In every version: stores of parts would else be of no use to the next. */
	assert_true(shard_has(&(struct shard){ 3, 3 }, "fair/7.3.4/1n1l2c1t"));
}

enum { TESTS = 3, CELLS = 4 };

/* Three tests on four topologies. */
struct place {
	struct matrix m;
	struct matrix_test tests[TESTS];
	struct matrix_cell cells[TESTS][CELLS];
	struct sweep_cell on[CELLS];
	struct sweep_guest guests[CELLS];
	struct target target;
	struct fit fit;
};

static void make(struct place *p)
{
	static char *const names[] = { "one", "two", "three" }, *const topologies[] = { "a", "b", "c", "d" };

	*p = (struct place){ .m = { .tests = p->tests, .n = TESTS }, .target.k.name = "k" };
	for (size_t i = 0; i < CELLS; i++) {
		p->guests[i].plan.name = topologies[i];
		p->on[i] = (struct sweep_cell){ .target = &p->target, .guest = &p->guests[i] };
	}
	for (size_t i = 0; i < TESTS; i++) {
		p->tests[i] = (struct matrix_test){
			.test.slug = names[i], .seeds = { 1, 1 }, .cells = p->cells[i], .n = CELLS
		};
		for (size_t k = 0; k < CELLS; k++)
			p->cells[i][k] =
				(struct matrix_cell){ .test = &p->tests[i],
						      .on = &p->on[k],
						      .fit = &p->fit,
						      .dir = xasprintf("tests/%s/k/%s", names[i], topologies[k]) };
	}
}

static void drop(struct place *p)
{
	for (size_t i = 0; i < TESTS; i++)
		for (size_t k = 0; k < CELLS; k++)
			free(p->cells[i][k].dir);
}

static void names(void **state)
{
	struct place p;
	struct err e = { 0 };

	(void)state;
	make(&p);
	assert_int_equal(select_count(&p.m), TESTS * CELLS);
	assert_int_equal(select_text(&p.m, "/b"), TESTS);
	assert_int_equal(select_names(&p.m, (const char *const[]){ "two/k/b" }, 1, &e), 0);
	assert_int_equal(select_count(&p.m), 1);
	assert_false(p.cells[1][1].out);
	assert_int_not_equal(select_names(&p.m, (const char *const[]){ "two/k/x" }, 1, &e), 0);
	assert_non_null(strstr(e.msg, "did you mean two/k/"));
	/* What another option left out is not left. */
	assert_int_not_equal(select_names(&p.m, (const char *const[]){ "two/k/a" }, 1, &e), 0);
	drop(&p);
}

/* Each test once before any twice; what failed last is worth more than what is new; what does not fit is left out. */
static void budget(void **state)
{
	const struct history none = { 0 };
	struct place p;

	(void)state;
	make(&p);
	p.cells[2][3].rank = -2;
	assert_int_equal(budget_choose(&p.m, &none, 9500), 3);
	assert_false(p.cells[2][3].out);
	for (size_t i = 0; i < TESTS; i++) {
		size_t n = 0;

		for (size_t k = 0; k < CELLS; k++)
			n += !p.cells[i][k].out;
		assert_int_equal(n, 1);
	}
	assert_int_equal(budget_choose(&p.m, &none, UINT64_MAX), 3);
	assert_int_equal(budget_choose(&p.m, &none, 100), 0);
	drop(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(words), cmocka_unit_test(parts), cmocka_unit_test(names),
					    cmocka_unit_test(budget) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
