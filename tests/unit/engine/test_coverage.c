/* test_coverage.c: counters in a file that is lent: seen there, kept apart from a child's variables, added up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "engine/coverage.h"

/* As an instrumented program has them; over several pages, which they share with all our variables. */
enum { N = 3000 };
static uint64_t counted[N] __attribute__((section("__llvm_prf_cnts"), used));
static volatile int variable = 5;

static char *report(const struct coverage *c, unsigned n)
{
	char *text = NULL;
	size_t size;
	FILE *f = xmemstream(&text, &size);

	coverage_report(f, c, n);
	fclose(f);
	return text;
}

static void found(void **state)
{
	struct counters c;

	(void)state;
	assert_true(counters_here(&c));
	assert_int_equal(c.n, N);
	assert_ptr_equal((uint64_t *)c.at, counted);
	assert_int_equal((c.at - counters_offset(&c)) % (uint64_t)sysconf(_SC_PAGESIZE), 0);
	assert_false(counters_find(&c, "/bin/true"));
	assert_false(counters_find(&c, "/etc/passwd"));
	assert_false(counters_find(&c, "/dev/null"));
	assert_false(counters_find(&c, "/nowhere"));
	assert_int_equal(c.n, 0);
}

static void without(void **state)
{
	struct coverage c;
	auto_free char *text = NULL;

	(void)state;
	assert_int_equal(coverage_open(&c, "/bin/true", 4), 0);
	text = report(&c, 4);
	assert_string_equal(text, "");
	coverage_close(&c);
}

/* What a worker does, and one that was killed in the middle of it. */
static void work(const struct coverage *c, unsigned i)
{
	char words[COUNTERS_WORDS_MAX];
	int status;

	counted[N - 1] = 1;
	counters_words(words, dup(c->file), counters_place(&c->counters, i));
	if (!counters_lend(words) || counted[N - 1] != 1 || variable != 5)
		_exit(1);
	counted[0] += 3;
	counted[N / 2] += i;
	counted[N - 1]++;
	pid_t pid = fork();

	if (pid == 0) {
		variable = 6;
		_exit(counted[0] == 3 && counted[N - 1] == 2 ? 0 : 1);
	}
	_exit(waitpid(pid, &status, 0) == pid && status == 0 && variable == 5 ? 0 : 2);
}

static void added(void **state)
{
	auto_free char *text = NULL;
	struct coverage c;
	int status;

	(void)state;
	assert_int_equal(coverage_open(&c, "/proc/self/exe", 3), 0);
	for (unsigned i = 0; i < 3; i++) {
		pid_t pid = fork();

		if (pid == 0)
			work(&c, i);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
	}
	text = report(&c, 3);
	assert_string_equal(text, "\"coverage\":{\"counters\":3000,\"ran\":[0,9,1500,3,2999,6]},\n");
	assert_int_equal(counted[0], 0);
	coverage_close(&c);
}

/* It could not be shorter, and sums stay what they can be. */
static void hostile(void **state)
{
	static const uint64_t huge = UINT64_MAX - 1;
	auto_free char *text = NULL;
	struct coverage c;
	off_t at;

	(void)state;
	assert_int_equal(coverage_open(&c, "/proc/self/exe", 2), 0);
	assert_true(ftruncate(c.file, 0) < 0);
	for (unsigned i = 0; i < 2; i++) {
		at = (off_t)(counters_place(&c.counters, i) + counters_offset(&c.counters));
		assert_int_equal(pwrite(c.file, &huge, sizeof huge, at), sizeof huge);
	}
	text = report(&c, 2);
	assert_string_equal(text, "\"coverage\":{\"counters\":3000,\"ran\":[0,18446744073709551615]},\n");
	coverage_close(&c);
}

static void bad_words(void **state)
{
	static const char *const bad[] = { "",      "x",      "7",
					   "-1 0",  "1000 0", "7 0 0",
					   "7 0x0", "0 1",    "0 9223372036854771712" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);

		dup2(null, STDIN_FILENO);
		assert_false(counters_lend(bad[i]));
		assert_int_not_equal(errno, 0);
		close(null);
	}
	assert_int_equal(counted[0], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),   cmocka_unit_test(without),   cmocka_unit_test(added),
		cmocka_unit_test(hostile), cmocka_unit_test(bad_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
