/* test_console.c: what a guest's console says about its health. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "vm/console.h"
#include "vm/vm.h"

static void verdicts(void **state)
{
	static const struct {
		const char *log, *want;
	} cases[] = {
		{ "", NULL },
		{ "[    0.1] Linux version 6.12\r\nall is well", NULL },
		{ "[    2.310000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100\r\n",
		  "Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100" },
		{ "[    1.0] BUG: unable to handle page fault for address: 0\r\n"
		  "[    1.0] Oops: Oops: 0002 [#1]\r\n",
		  "BUG: unable to handle page fault for address: 0" },
		{ "[   1.0] BUG: first\r\n[   1.1] Kernel panic - not syncing: Fatal exception", /* no line end */
		  "Kernel panic - not syncing: Fatal exception" },
		{ "[   22.1] watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [a:1]\r\n",
		  "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [a:1]" },
		{ "[   22.1] rcu: INFO: rcu_preempt self-detected stall on CPU\r\n",
		  "rcu: INFO: rcu_preempt self-detected stall on CPU" },
		{ "[   22.1] rcu: INFO: something else\r\n", NULL },
		{ "[   22.1][  T12] Out of memory: Killed process 77 (x)\r\n",
		  "[  T12] Out of memory: Killed process 77 (x)" },
		{ "[  242.1] INFO: task kworker/0:1 blocked for more than 120 seconds.\r\n",
		  "INFO: task kworker/0:1 blocked for more than 120 seconds." },
		{ "Oops: is DEBUG: fine\n", "Oops: is DEBUG: fine" },
		{ "a DEBUG: line and a Whoops: line\n", NULL },
		{ "BUG: control \x1b[31m\x01 bytes\n", "BUG: control ? bytes" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		/* A copy of just that size, so that a sanitizer sees a step too far. */
		size_t n = strlen(cases[i].log);
		auto_free char *log = xmemdup(cases[i].log, n ? n : 1);
		auto_free char *got = vm_console_verdict(log, n);

		if (!got || !cases[i].want)
			assert_ptr_equal(got, cases[i].want);
		else
			assert_string_equal(got, cases[i].want);
	}
}

static void tails(void **state)
{
	static const struct {
		const char *log;
		int lines;
		const char *want;
	} cases[] = {
		{ "", 3, "" },
		{ "\r\n\r\n", 3, "" },
		{ "one", 3, "one" },
		{ "one\r\ntwo\r\nthree\r\n", 2, "two\nthree" },
		{ "one\r\ntwo\r\nthree\r\n", 9, "one\ntwo\nthree" },
		{ "one\n\x1b[0mtwo\n\n", 1, "two" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		struct vm vm = { .log = (char *)cases[i].log, .log_n = strlen(cases[i].log) };
		auto_free char *got = vm_console_tail(&vm, cases[i].lines);

		assert_string_equal(got, cases[i].want);
	}
	auto_free char *silent = vm_console_tail(&(struct vm){ .log = NULL }, 3);

	assert_string_equal(silent, "");
}

static void open_guest(struct vm *vm, int *other)
{
	struct machine m = { 0 };
	int pair[2];

	vm_init(vm, &m);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	vm->console = pair[0];
	*other = pair[1];
}

/* The words may arrive in two pieces. */
static void panic_in_pieces(void **state)
{
	static const char words[] = "Kernel panic - not syncing: x\n";

	(void)state;
	for (size_t cut = 0; cut < 12; cut++) {
		auto_vm struct vm vm = { 0 };
		int other;

		open_guest(&vm, &other);
		console_drain(&vm);
		assert_int_equal(write(other, words, cut), cut);
		console_drain(&vm);
		assert_false(vm.panicked);
		assert_int_equal(write(other, words + cut, sizeof(words) - 1 - cut), sizeof(words) - 1 - cut);
		console_drain(&vm);
		assert_true(vm.panicked);
		close(other);
		console_drain(&vm);
		assert_int_equal(vm.console, -1);
		assert_int_equal(vm.log_n, sizeof(words) - 1);
	}
}

static void endless_console(void **state)
{
	auto_vm struct vm vm = { 0 };
	char line[1000];
	int other;

	(void)state;
	open_guest(&vm, &other);
	memset(line, 'a', sizeof(line));
	for (int i = 0; i < 20000; i++) {
		line[0] = (char)('A' + i % 26);
		assert_int_equal(write(other, line, sizeof(line)), sizeof(line));
		console_drain(&vm);
		assert_true(vm.log_n <= VM_LOG_MAX);
	}
	assert_true(vm.log_n >= VM_LOG_MAX / 2);
	assert_memory_equal(vm.log + vm.log_n - sizeof(line), line, sizeof(line));
	close(other);
}

/* What is told of text that comes in two pieces; the caller frees. */
static char *told(const char *text, size_t n, size_t cut)
{
	auto_vm struct vm vm = { 0 };
	char *out = xcalloc(1, 8192);
	int other, pipes[2], was = dup(STDERR_FILENO);

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(dup2(pipes[1], STDERR_FILENO), STDERR_FILENO);
	open_guest(&vm, &other);
	vm.echo = true;
	assert_int_equal(write(other, text, cut), cut);
	console_drain(&vm);
	assert_int_equal(write(other, text + cut, n - cut), n - cut);
	console_drain(&vm);
	close(other);
	console_drain(&vm);
	assert_int_equal(dup2(was, STDERR_FILENO), STDERR_FILENO);
	close(was);
	close(pipes[1]);
	for (ssize_t at = 0, r; (r = read(pipes[0], out + at, 8191 - (size_t)at)) > 0;)
		at += r;
	close(pipes[0]);
	return out;
}

static void told_as_it_comes(void **state)
{
	static const char text[] = "[ 1.0] one\r\n\x1b]0;title\a\xc2\x9b"
				   "31m::add-mask::x\r\n\xff \xe2\x80\xae\nlast";
	const size_t n = sizeof(text) - 1;

	(void)state;
	for (size_t cut = 0; cut <= n; cut++) {
		auto_free char *got = told(text, n, cut);

		assert_string_equal(got, "[ 1.0] one\n:?add-mask::x\n? ?\nlast");
	}
	/* A line without end is told in pieces. */
	auto_free char *big = xmalloc(5000);

	memset(big, 'x', 5000);
	auto_free char *got = told(big, 5000, 1);

	assert_int_equal(strlen(got), 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verdicts),         cmocka_unit_test(tails),
		cmocka_unit_test(panic_in_pieces),  cmocka_unit_test(endless_console),
		cmocka_unit_test(told_as_it_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
