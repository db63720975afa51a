#include "gen/base/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "process/spawn.h"
#include "progress/log.h"
#include "remote/settings.h"
#include "letter/far.h"

enum { LINE_BYTES = 4096, GRACE_MS = 2000, BACKLOG = 4096 };

static struct {
	struct settings settings;
	struct child child;
	int control; /* the settings, and by its end: that is all */
	int told;    /* what it says */
	char line[LINE_BYTES];
	size_t n;
} remote = { .control = -1, .told = -1 };

void remote_settle(void)
{
	settings_take(&remote.settings);
}

/* An abstract address nobody guesses; who knocks is looked at all the same. */
static int listen_here(char name[64], struct err *e)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	uint64_t random = 0;

	if (fd < 0 || random_bytes(&random, sizeof(random)) < 0)
		return err_sys(e, "listen for steps");
	snprintf(name, 64, "ktstr-remote-%d-%016" PRIx64, (int)getpid(), random);
	memcpy(a.sun_path + 1, name, strlen(name));
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));

	if (bind(fd, (struct sockaddr *)&a, size) < 0 || listen(fd, BACKLOG) < 0)
		return err_sys(e, "listen for steps");
	return TAKE_FD(fd);
}

static char *program(struct err *e)
{
	static const char *const places[] = { "ktstr-remote", "../lib/ktstr/ktstr-remote" };
	auto_free char *dir = self_dir(e);

	for (size_t i = 0; dir && i < countof(places); i++) {
		auto_free char *path = xasprintf("%s/%s", dir, places[i]);

		if (file_exists(path))
			return TAKE(path);
	}
	if (dir)
		err_set(e, X_FAIL, "%s/ktstr-remote is missing: build everything with make, or install again", dir);
	return NULL;
}

static int hand_over(int fd, struct err *e)
{
	size_t n;
	char *packed = settings_pack(&remote.settings, &n);
	uint32_t head = (uint32_t)n;
	int rc = 0;

	if (send(fd, &head, sizeof(head), MSG_NOSIGNAL) != sizeof(head) ||
	    send(fd, packed, n, MSG_NOSIGNAL) != (ssize_t)n)
		rc = err_sys(e, "tell ktstr-remote its settings");
	explicit_bzero(packed, n);
	free(packed);
	return rc;
}

static int start(const char *path, int listen, struct err *e)
{
	auto_free char *number = xasprintf("%d", listen);
	const char *const argv[] = { path, number, NULL };
	int pair[2], told[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_sys(e, "socketpair");
	if (pipe2(told, O_CLOEXEC) < 0) {
		close(pair[0]);
		close(pair[1]);
		return err_sys(e, "pipe");
	}
	const struct spawn s = {
		.argv = argv, .in = pair[1], .out = SPAWN_NULL, .err = told[1], .keep = &listen, .n_keep = 1
	};
	int rc = spawn_start(&s, &remote.child, e);

	close(pair[1]);
	close(told[1]);
	remote.control = pair[0];
	remote.told = told[0];
	(void)fcntl(remote.told, F_SETFL, O_NONBLOCK);
	return rc < 0 ? -1 : hand_over(remote.control, e);
}

static void forget(void)
{
	spawn_kill(&remote.child);
	if (remote.control >= 0)
		close(remote.control);
	if (remote.told >= 0)
		close(remote.told);
	remote.control = remote.told = -1;
	unsetenv(FAR_VARIABLE);
}

int remote_begin(struct err *e)
{
	const char *others = getenv(FAR_VARIABLE);
	char name[64];

	if (others && *others)
		return 0;
	if (remote.settings.problem)
		return err_set(e, X_USAGE, "%s", remote.settings.problem);
	if (!remote.settings.url)
		return 0;
	auto_free char *path = program(e);
	auto_close int listen = path ? listen_here(name, e) : -1;

	if (listen < 0)
		return -1;
	if (start(path, listen, e) < 0) {
		forget();
		return -1;
	}
	return setenv(FAR_VARIABLE, name, 1) < 0 ? err_sys(e, "set " FAR_VARIABLE) : 0;
}

void remote_stays(void)
{
	if (remote.control >= 0)
		(void)fcntl(remote.control, F_SETFD, 0);
}

int remote_fd(void)
{
	return remote.told;
}

static void tell_line(const char *line)
{
	static const char warning[] = "warning: ", info[] = "info: ";

	if (!strncmp(line, warning, sizeof(warning) - 1))
		log_warn("%s", line + sizeof(warning) - 1);
	else if (log_level() >= LOG_VERBOSE && !strncmp(line, info, sizeof(info) - 1))
		log_info("%s", line + sizeof(info) - 1);
}

/* False: it has ended. */
static bool read_told(void)
{
	ssize_t n = read(remote.told, remote.line + remote.n, sizeof(remote.line) - 1 - remote.n);
	char *from = remote.line, *end;

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	remote.n += (size_t)n;
	remote.line[remote.n] = '\0';
	while ((end = memchr(from, '\n', remote.n - (size_t)(from - remote.line)))) {
		*end = '\0';
		tell_line(from);
		from = end + 1;
	}
	remote.n -= (size_t)(from - remote.line);
	memmove(remote.line, from, remote.n);
	if (remote.n == sizeof(remote.line) - 1)
		remote.n = 0;
	return true;
}

void remote_tell(void (*before)(void *arg), void *arg)
{
	if (before)
		before(arg);
	if (!read_told()) {
		close(remote.told);
		remote.told = -1;
	}
}

void remote_end(void)
{
	long long deadline = now_ms() + 1000LL * remote.settings.wait_s + GRACE_MS;
	struct err ignored;

	if (remote.child.pid && !stop_pending()) {
		(void)shutdown(remote.control, SHUT_WR);
		while (remote.told >= 0) {
			struct pollfd p = { .fd = remote.told, .events = POLLIN };

			if (stop_poll(&p, 1, deadline, &ignored) <= 0)
				break;
			remote_tell(NULL, NULL);
		}
		int status;

		if (remote.told < 0)
			(void)spawn_wait(&remote.child, now_ms() + GRACE_MS, &status, &ignored);
	}
	if (remote.child.pid || remote.control >= 0)
		forget();
	settings_free(&remote.settings);
}
