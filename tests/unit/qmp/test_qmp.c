/* test_qmp.c: a monitor that says what the test wants. */
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
#include "base/stop.h"
#include "qmp/qmp.h"

#define EVENT "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 2}, \"event\": \"STOP\"}\r\n"

struct monitor {
	struct qmp q;
	int other;
};

static void open_monitor(struct monitor *x, const char *says)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	qmp_open(&x->q, pair[0]);
	x->other = pair[1];
	assert_int_equal(write(x->other, says, strlen(says)), strlen(says));
}

static void close_monitor(struct monitor *x)
{
	qmp_close(&x->q);
	qmp_close(&x->q);
	close(x->other);
}

static char *heard(const struct monitor *x)
{
	char *text = xcalloc(1, 4096);

	assert_true(recv(x->other, text, 4095, MSG_DONTWAIT) > 0);
	return text;
}

static void greeting(void **state)
{
	auto_free char *text = NULL;
	struct err e = { 0 };
	struct monitor x;

	(void)state;
	open_monitor(&x, "{\"QMP\": {\"version\": {}, \"capabilities\": [\"oob\"]}}\r\n" EVENT "{\"return\": {}}\r\n");
	assert_int_equal(qmp_hello(&x.q, now_ms() + 5000, &e), 0);
	assert_int_equal(x.q.events, 1);
	text = heard(&x);
	assert_string_equal(text, "{\"execute\":\"qmp_capabilities\"}\n");
	close_monitor(&x);
}

static void answers(void **state)
{
	static const struct {
		const char *says;
		int code; /* 0: *want is the reply; else it is in the error */
		const char *want;
	} cases[] = {
		{ "{\"return\": {}}\r\n", 0, "{}" },
		{ EVENT EVENT "{\"return\": {\"status\": \"a\\\"}\"}}\r\n", 0, "{\"status\": \"a\\\"}\"}" },
		{ "{\"return\":[1,2]}\n", 0, "[1,2]" },
		{ "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}}\r\n", X_VM,
		  "QEMU: cmd: no such thing" },
		{ "{\"error\": {}}\r\n", X_VM, "without a reason" },
		{ "{\"error\": 5}\r\n", X_VM, "without a reason" },
		{ "{\"QMP\": {}}\r\n", X_VM, "unexpected" },
		{ "[]\n", X_VM, "unexpected" },
		{ "{\"return\": }\n", X_VM, "QEMU's monitor" },
		{ "\n", X_VM, "QEMU's monitor" },
		{ "hello\n", X_VM, "QEMU's monitor" },
	};

	(void)state;
	for (size_t i = 0; i < countof(cases); i++) {
		auto_free char *reply = NULL;
		struct err e = { 0 };
		struct monitor x;

		open_monitor(&x, cases[i].says);
		int r = qmp_call(&x.q, "cmd", "{\"a\":1}", -1, &reply, now_ms() + 5000, &e);
		assert_int_equal(e.code, cases[i].code);
		if (cases[i].code == 0) {
			assert_int_equal(r, 0);
			assert_string_equal(reply, cases[i].want);
		} else {
			assert_true(r < 0);
			assert_null(reply);
			if (!strstr(e.msg, cases[i].want))
				fail_msg("case %zu: %s", i, e.msg);
		}
		auto_free char *text = heard(&x);
		assert_string_equal(text, "{\"execute\":\"cmd\",\"arguments\":{\"a\":1}}\n");
		close_monitor(&x);
	}
}

static void silence_and_end(void **state)
{
	struct err e = { 0 };
	struct monitor x;

	(void)state;
	open_monitor(&x, "{\"return\"");
	assert_true(qmp_call(&x.q, "cmd", NULL, -1, NULL, now_ms() + 20, &e) < 0);
	assert_int_equal(e.code, X_TIMEOUT);
	shutdown(x.other, SHUT_RDWR);
	assert_true(qmp_call(&x.q, "cmd", NULL, -1, NULL, now_ms() + 5000, &e) < 0);
	assert_int_equal(e.code, X_VM);
	assert_true(qmp_wait(&x.q, x.q.events, now_ms() + 5000, &e) < 0);
	assert_int_equal(e.code, X_VM);
	close_monitor(&x);
	assert_true(qmp_call(&x.q, "cmd", NULL, -1, NULL, now_ms() + 5000, &e) < 0);
	assert_int_equal(e.code, X_VM);
}

/* An event that overtook the answer counts; one that was there before the question does not. */
static void events(void **state)
{
	struct err e = { 0 };
	struct monitor x;

	(void)state;
	open_monitor(&x, EVENT "{\"return\": {}}\n" EVENT);
	unsigned before = x.q.events;
	assert_int_equal(qmp_call(&x.q, "cmd", NULL, -1, NULL, now_ms() + 5000, &e), 0);
	assert_int_equal(qmp_wait(&x.q, before, now_ms(), &e), 0);
	before = x.q.events;
	assert_int_equal(qmp_wait(&x.q, before, now_ms() + 5000, &e), 0);
	before = x.q.events;
	assert_true(qmp_wait(&x.q, before, now_ms() + 20, &e) < 0);
	assert_int_equal(e.code, X_TIMEOUT);
	close_monitor(&x);
}

static void descriptor(void **state)
{
	char control[CMSG_SPACE(sizeof(int))], text[256];
	struct iovec iov = { text, sizeof(text) };
	struct msghdr m = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)
	};
	struct err e = { 0 };
	struct monitor x;
	int pipefd[2], got;
	char c = 0;

	(void)state;
	assert_int_equal(pipe(pipefd), 0);
	open_monitor(&x, "{\"return\": {}}\n");
	assert_int_equal(qmp_call(&x.q, "getfd", "{}", pipefd[1], NULL, now_ms() + 5000, &e), 0);
	assert_true(recvmsg(x.other, &m, 0) > 0);
	assert_non_null(CMSG_FIRSTHDR(&m));
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(got));
	assert_int_equal(write(got, "x", 1), 1);
	assert_int_equal(read(pipefd[0], &c, 1), 1);
	assert_int_equal(c, 'x');
	close(got);
	close(pipefd[0]);
	close(pipefd[1]);
	close_monitor(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(greeting), cmocka_unit_test(answers),    cmocka_unit_test(silence_and_end),
		cmocka_unit_test(events),   cmocka_unit_test(descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
