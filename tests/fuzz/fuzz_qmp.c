/* fuzz_qmp.c: any bytes from QEMU's monitor. The first says what is asked of it. */
#include "fuzz.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/still.h"
#include "qmp/qmp.h"

enum { WAIT_MS = 100, HEARS = 50 };

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char greeting[] = "h{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n"
				       "{\"timestamp\": {}, \"event\": \"RESUME\"}\r\n{\"return\": {}}\r\n";
	static const char answer[] = "c{\"event\": \"STOP\"}\r\n{\"return\": [{\"a\": 1}]}\r\n{\"return\": {}}\r\n";
	static const char error[] = "c{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such thing\"}}\r\n";
	static const char owed[] = "p{\"return\": {}}\r\n{\"event\": \"STOP\"}\r\n{\"return\": {\"x\": 2}}\r\n";

	(void)argc, (void)argv;
	fuzz_seed("greeting", greeting, sizeof(greeting) - 1);
	fuzz_seed("answer", answer, sizeof(answer) - 1);
	fuzz_seed("error", error, sizeof(error) - 1);
	fuzz_seed("owed", owed, sizeof(owed) - 1);
	return 0;
}

static int call(struct qmp *q, struct err *e)
{
	auto_free char *reply = NULL;
	int r = qmp_call(q, "query-status", NULL, -1, &reply, now_ms() + WAIT_MS, e);

	MUST(r < 0 || reply);
	return r;
}

/* Everything there is, with an answer owed: each event counts, and only what was asked for is heard. */
static int hear(struct qmp *q, struct err *e)
{
	int r = qmp_post(q, "query-status", e);

	for (int i = 0; r >= 0 && i < HEARS; i++) {
		unsigned events = q->events, owed = q->owed;

		r = qmp_hear(q, now_ms() + WAIT_MS, e);
		if (r == QMP_HEARD)
			MUST((q->events == events + 1) != (owed && q->owed == owed - 1) && q->stops <= q->events);
	}
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct err e = { 0 };
	struct qmp q;
	int pair[2], r = 0;

	if (!n || n > 65536)
		return -1;
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
	qmp_open(&q, pair[0]);
	MUST(n == 1 || send(pair[1], data + 1, n - 1, MSG_DONTWAIT) == (ssize_t)(n - 1));
	MUST(shutdown(pair[1], SHUT_WR) == 0);
	switch (*data) {
	case 'h':
		r = qmp_hello(&q, now_ms() + WAIT_MS, &e);
		break;
	case 'c':
		for (int i = 0; i < HEARS && r == 0; i++)
			r = call(&q, &e);
		break;
	case 'p':
		r = hear(&q, &e);
		break;
	case 'w':
		r = qmp_wait(&q, 0, now_ms() + WAIT_MS, &e);
		break;
	default:
		break;
	}
	if (r < 0)
		must_say_why(&e);
	qmp_close(&q);
	close(pair[1]);
	return 0;
}
