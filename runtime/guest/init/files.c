/* files.c: the payload. Small files are written from the board's tray. Of others we make the files and their pages, and the
 * host fills the pages from outside: that is the cheaper way for large ones, and the only one without a board.
 *
 * Every such page is allocated by fallocate() (which also keeps it from being dropped as clean), and its frame number read from
 * /proc/self/pagemap through a mapping of a descriptor that cannot write. Nobody can run a file that is open for writing, and
 * a mapping is not ours alone: khugepaged holds its file while it looks at it, also when we have unmapped it, and lets go of
 * it later still. So the one descriptor that can write is closed before there is a mapping.
 *
 * There is no swap, and the numbers are read again at PUSHED, in case the kernel moved a page. The fewest kernel paths are
 * used, because under emulation the first run of each costs its translation; and a page costs 40 to 90 us there, so that
 * large files have huge ones where the kernel knows them: 100 MB take a sixth of the time. */
#include "guest/init/files.h"
#include "guest/board.h"
#include "guest/init/base/board.h"
#include "guest/init/base/crash.h"
#include "guest/init/base/port.h"
#include "guest/proto.h"
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14 */
#endif

enum {
	PIECE = 256 /* pages of a file at once */,
	UNIT = 4096 /* proto_run's */,
	HUGE_FROM = 4 << 20,
	RUNS_MAX = PROTO_MAX / sizeof(struct proto_run)
};

struct file {
	char *path;
	uint32_t mode;
	const char *const *tray; /* the pages of its content; NULL: the host fills its own */
	void *map;               /* NULL: an empty file, or one from the tray */
	size_t len;
	struct timespec mtime; /* tv_nsec UTIME_OMIT: none of its own */
};

static struct file *files;
static size_t n_files;
static bool waiting; /* between PAGES and PUSHED */
static struct proto_run *runs;
static size_t n_runs, cap_runs;
static uint32_t told; /* CRC of the runs the host was told */

/* Once nothing is written any more. */
static void date(const struct file *f)
{
	const struct timespec t[2] = { { .tv_nsec = UTIME_OMIT }, f->mtime };

	(void)utimensat(AT_FDCWD, f->path, t, 0);
}

/* keep: the files stay; else their memory is needed for the next try. */
static void drop(bool keep)
{
	for (size_t i = 0; i < n_files; i++) {
		if (files[i].map)
			munmap(files[i].map, files[i].len);
		if (!keep)
			unlink(files[i].path);
		else if (files[i].mtime.tv_nsec != UTIME_OMIT)
			date(&files[i]);
		free(files[i].path);
	}
	free(files);
	free(runs);
	files = NULL;
	runs = NULL;
	n_files = n_runs = cap_runs = 0;
	waiting = false;
}

static bool fail(const char *what, const char *path)
{
	port_failed("%s %s: %s", what, path, strerror(errno));
	return false;
}

static bool parents(const char *path)
{
	char dir[PROTO_PATH_MAX + 1];

	snprintf(dir, sizeof dir, "%s", path);
	for (char *p = strchr(dir + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(dir, 0755) < 0 && errno != EEXIST)
			return fail("make folder", dir);
		*p = '/';
	}
	return true;
}

static bool run_add(uint64_t gpa, uint64_t len)
{
	struct proto_run *last = n_runs ? &runs[n_runs - 1] : NULL;

	if (last && last->gpa + last->len == gpa) {
		last->len += len;
		return true;
	}
	if (n_runs == RUNS_MAX)
		return false;
	if (!runs || n_runs == cap_runs) {
		cap_runs = cap_runs ? cap_runs * 2 : 1024;
		runs = reallocarray(runs, cap_runs, sizeof *runs);
		if (!runs)
			die("out of memory for %zu runs of pages", cap_runs);
	}
	runs[n_runs++] = (struct proto_run){ .gpa = gpa, .len = len };
	return true;
}

/* Frame numbers of a mapping: bit 63 of an entry is "present", the low 55 bits are the frame. */
static bool frames_read(const struct file *f)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), left = (f->len + UNIT - 1) / UNIT * UNIT;
	uint64_t at = (uintptr_t)f->map / page * 8, entry[512];
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool ok = fd >= 0;

	while (ok && left) {
		ssize_t got = pread(fd, entry, sizeof entry, (off_t)at);

		ok = got >= 8;
		for (ssize_t i = 0; ok && left && i < got / 8; i++) {
			size_t n = left < page ? left : page;
			uint64_t frame = entry[i] & ((1ull << 55) - 1);

			ok = entry[i] >> 63 && frame && run_add(frame * page, n);
			left -= n;
		}
		at += got > 0 ? (uint64_t)got / 8 * 8 : 0;
	}
	if (fd >= 0)
		close(fd);
	if (!ok)
		port_failed("cannot tell where the pages of %s are", f->path);
	return ok;
}

/* fallocate() is no mapping that could advise, so the whole file system is told. What has none goes on with small ones. */
static void huge_pages(bool on)
{
	(void)mount(NULL, "/", NULL, MS_REMOUNT, on ? "huge=within_size" : "huge=never");
}

static bool allocate(const struct file *f, int fd)
{
	int r;

	if (ftruncate(fd, (off_t)f->len) < 0)
		return fail("size", f->path);
	do
		r = fallocate(fd, 0, 0, (off_t)f->len);
	while (r < 0 && errno == EINTR);
	return r == 0 || fail("allocate", f->path);
}

static bool map(struct file *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return fail("open", f->path);
	f->map = mmap(NULL, f->len, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (f->map == MAP_FAILED) {
		f->map = NULL;
		return fail("map", f->path);
	}
	if (madvise(f->map, f->len, MADV_POPULATE_READ) < 0)
		return fail("map the pages of", f->path);
	return frames_read(f);
}

static bool write_all(const struct file *f, int fd)
{
	size_t done = 0;

	while (done < f->len) {
		struct iovec v[PIECE];
		int k = 0;

		/* What was written of a page is skipped in it. */
		for (size_t at = done; at < f->len && k < PIECE; k++) {
			size_t in = at % BOARD_PAGE, n = BOARD_PAGE - in;

			if (n > f->len - at)
				n = f->len - at;
			v[k] = (struct iovec){ (char *)f->tray[at / BOARD_PAGE] + in, n };
			at += n;
		}
		ssize_t n = writev(fd, v, k);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return fail("write", f->path);
		done += (size_t)n;
	}
	return true;
}

static bool give_content(const struct file *f, int fd)
{
	if (fd < 0)
		return fail("create", f->path);
	if (f->tray)
		return write_all(f, fd);
	return f->len == 0 || allocate(f, fd);
}

static int create(const struct file *f)
{
	return open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, f->mode);
}

static bool make_file(struct file *f)
{
	bool huge = f->len >= HUGE_FROM && !f->tray, ok;
	int fd;

	if (huge)
		huge_pages(true); /* some kernels ask when a file is made, others when it gets its pages */
	fd = create(f);
	if (fd < 0 && errno == ENOENT && parents(f->path))
		fd = create(f);
	if (fd < 0 && errno == EEXIST && unlink(f->path) == 0)
		fd = create(f);
	ok = give_content(f, fd);
	if (fd >= 0)
		close(fd);
	if (huge)
		huge_pages(false);
	return ok && (f->len == 0 || f->tray || map(f));
}

static bool make_link(const char *path, const char *target)
{
	if (!parents(path))
		return false;
	if (unlink(path) < 0 && errno != ENOENT)
		return fail("replace", path);
	return symlink(target, path) == 0 || fail("link", path);
}

/* Looks at the whole manifest before anything is made: is it one, and does it fit? What comes by the tray is little. */
static bool manifest_check(const void *data, size_t n, size_t *count)
{
	uint32_t tray_pages, taken = 0;
	struct proto_file f;
	const char *path, *target;
	struct sysinfo info;
	uint64_t bytes = 0, available = 0;
	bool large = false;
	size_t at = 0;
	int r;

	board_tray(&tray_pages);
	*count = 0;
	while ((r = proto_file_next(data, n, &at, &f, &path, &target)) == PROTO_FRAME) {
		if (target)
			continue;
		if (f.size > 1ull << 40 || (bytes += f.size + UNIT) > 1ull << 40)
			r = -1;
		large |= !board_tray_takes(&taken, tray_pages, f.size);
		if (r < 0)
			break;
		++*count;
	}
	if (r < 0) {
		port_failed("the manifest is damaged");
		return false;
	}
	if (large && sysinfo(&info) == 0)
		available = (uint64_t)info.freeram * info.mem_unit;
	if (available && bytes > available) {
		port_failed("the payload needs %llu MiB and the guest has %llu MiB left",
			    (unsigned long long)(bytes >> 20) + 1, (unsigned long long)available >> 20);
		return false;
	}
	return true;
}

static bool make_all(const void *manifest, size_t n)
{
	char at_path[PROTO_PATH_MAX + 1], to[PROTO_PATH_MAX + 1];
	uint32_t tray_pages, taken = 0, from;
	const char *const *tray = board_tray(&tray_pages), *path, *target;
	struct proto_file f;
	size_t at = 0;

	while (proto_file_next(manifest, n, &at, &f, &path, &target) == PROTO_FRAME) {
		snprintf(at_path, sizeof at_path, "%.*s", (int)f.path_len, path);
		if (target) {
			snprintf(to, sizeof to, "%.*s", (int)f.size, target);
			if (!make_link(at_path, to))
				return false;
			continue;
		}
		struct file *file = &files[n_files++];

		*file = (struct file){ .path = strdup(at_path), .mode = f.mode, .len = (size_t)f.size };
		from = taken;
		if (board_tray_takes(&taken, tray_pages, f.size))
			file->tray = f.size ? tray + from : NULL;
		file->mtime = f.mtime_ns == PROTO_UNDATED
				      ? (struct timespec){ .tv_nsec = UTIME_OMIT }
				      : (struct timespec){ .tv_sec = (time_t)f.mtime_s, .tv_nsec = f.mtime_ns };
		if (!file->path)
			die("out of memory");
		if (!make_file(file))
			return false;
	}
	return true;
}

void files_make(const void *manifest, size_t n)
{
	size_t count;

	if (waiting) {
		port_failed("FILES again before PUSHED");
		return;
	}
	if (!manifest_check(manifest, n, &count))
		return;
	files = calloc(count + 1, sizeof *files);
	if (!files)
		die("out of memory for %zu files", count);
	if (!make_all(manifest, n)) {
		drop(false);
		return;
	}
	if (!n_runs) {
		drop(true);
		port_send(MSG_FILES_OK, NULL, 0);
		return;
	}
	waiting = true;
	told = proto_crc(runs, n_runs * sizeof *runs);
	port_send(MSG_PAGES, runs, n_runs * sizeof *runs);
}

static bool pages_stayed(void)
{
	n_runs = 0;
	for (size_t i = 0; i < n_files; i++)
		if (files[i].map && !frames_read(&files[i]))
			return false;
	if (proto_crc(runs, n_runs * sizeof *runs) == told)
		return true;
	port_failed("the kernel moved pages of the payload while it was written");
	return false;
}

void files_pushed(void)
{
	if (!waiting) {
		port_failed("PUSHED without FILES");
		return;
	}
	if (!pages_stayed()) {
		drop(false);
		return;
	}
	drop(true);
	port_send(MSG_FILES_OK, NULL, 0);
}
