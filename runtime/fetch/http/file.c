/* file.c: file URLs, read by us: libcurl would wait for a named pipe and take a folder for an empty file. */
#include "fetch/http/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"
#include "fetch/http/state.h"

enum { PIECE = 256 * 1024 };

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "file:///a%20b" and "file://localhost/a%20b" are "/a b"; NULL for anything else. */
static char *url_path(const char *url)
{
	const char *p = url + strlen("file:");

	if (strncmp(p, "//", 2) != 0)
		return NULL;
	p += 2;
	if (!strncasecmp(p, "localhost/", 10))
		p += 9;
	if (*p != '/')
		return NULL;
	auto_free char *path = xmalloc(strlen(p) + 1);
	size_t n = 0;

	for (; *p; p++) {
		int high = *p == '%' ? hex(p[1]) : -1;
		int low = high >= 0 ? hex(p[2]) : -1;

		if (*p == '%' && (low < 0 || (high | low) == 0))
			return NULL;
		path[n++] = (char)(*p == '%' ? high << 4 | low : *p);
		p += *p == '%' ? 2 : 0;
	}
	path[n] = '\0';
	return TAKE(path);
}

static int open_file(const struct http_state *s, int *fd, struct stat *st, struct err *e)
{
	auto_free char *path = url_path(s->h->url);

	if (!path)
		return err_set(e, X_USAGE, "'%s' is not a file URL like file:///srv/mirror/x", s->shown);
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0 || fstat(*fd, st) < 0) {
		int no = errno;

		err_sys(e, "fetch %s", s->shown);
		e->code = no == ENOENT || no == ENOTDIR ? X_NO_INPUT : X_NETWORK;
		return -1;
	}
	if (!S_ISREG(st->st_mode))
		return err_set(e, X_NETWORK, "fetch %s: not a regular file", s->shown);
	return 0;
}

static int read_all(struct http_state *s, int fd, uint64_t size, struct err *e)
{
	auto_free char *piece = xmalloc(PIECE);
	ssize_t n;

	while ((n = read(fd, piece, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err_sys(e, "fetch %s", s->shown);
			return err_as(e, X_NETWORK, "read");
		}
		if (http_piece(s, piece, (size_t)n, e) < 0)
			return -1;
		if (stop_pending())
			return stop_err(e);
	}
	if (s->at != size)
		return err_set(e, X_NETWORK, "fetch %s: the file changed meanwhile", s->shown);
	return 0;
}

int http_file(struct http_state *s, struct err *e)
{
	auto_close int fd = -1;
	struct stat st;

	if (open_file(s, &fd, &st, e) < 0)
		return -1;
	auto_free char *tag =
		xasprintf("%lld.%09ld-%lld", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, (long long)st.st_size);
	const struct http_head head = { .type = "", .tag = tag };
	uint64_t size = (uint64_t)st.st_size;
	bool same = s->blind || (s->tag && !strcmp(s->tag, tag));
	uint64_t from = same && s->at <= size ? s->at : 0;

	if (lseek(fd, (off_t)from, SEEK_SET) < 0)
		return err_sys(e, "fetch %s", s->shown);
	return http_begin(s, &head, from, size, e) < 0 ? -1 : read_all(s, fd, size, e);
}
