/* unpack.c: libarchive reads, we write, relative to descriptors of folders we opened without following links.
 *
 * Why no link can lead out: a member's folders are real ones (O_NOFOLLOW), and a link's target goes up only in front and
 * no further than there are folders above the link. So its first step from a real folder ends in a real folder of the
 * tree, and every name behind it only descends, perhaps through further links of which the same holds. */
#include "fetch/tarball/unpack.h"

#include "base/err.h"
#include "base/mem.h"
#include "text/text.h"
#include "kernel/image/filters.h"
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

enum {
	DEPTH_MAX = 64, /* Linux 6.12 has 13 */
	RATIO_MAX = 200,
	SLACK = 1 << 20,    /* what a few hundred bytes may always become: tar pads with zeros */
	VOID_MAX = 4 << 20, /* bytes from one member's end to the next one's begin */
	SHOWN_MAX = 200,
};

static const uint64_t bytes_max = (uint64_t)8 << 30;
static const uint64_t members_max = 400000;

struct folder {
	int fd;
	char *name;
};

struct out {
	struct unpack *u;
	struct archive *a;
	int root;
	char *top; /* the leading folder; NULL before the first member */
	bool opened;
	uint64_t fed;     /* bytes of the archive */
	bool between;     /* looking for the next member, */
	uint64_t gap;     /* since this byte of the unpacked stream */
	uint64_t folders; /* made without a member of their own asking */
	time_t now;
	struct folder path[DEPTH_MAX]; /* folders of the member before this one, open */
	unsigned depth;
	struct err cause; /* why reading ended; code 0: libarchive knows */
};

/* A member's path, taken apart. */
struct parts {
	char *text;
	const char *v[DEPTH_MAX];
	unsigned n;
};

static void leave(struct out *o, unsigned depth)
{
	while (o->depth > depth) {
		o->depth--;
		close(o->path[o->depth].fd);
		free(o->path[o->depth].name);
	}
}

static void out_drop(struct out *o)
{
	archive_read_free(o->a);
	leave(o, 0);
	free(o->top);
}
#define auto_out __attribute__((unused, cleanup(out_drop)))

static void parts_drop(struct parts *p)
{
	free(p->text);
}
#define auto_parts __attribute__((unused, cleanup(parts_drop)))

static int refuse(const char *name, const char *why, struct err *e)
{
	char buf[SHOWN_MAX];

	return err_set(e, X_BAD_ARCHIVE, "the archive's member %s is refused: %s", text_short(buf, sizeof(buf), name),
		       why);
}

static int unwritten(const char *name, struct err *e)
{
	char buf[SHOWN_MAX];

	return err_sys(e, "unpack %s", text_short(buf, sizeof(buf), name));
}

static int damaged(struct out *o, struct err *e)
{
	const char *why = archive_error_string(o->a);
	char buf[SHOWN_MAX];

	if (o->cause.code) {
		*e = o->cause;
		return -1;
	}
	if (filters_ours(o->a))
		return err_set(e, X_FAIL, "unpack the source: %s", filters_ours(o->a));
	if (!o->fed)
		return err_set(e, X_BAD_ARCHIVE, "the archive is empty");
	return err_set(e, X_BAD_ARCHIVE, "the archive is damaged after %ju members: %s", (uintmax_t)o->u->members,
		       text_short(buf, sizeof(buf), why ? why : "it ends too early"));
}

static bool failed(int r)
{
	return r != ARCHIVE_OK && r != ARCHIVE_WARN;
}

/* What came out so far against what went in; also counts zeros between members, which libarchive skips by itself. */
static int bounded(struct out *o, struct err *e)
{
	uint64_t stream = o->opened ? (uint64_t)archive_filter_bytes(o->a, 0) : 0;
	uint64_t bytes = stream > o->u->bytes ? stream : o->u->bytes;

	if (bytes > o->u->max_bytes)
		return err_set(e, X_BAD_ARCHIVE, "the archive holds more than %ju MB", o->u->max_bytes / 1000000);
	if (bytes > SLACK && (bytes - SLACK) / RATIO_MAX > o->fed)
		return err_set(e, X_BAD_ARCHIVE, "the archive unpacks to more than %d times its size", RATIO_MAX);
	if (o->between && stream - o->gap > VOID_MAX)
		return err_set(e, X_BAD_ARCHIVE, "the archive holds %d MiB without any member", VOID_MAX >> 20);
	return 0;
}

static la_ssize_t feed(struct archive *a, void *ctx, const void **data)
{
	struct out *o = ctx;
	size_t n = 0;

	if (bounded(o, &o->cause) < 0 || o->u->read(o->u->arg, data, &n, &o->cause) < 0) {
		archive_set_error(a, ECANCELED, "stopped");
		return -1;
	}
	o->fed += n;
	return (la_ssize_t)n;
}

static int split(struct parts *p, const char *path, struct err *e)
{
	char *save, *part;

	if (*path == '/')
		return refuse(path, "an absolute path", e);
	if (strlen(path) >= PATH_MAX)
		return refuse(path, "its path is too long", e);
	for (const char *c = path; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return refuse(path, "control characters in its name", e);
	*p = (struct parts){ .text = xstrdup(path) };
	for (part = strtok_r(p->text, "/", &save); part; part = strtok_r(NULL, "/", &save)) {
		if (!strcmp(part, "."))
			continue;
		if (!strcmp(part, ".."))
			return refuse(path, "its path leads out", e);
		if (strlen(part) > NAME_MAX)
			return refuse(path, "its path is too long", e);
		if (p->n == DEPTH_MAX)
			return refuse(path, "folders nested too deep", e);
		p->v[p->n++] = part;
	}
	return 0;
}

/* Takes the leading folder off; the first member says which it is. */
static int below_top(struct out *o, struct parts *p, const char *path, struct err *e)
{
	char buf[SHOWN_MAX];

	if (!p->n)
		return 0;
	if (!o->top)
		o->top = xstrdup(p->v[0]);
	if (strcmp(o->top, p->v[0]) != 0)
		return err_set(
			e, X_BAD_ARCHIVE,
			"the archive's member %s is refused: all members must be in one folder, and others are in %.100s",
			text_short(buf, sizeof(buf), path), o->top);
	p->n--;
	memmove(p->v, p->v + 1, p->n * sizeof(p->v[0]));
	return 0;
}

static int read_path(struct out *o, struct parts *p, const char *path, struct err *e)
{
	return split(p, path, e) < 0 ? -1 : below_top(o, p, path, e);
}

static int open_folder(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int no_folder(const char *path, struct err *e)
{
	if (errno == ELOOP || errno == ENOTDIR)
		return refuse(path, "its path goes through a link or a file", e);
	return unwritten(path, e);
}

static int here(const struct out *o)
{
	return o->depth ? o->path[o->depth - 1].fd : o->root;
}

static int push(struct out *o, const char *name, const char *path, struct err *e)
{
	int fd = open_folder(here(o), name);

	if (fd < 0 && errno == ENOENT) {
		if (++o->folders > o->u->max_members)
			return err_set(e, X_BAD_ARCHIVE, "the archive holds more than %ju folders",
				       (uintmax_t)o->u->max_members);
		if (mkdirat(here(o), name, 0755) < 0)
			return unwritten(path, e);
		fd = open_folder(here(o), name);
	}
	if (fd < 0)
		return no_folder(path, e);
	o->path[o->depth++] = (struct folder){ fd, xstrdup(name) };
	return 0;
}

/* Stands in the folder of the first n parts, made where missing. */
static int enter(struct out *o, const struct parts *p, unsigned n, const char *path, struct err *e)
{
	unsigned same = 0;

	while (same < n && same < o->depth && !strcmp(o->path[same].name, p->v[same]))
		same++;
	leave(o, same);
	while (o->depth < n)
		if (push(o, p->v[o->depth], path, e) < 0)
			return -1;
	return 0;
}

static int copy_data(struct out *o, int fd, const char *path, uint64_t size, struct err *e)
{
	uint64_t end = 0;
	const void *data;
	la_int64_t at;
	size_t n;
	int r;

	while (!failed(r = archive_read_data_block(o->a, &data, &n, &at))) {
		if ((uint64_t)at != end)
			return refuse(path, "a file with holes", e);
		end += n;
		o->u->bytes += n;
		if (end > size)
			return refuse(path, "it is longer than it says", e);
		if (bounded(o, e) < 0)
			return -1;
		for (const char *p = data; n;) {
			ssize_t put = write(fd, p, n);

			if (put < 0 && errno != EINTR)
				return unwritten(path, e);
			p += put > 0 ? put : 0;
			n -= put > 0 ? (size_t)put : 0;
		}
	}
	if (r != ARCHIVE_EOF)
		return damaged(o, e);
	return end == size ? 0 : refuse(path, "it is shorter than it says", e);
}

/* make compares times, so a file from the future would be built again for ever. */
static struct timespec file_time(const struct out *o, struct archive_entry *entry)
{
	time_t t = archive_entry_mtime(entry);

	return (struct timespec){ .tv_sec = t < 0 ? 0 : t > o->now ? o->now : t };
}

static int make_file(struct out *o, struct archive_entry *entry, const char *path, const char *name, struct err *e)
{
	mode_t mode = archive_entry_perm(entry) & 0111 ? 0755 : 0644;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, file_time(o, entry) };
	la_int64_t size = archive_entry_size(entry);
	auto_close int fd = -1;

	if (size < 0 || (uint64_t)size > o->u->max_bytes)
		return refuse(path, "it is too large", e);
	fd = openat(here(o), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
	if (fd < 0)
		return errno == EEXIST ? refuse(path, "it comes twice", e) : unwritten(path, e);
	if (copy_data(o, fd, path, (uint64_t)size, e) < 0)
		return -1;
	if (futimens(fd, times) < 0 || close(TAKE_FD(fd)) < 0)
		return unwritten(path, e);
	return 0;
}

/* Upward steps only in front, and at most depth of them; see the top of the file. */
static bool stays_inside(const char *target, unsigned depth)
{
	bool down = false;

	if (!*target || *target == '/' || strlen(target) >= PATH_MAX)
		return false;
	for (const char *p = target; *p;) {
		size_t n = strcspn(p, "/");

		if (n == 2 && !memcmp(p, "..", 2)) {
			if (down || !depth--)
				return false;
		} else if (n && !(n == 1 && *p == '.')) {
			down = true;
		}
		p += n + strspn(p + n, "/");
	}
	return true;
}

static int make_symlink(struct out *o, struct archive_entry *entry, const char *path, const char *name, struct err *e)
{
	const char *target = archive_entry_symlink(entry);

	if (!target)
		target = archive_entry_symlink_utf8(entry);
	if (!target || !stays_inside(target, o->depth))
		return refuse(path, "a link that leads out", e);
	if (symlinkat(target, here(o), name) < 0)
		return errno == EEXIST ? refuse(path, "it comes twice", e) : unwritten(path, e);
	return 0;
}

/* A further name of a file that came before. Never of a symbolic link: elsewhere its target could mean another place. */
static int make_hardlink(struct out *o, const char *to, const char *path, const char *name, struct err *e)
{
	auto_parts struct parts p = { 0 };
	auto_close int dir = fcntl(o->root, F_DUPFD_CLOEXEC, 3);
	struct stat st;

	if (dir < 0)
		return unwritten(path, e);
	if (read_path(o, &p, to, e) < 0)
		return refuse(path, "a hard link that leads out", e);
	for (unsigned i = 0; i + 1 < p.n; i++) {
		int next = open_folder(dir, p.v[i]);

		if (next < 0)
			return refuse(path, "a hard link to what is not there", e);
		close(dir);
		dir = next;
	}
	if (!p.n || fstatat(dir, p.v[p.n - 1], &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return refuse(path, "a hard link to something that is not a file of the archive", e);
	if (linkat(dir, p.v[p.n - 1], here(o), name, 0) < 0)
		return errno == EEXIST ? refuse(path, "it comes twice", e) : unwritten(path, e);
	return 0;
}

static const char *forbidden(struct archive_entry *entry)
{
	switch (archive_entry_filetype(entry)) {
	case AE_IFDIR: /* one from a group's folder hands the group on, which ours do not */
		return NULL;
	case AE_IFREG:
	case AE_IFLNK:
		return archive_entry_perm(entry) & (S_ISUID | S_ISGID) ? "a set-user-id or set-group-id bit" : NULL;
	case AE_IFCHR:
	case AE_IFBLK:
		return "a device";
	case AE_IFIFO:
		return "a named pipe";
	case AE_IFSOCK:
		return "a socket";
	default:
		return "neither a file nor a folder nor a link";
	}
}

static const char *link_of(struct archive_entry *entry)
{
	const char *to = archive_entry_hardlink(entry);

	return to ? to : archive_entry_hardlink_utf8(entry);
}

static int make_member(struct out *o, struct archive_entry *entry, const char *path, struct err *e)
{
	mode_t type = archive_entry_filetype(entry);
	const char *link = link_of(entry);
	const char *why = link ? NULL : forbidden(entry);
	auto_parts struct parts p = { 0 };

	if (why)
		return refuse(path, why, e);
	if (read_path(o, &p, path, e) < 0)
		return -1;
	if (!link && type == AE_IFDIR)
		return enter(o, &p, p.n, path, e);
	if (!p.n)
		return refuse(path, "a file where the folder of all should be", e);
	if (enter(o, &p, p.n - 1, path, e) < 0)
		return -1;
	if (link)
		return make_hardlink(o, link, path, p.v[p.n - 1], e);
	return (type == AE_IFLNK ? make_symlink : make_file)(o, entry, path, p.v[p.n - 1], e);
}

static int next_member(struct out *o, struct archive_entry *entry, struct err *e)
{
	const char *path = archive_entry_pathname(entry);

	if (!path)
		path = archive_entry_pathname_utf8(entry);
	if (!path || !*path)
		return err_set(e, X_BAD_ARCHIVE, "the archive is damaged: a member without a name");
	if (o->u->members == o->u->max_members)
		return err_set(e, X_BAD_ARCHIVE, "the archive holds more than %ju members",
			       (uintmax_t)o->u->max_members);
	o->u->members++;
	return make_member(o, entry, path, e);
}

static int open_archive(struct out *o, struct err *e)
{
	o->a = archive_read_new();
	filters_add(o->a);
	archive_read_support_format_tar(o->a);
	/* Else everything behind the first end mark would be passed over unseen. */
	if (failed(archive_read_set_format_option(o->a, "tar", "read_concatenated_archives", "1")) ||
	    failed(archive_read_open(o->a, o, NULL, feed, NULL)))
		return damaged(o, e);
	o->opened = true;
	return 0;
}

static int next_header(struct out *o, struct archive_entry **entry)
{
	int r;

	o->gap = (uint64_t)archive_filter_bytes(o->a, 0);
	o->between = true;
	r = archive_read_next_header(o->a, entry);
	o->between = false;
	return r;
}

/* A decompressor stops at the end of its stream; there must be nothing behind it. */
static int at_end(struct out *o, struct err *e)
{
	const void *data;
	size_t n;

	if ((uint64_t)archive_filter_bytes(o->a, -1) != o->fed)
		return err_set(e, X_BAD_ARCHIVE, "the archive is damaged: something follows after its end");
	if (o->u->read(o->u->arg, &data, &n, e) < 0)
		return -1;
	if (n)
		return err_set(e, X_BAD_ARCHIVE, "the archive is damaged: something follows after its end");
	return o->top ? 0 : err_set(e, X_BAD_ARCHIVE, "the archive is empty");
}

int unpack_tree(struct unpack *u, int dir, struct err *e)
{
	auto_out struct out o = { .u = u, .root = dir, .now = time(NULL) };
	struct archive_entry *entry;
	int r;

	u->max_bytes = u->max_bytes ? u->max_bytes : bytes_max;
	u->max_members = u->max_members ? u->max_members : members_max;
	u->members = u->bytes = 0;
	if (open_archive(&o, e) < 0)
		return -1;
	while (!failed(r = next_header(&o, &entry)))
		if (next_member(&o, entry, e) < 0)
			return -1;
	return r == ARCHIVE_EOF ? at_end(&o, e) : damaged(&o, e);
}
