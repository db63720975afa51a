/* ktstr-remote: the connections to the remote store, for all steps of one run (letter/far.h).
 *
 *   ktstr-remote FD     FD: the listening socket; stdin: the settings' length and the settings, and its end when the run has ended
 *
 * Started by the generator alone. What users are to know is on stderr, a line each (run.h). It ends with what it still has to send, or
 * when the time for that is over, and with the generator in any case. */
#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "fetch/http/handle.h"
#include "remote/helper/queue.h"
#include "remote/helper/run.h"
#include "store/digest.h"
#include "letter/far.h"

enum { SETTINGS_MAX = 1 << 20, FULL_MS = 50, SAY_MS = 1000 };

static struct run run;

static int read_settings(struct err *e)
{
	uint32_t n;

	if (read_full(STDIN_FILENO, &n, sizeof(n)) != sizeof(n) || n > SETTINGS_MAX)
		return err_set(e, X_USAGE, "ktstr-remote is started by ktstr, with its settings on stdin");
	auto_free char *packed = xmalloc(n + 1);

	if (read_full(STDIN_FILENO, packed, n) != (ssize_t)n)
		return err_set(e, X_USAGE, "the settings of the remote store have no end");
	int r = settings_unpack(&run.settings, packed, n, e);

	explicit_bzero(packed, n);
	if (r == 0 && !run.settings.url)
		return err_set(e, X_USAGE, "there is no remote store in its settings");
	return r;
}

static bool is_ours(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}

/* Fields of a packet, in its place; each ends with NUL. */
static bool split(char *packet, size_t n, const char *field[3])
{
	if (!n || packet[n - 1])
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!n)
			return false;
		size_t len = strlen(packet) + 1;

		field[i] = packet;
		packet += len;
		n -= len;
	}
	return !n && strlen(field[1]) == KEY_LEN && strspn(field[1], "0123456789abcdef") == KEY_LEN;
}

static void take(struct queue *q, int client)
{
	const struct timeval patience = { .tv_sec = SAY_MS / 1000 };
	char packet[FAR_PACKET];
	const char *field[3];
	ssize_t n = -1;

	if (is_ours(client) && setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0)
		n = recv(client, packet, sizeof(packet), 0);
	if (n > 0 && split(packet, (size_t)n, field)) {
		if (!strcmp(field[0], "bad")) {
			struct err why;

			err_set(&why, X_CHECKSUM, "%s", field[2]);
			run_wrong(&run, field[1], &why);
		}
		if (!strcmp(field[0], "get")) {
			queue_get(q, field[1], field[2], client);
			return;
		}
		if (!strcmp(field[0], "put") && run.settings.write)
			queue_put(q, field[1], field[2]);
	}
	close(client);
}

/* Until stdin ends. */
static void serve(struct queue *q, int listen)
{
	struct pollfd fds[] = { { .fd = listen, .events = POLLIN }, { .fd = STDIN_FILENO, .events = POLLIN } };

	for (;;) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		/* Steps have ended by then, so what they had to say is there. */
		for (int client; fds[0].revents && (client = accept4(listen, NULL, NULL, SOCK_CLOEXEC)) >= 0;)
			take(q, client);
		/* Too many files are open, so who asks stays in the queue for a while. */
		bool full = fds[0].revents && errno != EAGAIN && errno != EINTR;

		if (fds[1].revents && (full || !fds[0].revents))
			return;
		if (full)
			(void)poll(fds + 1, 1, FULL_MS);
	}
}

static void finish(struct queue *q)
{
	size_t left = queue_drain(q, run_ms() + 1000LL * run.settings.wait_s);

	if (left && run_asks(&run, true))
		run_tell(&run, "warning",
			 "%zu results were not sent to the remote store %s in %u s; KTSTR_REMOTE_CACHE_WAIT=SECONDS "
			 "gives it more time",
			 left, run.shown, run.settings.wait_s);
	run_tell(&run, "info", "remote store %s: %u results came, %u were not there, %u went; %.1f s waited in vain",
		 run.shown, run.count.came, run.count.missed, run.count.went, (double)run.trust.lost_ms / 1000);
}

static int work(const char *number, struct err *e)
{
	struct rlimit files;
	struct queue *q;
	int listen = atoi(number);

	/* One thread a connection of a step that waits, and files of theirs. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	if (read_settings(e) < 0 || http_ready(e) < 0)
		return -1;
	run_init(&run);
	if (queue_open(&q, &run, e) < 0)
		return -1;
	serve(q, listen);
	finish(q);
	return 0;
}

int main(int argc, char **argv)
{
	struct err e = { 0 };

	if (argc != 2) {
		fprintf(stderr, "ktstr-remote is started by ktstr, where KTSTR_REMOTE_CACHE is set\n");
		return X_USAGE;
	}
	if (work(argv[1], &e) < 0) {
		fprintf(stderr, "warning: there is no remote store in this run: %s\n", e.msg);
		return e.code;
	}
	/* Threads that still send end here, in the middle of it. */
	_exit(X_SUCCESS);
}
