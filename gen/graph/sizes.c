#include "gen/graph/sizes.h"
#include "base/err.h"
#include "base/file.h"
#include "progress/log.h"
#include "base/mem.h"
#include "host/boot_id.h"
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HEAD "ktstr sizes 1 "
#define END "end\n"

enum { SIZES_MAX = 256 << 20, DEPTH_MAX = 16, AHEAD_S = 2 };

/* What is ours and ninja's own, at the folder's top. */
static bool is_own(const char *name)
{
	static const char *const own[] = { "build.ninja", "sizes", "inputs", "lock", "used", "tools" };

	for (size_t i = 0; i < countof(own); i++) {
		if (!strcmp(name, own[i]))
			return true;
	}
	return *name == '.';
}

static void list_folder(FILE *f, int fd, const char *prefix, unsigned depth);

static void list_entry(FILE *f, int dir, const char *prefix, const char *name, unsigned depth)
{
	auto_free char *path = xasprintf("%s%s", prefix, name);
	struct stat st;

	if (strchr(name, '\n') || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISREG(st.st_mode)) {
		fprintf(f, "%jd %jd%09ld %s\n", (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec, st.st_mtim.tv_nsec,
			path);
	} else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
		auto_free char *below = xasprintf("%s/", path);
		int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		if (fd >= 0)
			list_folder(f, fd, below, depth + 1);
	}
}

/* Takes fd over. */
static void list_folder(FILE *f, int fd, const char *prefix, unsigned depth)
{
	DIR *d = fdopendir(fd);

	if (!d) {
		close(fd);
		return;
	}
	for (const struct dirent *ent; (ent = readdir(d));) {
		if (!strcmp(ent->d_name, ".") || !strcmp(ent->d_name, "..") || (!depth && is_own(ent->d_name)))
			continue;
		list_entry(f, dirfd(d), prefix, ent->d_name, depth);
	}
	closedir(d);
}

void sizes_record(int dir)
{
	auto_free char *boot = boot_id_or_none(), *text = NULL;
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct err ignored;
	size_t n;

	if (fd < 0)
		return;
	FILE *f = xmemstream(&text, &n);

	fprintf(f, HEAD "%s\n", boot);
	list_folder(f, fd, "", 0);
	fputs(END, f);
	fclose(f);
	(void)file_write(dir, "sizes", text, n, &ignored);
}

/* Only names below the folder that we list: the file may have been anything. */
static bool is_below(const char *path)
{
	if (is_own(path))
		return false;
	for (const char *c = path;; c++) {
		size_t n = strcspn(c, "/");

		if (!n || (n <= 2 && !strncmp(c, "..", n)))
			return false;
		c += n;
		if (!*c)
			return true;
	}
}

/* The look at all files, and the way down to the folder that was seen last: they stand folder by folder. */
struct look {
	int dir;
	unsigned lost;
	const char *folder;     /* a path that begins with that folder's */
	size_t ends[DEPTH_MAX]; /* of its parts in there */
	int fds[DEPTH_MAX];     /* … open, so that no path is walked for each file */
	unsigned depth;
	time_t now;
};

enum { SEEN, NOT_THERE, CLEARED };

/* What is not of the kind that it was makes room for what was there. */
static int clear(struct look *l, int at, const char *name)
{
	struct err ignored;

	if (rmtree(at, name, &ignored) == 0)
		l->lost++;
	return CLEARED;
}

static int here(const struct look *l)
{
	return l->depth ? l->fds[l->depth - 1] : l->dir;
}

static void leave(struct look *l, unsigned depth)
{
	while (l->depth > depth)
		close(l->fds[--l->depth]);
}

/* One folder further down; a link would lead elsewhere. */
static int enter(struct look *l, const char *path, size_t from, size_t to)
{
	auto_free char *name = xstrndup(path + from, to - from);
	int fd = openat(here(l), name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? clear(l, here(l), name) : NOT_THERE;
	l->fds[l->depth] = fd;
	l->ends[l->depth++] = to;
	return SEEN;
}

/* Of the n characters that name the file's folder, each part. */
static int see_folder(struct look *l, const char *path, size_t n)
{
	unsigned same = 0;
	int r = SEEN;

	while (same < l->depth && l->ends[same] <= n && (l->ends[same] == n || path[l->ends[same]] == '/') &&
	       !memcmp(path, l->folder, l->ends[same]))
		same++;
	leave(l, same);
	l->folder = path;
	for (size_t at = l->depth ? l->ends[l->depth - 1] + 1 : 0; at < n && r == SEEN;) {
		size_t to = at + strcspn(path + at, "/");

		r = l->depth < DEPTH_MAX ? enter(l, path, at, to) : NOT_THERE;
		at = to + 1;
	}
	return r;
}

static int see_file(struct look *l, const char *name, struct stat *st)
{
	if (fstatat(here(l), name, st, AT_SYMLINK_NOFOLLOW) < 0)
		return NOT_THERE;
	return S_ISREG(st->st_mode) ? SEEN : clear(l, here(l), name);
}

/* Whether the file of that line is what it was; one that is not there is ninja's business. */
static bool check_file(struct look *l, const char *line)
{
	char *end;
	intmax_t size = strtoimax(line, &end, 10), mtime;
	struct stat st;

	if (end == line || *end != ' ')
		return false;
	mtime = strtoimax(end + 1, &end, 10);
	if (*end != ' ' || !is_below(end + 1))
		return false;
	const char *path = end + 1, *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	int r = see_folder(l, path, slash ? (size_t)(slash - path) : 0);

	if (r == SEEN)
		r = see_file(l, name, &st);
	if (r != SEEN)
		return r == NOT_THERE;
	/* The clock was set back: what changes now is older than what was made before. */
	if (st.st_mtim.tv_sec > l->now + AHEAD_S) {
		(void)unlinkat(here(l), name, 0);
		return false;
	}
	/* One that is younger was written since, which ninja sees. */
	if (st.st_size == size || mtime != (intmax_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec)
		return true;
	l->lost++;
	(void)unlinkat(here(l), name, 0);
	return false;
}

/* All of them are looked at, whatever is found. */
static bool check_files(int dir, char *text, unsigned *lost)
{
	auto_free char *boot = boot_id_or_none(), *head = xasprintf(HEAD "%s", boot);
	struct look l = { .dir = dir, .now = time(NULL) };
	char *save = NULL, *line = strtok_r(text, "\n", &save);
	bool good = line && !strcmp(line, head);

	while ((line = strtok_r(NULL, "\n", &save)) && strcmp(line, "end") != 0)
		good &= check_file(&l, line);
	leave(&l, 0);
	*lost = l.lost;
	return good && line;
}

bool sizes_check(int dir, const char *path)
{
	auto_free char *text = NULL;
	struct err ignored;
	unsigned lost = 0;

	if (file_read(dir, "sizes", SIZES_MAX, &text, NULL, &ignored) == 0 && check_files(dir, text, &lost))
		return true;
	if (lost)
		log_warn(
			"%u files in %s have lost bytes since they were made, or are files no more: every step is asked again",
			lost, path);
	(void)unlinkat(dir, ".ninja_log", 0);
	return false;
}
