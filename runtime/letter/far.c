#include "letter/far.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"
#include "base/syscalls.h"
#include "letter/origin.h"
#include "letter/label.h"
#include "store/store.h"

/* The helper gives up long before (remote/patience.h); this is for one that stands still. */
enum { WAIT_MS = 30 * 60 * 1000, SEND_SECONDS = 5 };

/* An abstract address has no permissions: anybody could have taken it. */
static bool is_ours(int fd)
{
	struct ucred who;
	socklen_t n = sizeof(who);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && (who.uid == geteuid() || who.uid == 0);
}

static int call(void)
{
	const char *name = getenv(FAR_VARIABLE);
	const struct timeval patience = { .tv_sec = SEND_SECONDS };
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t n = name ? strlen(name) : 0;

	if (!n || n > sizeof(a.sun_path) - 1)
		return -1;
	memcpy(a.sun_path + 1, name, n);
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
	    connect(fd, (struct sockaddr *)&a, size) < 0 || !is_ours(fd))
		return -1;
	return TAKE_FD(fd);
}

static bool say(int fd, const char *what, const char *key, const char *more)
{
	char packet[FAR_PACKET];
	int n = snprintf(packet, sizeof(packet), "%s%c%s%c%s", what, 0, key, 0, more);

	return n > 0 && (size_t)n < sizeof(packet) && send(fd, packet, (size_t)n + 1, MSG_NOSIGNAL) == n + 1;
}

/* "hit": *from is where it came from. */
static int answer(int fd, char **from, struct err *e)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char packet[FAR_PACKET];
	int rc = stop_poll(&p, 1, now_ms() + WAIT_MS, e);

	if (rc < 0)
		return -1;
	ssize_t n = rc ? recv(fd, packet, sizeof(packet), MSG_DONTWAIT) : 0;

	if (n < 6 || packet[n - 1] || memcmp(packet, "hit", 4) != 0)
		return FAR_MISS;
	*from = xstrdup(packet + 4);
	return FAR_HIT;
}

/* The label that lies in the draft, which is no file of the result. */
static int take_label(const struct work *w, struct label *r, struct err *e)
{
	auto_free char *text = NULL;
	size_t n;

	if (file_read(w->dir, "origin", LABEL_MAX, &text, &n, e) < 0 || label_parse(r, text, n, e) < 0)
		return -1;
	if (unlinkat(w->dir, "origin", 0) < 0)
		return err_sys(e, "remove the label");
	return strcmp(r->key, w->key) ? err_set(e, X_CHECKSUM, "it is the label of another result") : 0;
}

static bool programs_fit(const struct work *w, const struct label *r)
{
	for (size_t i = 0; i < r->n; i++) {
		struct stat st;

		if (fstatat(w->dir, r->v[i].name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !(st.st_mode & 0111) != !r->v[i].program)
			return false;
	}
	return true;
}

static int take(struct work *w, struct recipe *recipe, const char *from, struct err *e)
{
	auto_label struct label r = { 0 };

	if (take_label(w, &r, e) < 0)
		return -1;
	if (!programs_fit(w, &r))
		return err_set(e, X_CHECKSUM, "its programs are none");
	auto_free char *list = label_content(&r);

	w->origin = origin_of(&r, from);
	if (work_publish_as(w, recipe, list, e) == 0)
		return 0;
	free(TAKE(w->origin));
	return -1;
}

int far_get(struct work *w, struct recipe *r, struct err *e)
{
	auto_close int fd = call();
	auto_free char *from = NULL;
	struct err why = { 0 };
	int rc;

	if (fd < 0 || !say(fd, "get", w->key, w->path))
		return FAR_MISS;
	rc = answer(fd, &from, e);
	if (rc < 0)
		return -1;
	if (rc == FAR_HIT) {
		if (take(w, r, from, &why) == 0)
			return FAR_HIT;
		if (why.code == X_INTERRUPTED) {
			*e = why;
			return -1;
		}
		/* A disk that is full is not the server's doing. */
		bool blamed = why.code == X_BAD_ARCHIVE || why.code == X_CHECKSUM;
		auto_close int again = blamed ? call() : -1;

		if (again >= 0)
			(void)say(again, "bad", w->key, why.msg);
	}
	return work_clear(w, e) < 0 ? -1 : FAR_MISS;
}

void far_put(const struct work *w)
{
	auto_close int fd = call();

	if (fd >= 0)
		(void)say(fd, "put", w->key, w->path);
}
