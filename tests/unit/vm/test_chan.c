/* test_chan.c: frames over a socket, in pieces, in bulk, and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "guest/proto.h"
#include "vm/chan.h"

struct ends {
	struct chan c;
	int other;
};

static void open_ends(struct ends *x)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	chan_open(&x->c, pair[0]);
	x->other = pair[1];
}

static void close_ends(struct ends *x)
{
	chan_close(&x->c);
	chan_close(&x->c);
	if (x->other >= 0)
		close(x->other);
}

static void put(int fd, const void *data, size_t n)
{
	assert_int_equal(write(fd, data, n), n);
}

static void put_frame(int fd, uint32_t type, const char *text)
{
	struct proto_head h;

	proto_seal(&h, type, text, strlen(text));
	put(fd, &h, sizeof(h));
	put(fd, text, strlen(text));
}

static void whole_frames(void **state)
{
	static const char *const texts[] = { "one", "", "three" };
	struct ends x;
	struct msg m;
	struct err e;

	(void)state;
	open_ends(&x);
	assert_int_equal(chan_next(&x.c, &m, &e), CHAN_EMPTY);
	for (uint32_t i = 0; i < countof(texts); i++)
		put_frame(x.other, i + 1, texts[i]);
	for (uint32_t i = 0; i < countof(texts); i++) {
		assert_int_equal(chan_next(&x.c, &m, &e), CHAN_MSG);
		assert_int_equal(m.type, i + 1);
		assert_int_equal(m.n, strlen(texts[i]));
		assert_memory_equal(m.data, texts[i], m.n);
	}
	assert_int_equal(chan_next(&x.c, &m, &e), CHAN_EMPTY);
	put_frame(x.other, 9, "last words");
	close(x.other);
	x.other = -1;
	assert_int_equal(chan_next(&x.c, &m, &e), CHAN_MSG);
	assert_int_equal(m.type, 9);
	assert_int_equal(chan_next(&x.c, &m, &e), CHAN_EOF);
	assert_int_equal(chan_next(&x.c, &m, &e), CHAN_EOF);
	close_ends(&x);
	assert_int_equal(chan_next(&x.c, &m, &e), CHAN_EOF);
}

static void byte_by_byte(void **state)
{
	struct proto_head h;
	char bytes[sizeof(h) + 5];
	struct ends x;
	struct msg m;
	struct err e;

	(void)state;
	open_ends(&x);
	proto_seal(&h, 4, "hello", 5);
	memcpy(bytes, &h, sizeof(h));
	memcpy(bytes + sizeof(h), "hello", 5);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		assert_int_equal(chan_next(&x.c, &m, &e), CHAN_EMPTY);
		put(x.other, &bytes[i], 1);
	}
	assert_int_equal(chan_next(&x.c, &m, &e), CHAN_MSG);
	assert_int_equal(m.n, 5);
	assert_memory_equal(m.data, "hello", 5);
	close_ends(&x);
}

static void broken(void **state)
{
	static const struct proto_head heads[] = {
		{ .magic = 0x12345678, .type = 1, .len = 0, .crc = 0 },
		{ .magic = PROTO_MAGIC, .type = 1, .len = PROTO_MAX + 1, .crc = 0 },
		{ .magic = PROTO_MAGIC, .type = 1, .len = 0, .crc = 1 },
	};

	(void)state;
	for (size_t i = 0; i < countof(heads); i++) {
		struct ends x;
		struct msg m;
		struct err e = { 0 };

		open_ends(&x);
		put(x.other, &heads[i], sizeof(heads[i]));
		assert_true(chan_next(&x.c, &m, &e) < 0);
		assert_int_equal(e.code, X_VM);
		close_ends(&x);
	}
}

/* The other side says its 4 MiB before it listens to ours: neither fits a socket's buffer. */
static void talkative(int fd)
{
	static char bulk[PROTO_MAX];
	struct chan c;
	struct proto_head h;
	struct msg m;
	struct err e;
	size_t n = 0;
	int r;

	memset(bulk, 'g', sizeof(bulk));
	proto_seal(&h, MSG_LOG, bulk, sizeof(bulk));
	if (write(fd, &h, sizeof(h)) != (ssize_t)sizeof(h))
		_exit(1);
	while (n < sizeof(bulk)) {
		ssize_t done = write(fd, bulk + n, sizeof(bulk) - n);

		if (done <= 0)
			_exit(2);
		n += (size_t)done;
	}
	chan_open(&c, fd);
	while ((r = chan_next(&c, &m, &e)) == CHAN_EMPTY) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (stop_poll(&p, 1, now_ms() + 10000, &e) <= 0)
			_exit(3);
	}
	_exit(r == CHAN_MSG && m.n == PROTO_MAX && ((const char *)m.data)[PROTO_MAX - 1] == 'h' ? 0 : 4);
}

static void both_full(void **state)
{
	auto_free char *bulk = xmalloc(PROTO_MAX);
	struct err e = { 0 };
	struct ends x;
	struct msg m;
	int status;

	(void)state;
	open_ends(&x);
	pid_t pid = fork();
	if (pid == 0) {
		close(x.c.fd);
		talkative(x.other);
	}
	memset(bulk, 'h', PROTO_MAX);
	assert_int_equal(chan_send(&x.c, MSG_FILES, bulk, PROTO_MAX, now_ms() + 10000, &e), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(chan_next(&x.c, &m, &e), CHAN_MSG);
	assert_int_equal(m.n, PROTO_MAX);
	close_ends(&x);
}

static void nobody_reads(void **state)
{
	auto_free char *bulk = xcalloc(1, PROTO_MAX);
	struct err e = { 0 };
	struct ends x;

	(void)state;
	open_ends(&x);
	long long from = now_ms();
	assert_true(chan_send(&x.c, MSG_FILES, bulk, PROTO_MAX, from + 50, &e) < 0);
	assert_int_equal(e.code, X_TIMEOUT);
	assert_in_range(now_ms() - from, 50, 5000);
	assert_true(chan_send(&x.c, MSG_FILES, bulk, PROTO_MAX + 1ul, from + 50, &e) < 0);
	assert_int_equal(e.code, X_FAIL);
	close(x.other);
	x.other = -1;
	assert_true(chan_send(&x.c, MSG_STOP, bulk, 4, now_ms() + 5000, &e) < 0);
	assert_int_equal(e.code, X_VM);
	close_ends(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_frames), cmocka_unit_test(byte_by_byte), cmocka_unit_test(broken),
		cmocka_unit_test(both_full),    cmocka_unit_test(nobody_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
