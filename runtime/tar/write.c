#include "tar/write.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/stop.h"

enum { BLOCK = 512, PIECE = 256 << 10, NAME_BYTES = 99 };

/* What eleven octal digits hold; larger sizes are binary. */
static const uint64_t octal_max = (uint64_t)1 << 33;

struct tar_out {
	struct archive *a;
	int out;
	uint64_t size;
	time_t time;
	bool over;        /* what is still written when it is freed is of no use */
	struct err cause; /* why writing ended; code 0: libarchive knows */
};

static bool failed(int r)
{
	return r != ARCHIVE_OK && r != ARCHIVE_WARN;
}

static la_ssize_t on_write(struct archive *a, void *arg, const void *data, size_t n)
{
	struct tar_out *t = arg;

	if (t->over || write_all(t->out, data, n, "archive", &t->cause) < 0) {
		archive_set_error(a, ECANCELED, "stopped");
		return -1;
	}
	t->size += n;
	return (la_ssize_t)n;
}

static int cannot(struct tar_out *t, struct err *e)
{
	const char *why = archive_error_string(t->a);

	if (!t->cause.code)
		return err_set(e, X_FAIL, "%s", why ? why : "libarchive cannot");
	*e = t->cause;
	return -1;
}

int tar_begin(struct tar_out **t, int out, struct err *e)
{
	struct archive_entry *all = archive_entry_new();
	struct tar_out *new = xcalloc(1, sizeof(*new));

	*t = new;
	new->out = out;
	new->time = time(NULL);
	new->a = archive_write_new();
	archive_entry_set_filetype(all, AE_IFREG);
	bool bad = failed(archive_write_add_filter_zstd(new->a)) ||
		   failed(archive_write_set_filter_option(new->a, "zstd", "compression-level", "3")) ||
		   failed(archive_write_set_format_raw(new->a)) ||
		   failed(archive_write_set_bytes_in_last_block(new->a, 1)) ||
		   failed(archive_write_open(new->a, new, NULL, on_write, NULL)) ||
		   failed(archive_write_header(new->a, all));

	archive_entry_free(all);
	return bad ? cannot(new, e) : 0;
}

int tar_bytes(struct tar_out *t, const void *data, size_t n, struct err *e)
{
	return archive_write_data(t->a, data, n) == (la_ssize_t)n ? 0 : cannot(t, e);
}

int tar_pad(struct tar_out *t, uint64_t size, struct err *e)
{
	static const char zeros[BLOCK];

	return tar_bytes(t, zeros, (BLOCK - size % BLOCK) % BLOCK, e);
}

static void put_size(char field[12], uint64_t size)
{
	if (size < octal_max) {
		snprintf(field, 12, "%011llo", (unsigned long long)size);
		return;
	}
	field[0] = (char)0x80;
	for (int i = 11; i > 0; i--, size >>= 8)
		field[i] = (char)(size & 0xff);
}

int tar_header(struct tar_out *t, const char *name, uint64_t size, bool executable, struct err *e)
{
	char h[BLOCK] = "";
	unsigned sum = 0;

	if (strlen(name) > NAME_BYTES)
		return err_set(e, X_FAIL, "%s is too long", name);
	memcpy(h, name, strlen(name));
	snprintf(h + 100, 8, "%07o", executable ? 0755 : 0644);
	snprintf(h + 108, 8, "%07o", 0);
	snprintf(h + 116, 8, "%07o", 0);
	put_size(h + 124, size);
	snprintf(h + 136, 12, "%011llo", (unsigned long long)t->time);
	memset(h + 148, ' ', 8);
	h[156] = '0';
	memcpy(h + 257, "ustar  ", 8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 7, "%06o", sum);
	return tar_bytes(t, h, sizeof(h), e);
}

int tar_text(struct tar_out *t, const char *name, const void *data, size_t n, struct err *e)
{
	if (tar_header(t, name, n, false, e) < 0 || tar_bytes(t, data, n, e) < 0)
		return -1;
	return tar_pad(t, n, e);
}

int tar_file(struct tar_out *t, const char *name, int fd, uint64_t size, bool executable, const char *what,
	     struct err *e)
{
	auto_free char *piece = xmalloc(PIECE);

	if (tar_header(t, name, size, executable, e) < 0)
		return -1;
	for (uint64_t left = size; left;) {
		ssize_t n = read(fd, piece, left < PIECE ? (size_t)left : PIECE);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? err_sys(e, "read %s", what)
				     : err_set(e, X_FAIL, "%s became shorter while it was read", what);
		if (tar_bytes(t, piece, (size_t)n, e) < 0)
			return -1;
		left -= (uint64_t)n;
		if (stop_pending())
			return stop_err(e);
	}
	return tar_pad(t, size, e);
}

int tar_end(struct tar_out *t, uint64_t *size, struct err *e)
{
	static const char end[2 * BLOCK];

	if (tar_bytes(t, end, sizeof(end), e) < 0)
		return -1;
	if (failed(archive_write_close(t->a)))
		return cannot(t, e);
	*size = t->size;
	return 0;
}

void tar_free(struct tar_out *t)
{
	if (!t)
		return;
	t->over = true;
	archive_write_free(t->a);
	free(t);
}
