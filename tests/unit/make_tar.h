/* make_tar.h: source archives for tests, good and hostile, in memory. */
#pragma once
#include "base/mem.h"
#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <sys/stat.h>

struct tar_member {
	const char *path;
	mode_t mode;      /* type and permissions; 0: a file, 0644 */
	const char *data; /* of a file; target of a link */
	bool hard;        /* data is the target of a hard link */
	size_t zeros;     /* so many zero bytes instead of data */
	time_t mtime;     /* 0: 1,700,000,000 */
};

enum { TAR_BLOCK = 512 };

/* One header. libarchive's own writers of tar cannot be linked statically without all it can do. */
static inline void tar_header(FILE *f, const char *path, char type, mode_t mode, const char *link, size_t n,
			      time_t mtime)
{
	char h[TAR_BLOCK] = "";
	unsigned sum = 0;

	strncpy(h, path, 100);
	snprintf(h + 100, 8, "%07o", mode & 07777);
	snprintf(h + 108, 8, "%07o", 4711);
	snprintf(h + 116, 8, "%07o", 4711);
	snprintf(h + 124, 12, "%011zo", n);
	snprintf(h + 136, 12, "%011lo", (unsigned long)mtime);
	memset(h + 148, ' ', 8);
	h[156] = type;
	strncpy(h + 157, link ? link : "", 100);
	memcpy(h + 257,
	       "ustar\0"
	       "00",
	       8);
	for (size_t i = 0; i < sizeof(h); i++)
		sum += (unsigned char)h[i];
	snprintf(h + 148, 8, "%06o", sum);
	fwrite(h, 1, sizeof(h), f);
}

static inline void tar_data(FILE *f, const char *data, size_t n)
{
	for (size_t i = 0; i < (n + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK; i++)
		putc(data && i < n ? data[i] : 0, f);
}

static inline char tar_type(const struct tar_member *m)
{
	if (m->hard)
		return '1';
	switch (m->mode & S_IFMT) {
	case S_IFLNK:
		return '2';
	case S_IFCHR:
		return '3';
	case S_IFBLK:
		return '4';
	case S_IFDIR:
		return '5';
	case S_IFIFO:
		return '6';
	default:
		return '0';
	}
}

static inline void tar_add(FILE *f, const struct tar_member *m)
{
	char type = tar_type(m);
	size_t n = m->zeros ? m->zeros : m->data && type == '0' ? strlen(m->data) : 0;
	time_t mtime = m->mtime ? m->mtime : 1700000000;

	if (strlen(m->path) >= 100) {
		tar_header(f, "././@LongLink", 'L', 0, NULL, strlen(m->path) + 1, 0);
		tar_data(f, m->path, strlen(m->path) + 1);
	}
	tar_header(f, m->path, type, m->mode ? m->mode : 0644, type == '0' ? NULL : m->data, n, mtime);
	tar_data(f, m->zeros ? NULL : m->data, n);
}

/* filter: archive_write_add_filter_xz …. The caller frees. */
static inline void *tar_pack(int (*filter)(struct archive *), const void *tar, size_t size, size_t *n)
{
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	char *buf = xmalloc(size + (1 << 20));

	filter(a);
	archive_write_set_format_raw(a);
	archive_write_set_bytes_in_last_block(a, 1);
	archive_entry_set_filetype(entry, AE_IFREG);
	if (archive_write_open_memory(a, buf, size + (1 << 20), n) != ARCHIVE_OK ||
	    archive_write_header(a, entry) != ARCHIVE_OK || archive_write_data(a, tar, size) != (la_ssize_t)size ||
	    archive_write_close(a) != ARCHIVE_OK)
		abort();
	archive_entry_free(entry);
	archive_write_free(a);
	return buf;
}

/* Members up to one without a path. */
static inline void *make_tar(int (*filter)(struct archive *), const struct tar_member *m, size_t *n)
{
	auto_free char *tar = NULL;
	size_t size;
	FILE *f = xmemstream(&tar, &size);

	for (; m->path; m++)
		tar_add(f, m);
	tar_data(f, NULL, 2 * TAR_BLOCK);
	fclose(f);
	return tar_pack(filter, tar, size, n);
}

/* A kernel in miniature. */
static const struct tar_member small_kernel[] = {
	{ .path = "linux-6.1/", .mode = S_IFDIR | 0775 },
	{ .path = "linux-6.1/Makefile", .data = "VERSION = 6\n" },
	{ .path = "linux-6.1/Kconfig", .data = "" },
	{ .path = "linux-6.1/scripts/run.sh", .mode = S_IFREG | 0775, .data = "#!/bin/sh\n" },
	{ .path = "linux-6.1/arch/x86/Kconfig", .data = "config X86\n" },
	{ .path = "linux-6.1/scripts/dts/x86", .mode = S_IFLNK | 0777, .data = "../../arch/x86" },
	{ .path = "linux-6.1/Documentation/Kconfig", .mode = S_IFLNK | 0777, .data = "../Kconfig" },
	{ .path = "linux-6.1/CREDITS", .mtime = 4000000000 },
	{ 0 },
};
