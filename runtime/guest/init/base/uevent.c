/* uevent.c: the kernel's own announcements, instead of looking again and again. */
#include "guest/init/base/uevent.h"
#include <errno.h>
#include <linux/netlink.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int sock = -1;
static char packet[8192];

int uevent_open(void)
{
	struct sockaddr_nl all = { .nl_family = AF_NETLINK, .nl_groups = 1 };

	if (sock >= 0)
		return sock;
	sock = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
	if (sock >= 0 && bind(sock, (struct sockaddr *)&all, sizeof all) < 0) {
		close(sock);
		sock = -1;
	}
	return sock;
}

int uevent_next(const char **what, const char **pairs, size_t *n)
{
	struct sockaddr_nl from = { 0 };
	socklen_t len = sizeof from;
	ssize_t got;
	size_t head;

	if (sock < 0)
		return 0;
	do
		got = recvfrom(sock, packet, sizeof packet - 1, 0, (struct sockaddr *)&from, &len);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? 0 : -1;
	if (from.nl_pid) /* not from the kernel */
		got = 0;
	packet[got] = '\0';
	head = strlen(packet) + 1;
	*what = packet;
	*pairs = packet + head;
	*n = head < (size_t)got ? (size_t)got - head : 0;
	return 1;
}

const char *uevent_get(const char *pairs, size_t n, const char *key)
{
	size_t k = strlen(key);

	for (const char *p = pairs; p < pairs + n; p += strlen(p) + 1)
		if (!strncmp(p, key, k) && p[k] == '=')
			return p + k + 1;
	return NULL;
}
