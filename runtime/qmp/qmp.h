/* qmp.h: the few QEMU monitor commands we need, over a connected socket. Replies are parsed as hostile JSON. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
struct err;

struct qmp {
	int fd; /* -1: closed */
	char *buf;
	size_t n, cap;
	unsigned events; /* seen so far; they are skipped */
	unsigned stops;  /* of them: STOP */
	unsigned owed;   /* answers to what was posted that have not come */
};

void qmp_open(struct qmp *q, int fd); /* takes the descriptor */
void qmp_close(struct qmp *q);
/* Greeting and qmp_capabilities. */
int qmp_hello(struct qmp *q, long long deadline, struct err *e);
/* Sends {"execute":cmd,"arguments":args}; args is JSON text or NULL. fd >= 0 is passed along (getfd). Waits for the
 * reply, skipping events. *reply (may be NULL): text of the "return" value, the caller's. A QEMU error is an error
 * with its words. */
int qmp_call(struct qmp *q, const char *cmd, const char *args, int fd, char **reply, long long deadline, struct err *e);
/* Sends a command without arguments, and does not wait: its answer is skipped when it comes. */
int qmp_post(struct qmp *q, const char *cmd, struct err *e);
enum { QMP_NOTHING = 0, QMP_HEARD = 1 };
/* One event or owed answer, or nothing until the deadline. */
int qmp_hear(struct qmp *q, long long deadline, struct err *e);
/* Until QEMU has sent more events than q->events was. An answer may overtake the events before it and be overtaken by
 * those after it, so who waits for a state notes the count, asks, and waits for more than what was noted. */
int qmp_wait(struct qmp *q, unsigned events, long long deadline, struct err *e);
