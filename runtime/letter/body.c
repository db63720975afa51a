#include "letter/body.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/stop.h"

enum { SPARSE_FROM = 1 << 20, CHUNK = 256 << 10, BLOCK = 512 };

static void append(struct body *b, const struct body_piece *p)
{
	b->v = xreallocarray(b->v, b->n + 1, sizeof(*b->v));
	b->v[b->n++] = *p;
	b->size += p->n;
}

void body_text(struct body *b, const void *data, size_t n)
{
	append(b, &(struct body_piece){ .mem = xmemdup(data, n + 1 - !!n), .fd = -1, .n = n });
}

static void add_run(struct body *b, int fd, uint64_t at, uint64_t n)
{
	const uint64_t head[] = { htole64(at), htole64(n) };

	body_text(b, head, sizeof(head));
	append(b, &(struct body_piece){ .fd = fd, .at = at, .n = n });
}

static int add_runs(struct body *b, int fd, const char *name, uint64_t size, struct err *e)
{
	for (uint64_t at = 0; at < size;) {
		off_t data = lseek(fd, (off_t)at, SEEK_DATA);
		off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);

		if (data < 0 && errno == ENXIO)
			return 0;
		if (data < 0 || hole <= data)
			return err_sys(e, "look for holes in %s", name);
		if ((uint64_t)hole > size)
			hole = (off_t)size;
		if (hole > data)
			add_run(b, fd, (uint64_t)data, (uint64_t)(hole - data));
		at = (uint64_t)hole;
	}
	return 0;
}

int body_file(struct body *b, int dir, const char *name, bool sparse, struct err *e)
{
	auto_close int fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_sys(e, "open %s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, X_FAIL, "%s is no file", name);
	b->fds = xreallocarray(b->fds, b->n_fds + 1, sizeof(*b->fds));
	b->fds[b->n_fds++] = fd;
	int own = TAKE_FD(fd);

	if (sparse)
		return add_runs(b, own, name, (uint64_t)st.st_size, e);
	append(b, &(struct body_piece){ .fd = own, .n = (uint64_t)st.st_size });
	return 0;
}

bool body_is_sparse(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size >= SPARSE_FROM &&
	       (uint64_t)st.st_blocks * BLOCK < (uint64_t)st.st_size / 8 * 7;
}

/* The piece that has offset at; the end: b->n. */
static void seek(struct body *b, uint64_t at)
{
	if (at < b->next_at)
		b->next = b->next_at = 0;
	while (b->next < b->n && at >= b->next_at + b->v[b->next].n)
		b->next_at += b->v[b->next++].n;
}

static ssize_t read_piece(const struct body_piece *p, uint64_t at, void *to, size_t n, struct err *e)
{
	ssize_t got;

	if (n > p->n - at)
		n = (size_t)(p->n - at);
	if (p->mem) {
		memcpy(to, p->mem + at, n);
		return (ssize_t)n;
	}
	do
		got = pread(p->fd, to, n, (off_t)(p->at + at));
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return err_sys(e, "read what is to be sent");
	return got ? got : err_set(e, X_FAIL, "a file to send became shorter meanwhile");
}

ssize_t body_read(struct body *b, uint64_t at, void *to, size_t n, struct err *e)
{
	size_t done = 0;

	while (done < n) {
		seek(b, at + done);
		if (b->next == b->n)
			break;
		ssize_t got = read_piece(&b->v[b->next], at + done - b->next_at, (char *)to + done, n - done, e);

		if (got < 0)
			return -1;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

int body_sum(struct body *b, char hex[KEY_LEN + 1], struct err *e)
{
	auto_free char *chunk = xmalloc(CHUNK);
	struct sha sum;

	sha_begin(&sum);
	for (uint64_t at = 0; at < b->size;) {
		ssize_t got = body_read(b, at, chunk, CHUNK, e);

		if (got < 0)
			return -1;
		if (stop_pending())
			return stop_err(e);
		sha_add(&sum, chunk, (size_t)got);
		at += (uint64_t)got;
	}
	sha_end(&sum, hex);
	return 0;
}

void body_free(struct body *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->v[i].mem);
	for (size_t i = 0; i < b->n_fds; i++)
		close(b->fds[i]);
	free(b->v);
	free(b->fds);
	*b = (struct body){ 0 };
}
