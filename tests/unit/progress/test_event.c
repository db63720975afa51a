/* test_event.c: packets, and the line between a generator and its steps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "progress/event.h"
#include "base/mem.h"
#include "base/stop.h"

static const struct event samples[] = {
	{ .kind = EV_START, .id = "verify a" },
	{ .kind = EV_PROGRESS, .id = "x", .done = 3, .total = UINT64_MAX, .text = "note\nwith two lines" },
	{ .kind = EV_PROGRESS, .id = "x" },
	{ .kind = EV_NOTE, .id = "x", .text = "waiting" },
	{ .kind = EV_OUTPUT, .id = "cargo a", .text = "\033[1mwarning\033[0m: unused\n  |\n" },
	{ .kind = EV_OUTPUT, .id = "x" },
	{ .kind = EV_DONE, .id = "", .how = HOW_CACHED, .ms = 12 },
	{ .kind = EV_DONE, .id = "x", .how = HOW_RAN, .ms = UINT64_MAX, .text = "config changed" },
	{ .kind = EV_FAIL, .id = "x", .code = X_VM, .ms = 1, .text = "boot: no" },
};

static void assert_same(const struct event *a, const struct event *b)
{
	assert_int_equal(a->kind, b->kind);
	assert_string_equal(a->id, b->id);
	assert_int_equal(a->how, b->how);
	assert_true(a->done == b->done && a->total == b->total && a->ms == b->ms);
	assert_int_equal(a->code, b->code);
	assert_string_equal(a->text, b->text);
}

static void there_and_back(void **state)
{
	char buf[4096];

	(void)state;
	for (size_t i = 0; i < countof(samples); i++) {
		struct event got = { .text = "rubbish", .ms = 99 };
		size_t n = event_encode(&samples[i], buf, sizeof(buf));

		assert_true(n > 0);
		assert_int_equal(event_decode(&got, buf, n), 0);
		assert_same(&got, &samples[i]);
		/* No shorter packet is one. */
		for (size_t k = 0; k < n; k++)
			assert_int_equal(event_encode(&samples[i], buf, k), 0);
		n = event_encode(&samples[i], buf, sizeof(buf));
		for (size_t k = 0; k < n; k++) {
			auto_free char *part = xmemdup(buf, k);

			if (k == 0 || part[k - 1] != '\0' || samples[i].kind == EV_START)
				assert_int_equal(event_decode(&got, part, k), -1);
		}
	}
}

static void longest(void **state)
{
	struct event ev = { .kind = EV_FAIL, .code = X_FAIL, .ms = UINT64_MAX }, got;
	char buf[4096];

	(void)state;
	memset(ev.id, 'i', sizeof(ev.id) - 1);
	memset(ev.text, 't', sizeof(ev.text) - 1);
	size_t n = event_encode(&ev, buf, sizeof(buf));
	assert_true(n > 0);
	assert_int_equal(event_decode(&got, buf, n), 0);
	assert_same(&got, &ev);
}

#define BYTES(s) s, sizeof(s) - 1

static void no_events(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} cases[] = {
		{ BYTES("") },
		{ BYTES("\0") },
		{ BYTES("start\0x") },
		{ BYTES("start\0") },
		{ BYTES("start\0x\0y\0") },
		{ BYTES("begin\0x\0") },
		{ BYTES("progress\0x\0"
			"1\0"
			"2\0") },
		{ BYTES("progress\0x\0-1\0"
			"2\0n\0") },
		{ BYTES("progress\0x\0\0"
			"2\0n\0") },
		{ BYTES("progress\0x\0"
			"1\0"
			"18446744073709551616\0n\0") },
		{ BYTES("done\0x\0lost\0"
			"1\0\0") },
		{ BYTES("done\0x\0ran\0"
			"1a\0\0") },
		{ BYTES("fail\0x\0"
			"2147483648\0"
			"1\0t\0") },
		{ BYTES("fail\0x\0"
			"1\0"
			"1\0t\0more\0") },
		{ BYTES("\0\0\0\0\0\0\0\0\0\0\0") },
	};
	char wide[400] = "start\0";

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *bytes = xmemdup(cases[i].bytes, cases[i].n);
		struct event got;

		if (event_decode(&got, bytes, cases[i].n) != -1)
			fail_msg("case %zu was taken for an event", i);
	}
	struct event got;
	memset(wide + 6, 'x', 256);
	assert_int_equal(event_decode(&got, wide, 6 + 257), -1);
	memset(wide + 6, 'x', 255);
	wide[6 + 255] = '\0';
	assert_int_equal(event_decode(&got, wide, 6 + 256), 0);
}

/* Waits up to five seconds; 0 when no event came. */
static int next_event(struct events *s, struct event *ev)
{
	const long long deadline = now_ms() + 5000;

	while (now_ms() < deadline) {
		struct pollfd fds[8];
		size_t n = events_poll(s, fds, countof(fds));

		if (events_next(s, ev) == 1)
			return 1;
		poll(fds, (nfds_t)n, 100);
	}
	return 0;
}

static int until_gone(struct events *s)
{
	const long long deadline = now_ms() + 5000;
	struct event ev;

	while (s->n > 0 && now_ms() < deadline) {
		struct pollfd fds[8];
		size_t n = events_poll(s, fds, countof(fds));

		poll(fds, (nfds_t)n, 100);
		if (events_next(s, &ev) == 1)
			return -1;
	}
	return s->n == 0 ? 0 : -1;
}

static pid_t step(const char *name, void (*body)(void))
{
	pid_t pid = fork();
	struct err e;

	if (pid != 0)
		return pid;
	alarm(20);
	setenv("KTSTR_EVENTS", name, 1);
	if (stop_init(&e) < 0 || event_connect(&e) < 0)
		_exit(101);
	body();
	_exit(0);
}

static void send_all(void)
{
	for (size_t i = 0; i < countof(samples); i++)
		event_send(&samples[i]);
}

static void from_step_to_generator(void **state)
{
	struct events s;
	struct err e;
	struct event ev;
	int status;

	(void)state;
	assert_int_equal(events_open(&s, &e), 0);
	pid_t pid = step(s.name, send_all);
	for (size_t i = 0; i < countof(samples); i++) {
		assert_int_equal(next_event(&s, &ev), 1);
		assert_same(&ev, &samples[i]);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(until_gone(&s), 0);
	events_close(&s);
	events_close(&s);
}

static int flooded[2];

/* More than the queue holds: progress may be lost, what follows it may not, and nobody hangs. */
static void flood(void)
{
	struct event ev = { .kind = EV_PROGRESS, .id = "x", .total = 100000 };

	memset(ev.text, 'n', 1000);
	for (ev.done = 0; ev.done < ev.total; ev.done++)
		event_send(&ev);
	if (write(flooded[1], "x", 1) != 1)
		_exit(1);
	event_send(&(struct event){ .kind = EV_DONE, .id = "x" });
}

static void slow_generator(void **state)
{
	struct events s;
	struct err e;
	struct event ev;
	int status;
	size_t got = 0;
	char byte;

	(void)state;
	assert_int_equal(events_open(&s, &e), 0);
	assert_int_equal(pipe(flooded), 0);
	pid_t pid = step(s.name, flood);
	assert_int_equal(next_event(&s, &ev), 1);
	assert_int_equal(read(flooded[0], &byte, 1), 1);
	close(flooded[0]);
	close(flooded[1]);
	for (; ev.kind == EV_PROGRESS; got++)
		assert_int_equal(next_event(&s, &ev), 1);
	assert_int_equal(ev.kind, EV_DONE);
	assert_true(got > 0 && got < 100000);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	events_close(&s);
}

static void wait_for_stop(void)
{
	struct err e = { 0 };
	struct event hello = { .kind = EV_START, .id = "hello" };

	event_send(&hello);
	if (stop_poll(NULL, 0, now_ms() + 10000, &e) >= 0 || e.code != X_INTERRUPTED)
		_exit(1);
	_exit(stop_pending() == SIGHUP && strstr(e.msg, "has ended") ? 42 : 2);
}

static void lifeline_of_the_step(void **state)
{
	struct events s;
	struct err e;
	struct event ev;
	int status;

	(void)state;
	assert_int_equal(events_open(&s, &e), 0);
	pid_t pid = step(s.name, wait_for_stop);
	assert_int_equal(next_event(&s, &ev), 1);
	assert_string_equal(ev.id, "hello");
	events_close(&s);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 42);
}

static void hang(void)
{
	event_send(&(struct event){ .kind = EV_START, .id = "hello" });
	for (;;)
		pause();
}

static void lifeline_of_the_generator(void **state)
{
	struct events s;
	struct err e;
	struct event ev;

	(void)state;
	assert_int_equal(events_open(&s, &e), 0);
	pid_t pid = step(s.name, hang);
	assert_int_equal(next_event(&s, &ev), 1);
	assert_int_equal(s.n, 1);
	kill(pid, SIGKILL);
	assert_int_equal(until_gone(&s), 0);
	waitpid(pid, NULL, 0);
	events_close(&s);
}

static void rubbish_is_cut(void **state)
{
	struct events s;
	struct err e;
	struct event ev;
	int pair[2];
	char byte;

	(void)state;
	assert_int_equal(events_open(&s, &e), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	s.conn = xmalloc(sizeof(int));
	s.conn[0] = pair[0];
	s.n = 1;
	assert_int_equal(send(pair[1], "rubbish", 7, 0), 7);
	assert_int_equal(events_next(&s, &ev), 0);
	assert_int_equal(s.n, 0);
	assert_int_equal(recv(pair[1], &byte, 1, 0), 0);
	close(pair[1]);
	events_close(&s);
}

static void nobody_listens(void **state)
{
	struct err e = { 0 };

	(void)state;
	unsetenv("KTSTR_EVENTS");
	assert_int_equal(event_connect(&e), 0);
	event_send(&samples[0]);
	setenv("KTSTR_EVENTS", "ktstr-nobody-listens-here", 1);
	assert_true(event_connect(&e) < 0);
	assert_int_equal(e.code, X_INTERRUPTED);
	unsetenv("KTSTR_EVENTS");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(longest),
		cmocka_unit_test(no_events),
		cmocka_unit_test(nobody_listens),
		cmocka_unit_test(from_step_to_generator),
		cmocka_unit_test(slow_generator),
		cmocka_unit_test(lifeline_of_the_step),
		cmocka_unit_test(lifeline_of_the_generator),
		cmocka_unit_test(rubbish_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
