#include "progress/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "base/err.h"
#include "system/kill.h"
#include "base/mem.h"
#include "base/stop.h"

enum { LAST_WORDS_MS = 1000 };

static struct {
	FILE *f;
	int fd;
} standard[] = { { NULL, STDOUT_FILENO }, { NULL, STDERR_FILENO } };

static bool wait_for_room(int fd)
{
	static long long until; /* once we were told to stop */
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	struct err e;

	if (!until && stop_poll(&p, 1, -1, &e) > 0)
		return true;
	if (!until)
		until = now_ms() + LAST_WORDS_MS;
	long long left = until - now_ms();

	return left > 0 && poll_fds(&p, 1, (int)left) > 0;
}

static ssize_t put(void *cookie, const char *data, size_t n)
{
	int fd = *(int *)cookie;
	size_t done = 0;

	while (done < n) {
		ssize_t r = write(fd, data + done, n - done);

		if (r >= 0)
			done += (size_t)r;
		else if (errno != EINTR && (errno != EAGAIN || !wait_for_room(fd)))
			break;
	}
	return (ssize_t)done; /* fewer than n: stdio notes the error */
}

void stream_init(void)
{
	FILE **const places[] = { &stdout, &stderr };
	const cookie_io_functions_t calls = { .write = put };

	for (size_t i = 0; i < countof(standard); i++) {
		if (standard[i].f)
			continue;
		standard[i].f = fopencookie(&standard[i].fd, "w", calls);
		if (!standard[i].f)
			continue;
		fflush(*places[i]);
		*places[i] = standard[i].f;
	}
	if (isatty(STDOUT_FILENO))
		setvbuf(stdout, NULL, _IOLBF, 0);
	setvbuf(stderr, NULL, _IONBF, 0);
}

int stream_fd(FILE *f)
{
	for (size_t i = 0; i < countof(standard); i++) {
		if (f == standard[i].f)
			return standard[i].fd;
	}
	return fileno(f);
}
