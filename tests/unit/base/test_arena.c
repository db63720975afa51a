/* test_arena.c: pieces of an arena stay where they are, are zero and aligned, and do not meet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/mem.h"

static char *fmt(struct arena *a, const char *text, ...) __attribute__((format(printf, 2, 3)));

static char *fmt(struct arena *a, const char *text, ...)
{
	va_list ap;

	va_start(ap, text);
	char *s = arena_vfmt(a, text, ap);
	va_end(ap);
	return s;
}

/* Strings of all lengths around a block's, between pieces with an alignment. */
static void pieces(void **state)
{
	enum { N = 3000, LONGEST = 300000 };
	struct arena *a = arena_new();
	auto_free char **strings = xcalloc(N, sizeof(*strings)), *text = xmalloc(LONGEST + 1);
	auto_free uint64_t **numbers = xcalloc(N, sizeof(*numbers));

	(void)state;
	memset(text, 'x', LONGEST);
	text[LONGEST] = '\0';
	for (int i = 0; i < N; i++) {
		int n = i % 100 == 99 ? LONGEST - i : i % 131;

		strings[i] = i & 1 ? fmt(a, "%d %.*s", i, n, text) : arena_str(a, text + LONGEST - n);
		numbers[i] = arena_alloc(a, sizeof(**numbers));
		assert_int_equal((uintptr_t)numbers[i] % _Alignof(max_align_t), 0);
		assert_int_equal(*numbers[i], 0);
		*numbers[i] = (uint64_t)i;
	}
	for (int i = 0; i < N; i++) {
		int n = i % 100 == 99 ? LONGEST - i : i % 131;
		char head[16];
		size_t skip = i & 1 ? (size_t)snprintf(head, sizeof(head), "%d ", i) : 0;

		assert_int_equal(*numbers[i], i);
		assert_int_equal(strlen(strings[i]), (size_t)n + skip);
		assert_memory_equal(strings[i] + skip, text, (size_t)n);
	}
	arena_free(a);
	arena_free(NULL);
}

static void lists(void **state)
{
	struct arena *a = arena_new();
	int *list = NULL;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		list = arena_grow(a, list, (size_t)i, sizeof(*list));
		list[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(list[i], i);
	arena_free(a);
}

/* A long text, and one that is empty. */
static void long_text(void **state)
{
	enum { LINES = 100000 };
	auto_free char *text = NULL, *none = NULL;
	size_t n = 1, n_none = 1;
	FILE *f = xlongstream(&text, &n);

	(void)state;
	for (int i = 0; i < LINES; i++)
		fprintf(f, "%06d\n", i);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(n, 7 * LINES);
	assert_int_equal(strlen(text), n);
	for (int i = 0; i < LINES; i += 9973) {
		char line[16];

		snprintf(line, sizeof(line), "%06d\n", i);
		assert_memory_equal(text + 7 * (size_t)i, line, 7);
	}
	assert_int_equal(fclose(xlongstream(&none, &n_none)), 0);
	assert_int_equal(n_none, 0);
	assert_string_equal(none, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),
		cmocka_unit_test(lists),
		cmocka_unit_test(long_text),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
